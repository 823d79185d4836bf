"""What tells the classes apart without the lungs: an image's border, grey levels, outline, file and source.

A probe is a logistic regression on one of these. It learns from the training patients and is judged on the test
patients, as the classifiers are; where it is as good, they may tell where an image comes from instead of the disease.
"""

import numpy as np
import pandas as pd
from PIL import Image

from chestgan.images.image_set import ImageSet
from chestgan.study import intervals, jackknife
from chestgan.study.arms import REAL
from chestgan.study.labels import probe_label
from chestgan.study.sources import are_known
from chestgan.study.verdict import listed
from chestgan.study.weighted_scores import weighted_roc_auc

COLUMNS = ["probe", "n_train_images", "n_test_images", "n_test_patients", "roc_auc", "roc_auc_low", "roc_auc_high"]
# a better probe is named, however good the classifiers are
NEAR = 0.9
_GREY_BINS = 32
_THUMBNAIL_SIDE = 16
# of images shrunk to the one side the outer pixels: a tenth, which a few hundred images suffice to learn from
_BORDER_SIDE = 32
_BORDER_WIDTH = 3
# of the regression; of 1, 0.1, 0.01 and 0.001 among the best for every probe on the validation patients of X-rays
_INVERSE_PENALTY = 0.1


def probe_table(real: ImageSet, positive_class: str, confidence: float) -> pd.DataFrame:
    """Measure how well each probe tells the positive class of the test patients from the others.

    Args:
        real: the images of all splits: patient, label, split, and what `features` reads.
        positive_class: of the study.
        confidence: of the intervals; they are over patients, for a regression has no chance of its own.

    Returns:
        `COLUMNS`, a row for each probe; none where the training or the test patients don't have both kinds of images.
        There is no interval (nan) where either kind is of one test patient.
    """
    used = real.manifest["split"].isin(["train", "test"]).to_numpy()
    images = ImageSet(real.images[used], real.manifest[used].reset_index(drop=True))
    truth = (images.manifest["label"] == positive_class).to_numpy()
    of_test = (images.manifest["split"] == "test").to_numpy()
    if any(truth[part].all() or not truth[part].any() for part in (of_test, ~of_test)):
        return pd.DataFrame(columns=COLUMNS)
    patients = images.manifest["patient"].to_numpy()[of_test]
    counts = [(~of_test).sum(), of_test.sum(), len(np.unique(patients))]
    rows = []
    for name, values in features(images).items():
        told = _regress(values[~of_test], truth[~of_test], values[of_test])
        rows.append([name, *counts, *_roc_auc(told, truth[of_test], patients, confidence)])
    return pd.DataFrame(rows, columns=COLUMNS)


def caveats(probes: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Name the probes that come near the classifiers: better than chance, and in or above the interval of the arm real
    or above `NEAR`.

    Args:
        probes: from `probe_table`.
        table: the arms with `roc_auc_mean` and `roc_auc_low`.
    """
    of_real = table[table["arm"] == REAL]
    like_real = probes["roc_auc"] >= of_real["roc_auc_low"].min()
    near = probes[(probes["roc_auc_low"] > 0.5) & (like_real | (probes["roc_auc"] > NEAR))]
    if not len(near):
        return []
    told = (f"{row.roc_auc:.2f} by {probe_label(row.probe)}" for row in near.itertuples())
    beside = f" (classifiers of real images: {of_real['roc_auc_mean'].iloc[0]:.2f})" if len(of_real) else ""
    return [
        f"Logistic regression tells the classes with a ROC AUC of {listed(told)}{beside}, so a classifier need not "
        "look at the lungs and may tell where an image comes from instead of the disease."
    ]


def features(images: ImageSet) -> dict[str, np.ndarray]:
    """Read what each probe sees of the images.

    The manifest's original_width, original_height and source are read where every image has the sizes, and any the
    source.

    Returns:
        By probe (N, D) float64.
    """
    outlines, manifest = _shrunk(images.images, _BORDER_SIDE), images.manifest
    border = np.ones(outlines.shape[1:], dtype=bool)
    border[_BORDER_WIDTH:-_BORDER_WIDTH, _BORDER_WIDTH:-_BORDER_WIDTH] = False
    greys = [np.bincount(image.ravel() // (256 // _GREY_BINS), minlength=_GREY_BINS) for image in images.images]
    seen = {
        "border": outlines[:, border].astype(float),
        "histogram": np.array(greys, dtype=float),
        "thumbnail": _shrunk(images.images, _THUMBNAIL_SIDE).reshape(len(images), -1).astype(float),
    }
    sides = manifest.reindex(columns=["original_width", "original_height"]).apply(pd.to_numeric, errors="coerce")
    if (sides > 0).all(axis=None):
        width, height = sides.to_numpy(dtype=float).T
        seen["size"] = np.column_stack([np.log(width), np.log(height), width / height])
    if are_known(manifest):
        seen["source"] = pd.get_dummies(manifest["source"]).to_numpy(dtype=float)
    return seen


def _shrunk(images: np.ndarray, side: int) -> np.ndarray:
    """Shrink (N, H, W) uint8 images to at most this side, each pixel the mean of those that it stands for."""
    height, width = (min(side, full) for full in images.shape[1:])
    boxes = (Image.fromarray(image).resize((width, height), Image.Resampling.BOX) for image in images)
    return np.stack([np.asarray(box) for box in boxes])


def _regress(train: np.ndarray, truth: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Fit (N, D) features to (N,) bool and compute the logit of (M, D) others: (M,) float64."""
    # here, for scikit-learn takes longer to import than what else summarises a study
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = LogisticRegression(C=_INVERSE_PENALTY, max_iter=10_000)
    return make_pipeline(StandardScaler(), regression).fit(train, truth).decision_function(test)


def _roc_auc(logits: np.ndarray, truth: np.ndarray, patients: np.ndarray, confidence: float) -> tuple[float, ...]:
    """Compute the area under the ROC curve and both ends of its interval over patients."""
    left_out = jackknife.leave_out(patients, truth)
    weightings = np.vstack([np.ones(len(truth)), left_out.weights])
    every, *without = (weighted_roc_auc(truth, logits, weights[None]).item() for weights in weightings)
    estimate = intervals.of_one(every, np.array(without), left_out.stratum)
    n_patients = min(len(np.unique(patients[truth == kind])) for kind in (True, False))
    return every, *intervals.score_interval(estimate, confidence, n_patients)
