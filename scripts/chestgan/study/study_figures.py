"""Every figure of a study, by the name of its file."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from chestgan.images.image_set import ImageSet
from chestgan.study import (
    arm_figures,
    bootstrap,
    generator_figures,
    net_benefit,
    patients_figure,
    probability_figures,
    roc_bands,
    sample_figure,
    sources,
)
from chestgan.study.arm_figures import Curve
from chestgan.study.arms import ARM
from chestgan.study.forest_figure import forest
from chestgan.study.inputs import Runs
from chestgan.study.labels import extractor_label, score_label
from chestgan.study.sample_figure import Block

N_COLUMNS = 6
# of the band of a ROC curve; a drawing needs no more
_N_RESAMPLES = 500


def of_arms(runs: Runs, table: pd.DataFrame, primary_score: str, confidence: float, seed: int) -> dict[str, Figure]:
    """Draw the differences, the ROC curves and the scores of the arms."""
    of = f"on {sources.images_and_patients(runs.test)}"
    rest = next(label for label in runs.classes if label != runs.positive_class)
    rest = rest if len(runs.classes) == 2 else "all others"
    of_curves = (
        f"ROC curves of {runs.positive_class} against {rest} {of}; line: mean over seeds, thin lines: seeds, "
        f"band: {100 * confidence:g} % over patients"
    )
    of_scores = (
        f"Scores of {runs.positive_class} {of}; point: one seed, bar: mean over seeds, dotted line: mean of real images"
    )
    positive = runs.scores[runs.scores["label"] == runs.positive_class]
    return {
        "forest": forest(table, primary_score, confidence),
        "roc": arm_figures.roc(roc_curves(runs, table, confidence, seed), of_curves),
        "scores": arm_figures.scores(positive, table, primary_score, of_scores),
    }


def of_probabilities(
    calibrated: Sequence[dict[str, Any]], decided: Sequence[dict[str, Any]], runs: Runs
) -> dict[str, Figure]:
    """Draw the calibration and the decision curves of the arms.

    Args:
        calibrated: from `calibration.calibration`.
        decided: from `net_benefit.decision_curves`.
        runs: of the arms.
    """
    of = f"for {runs.positive_class} on {sources.images_and_patients(runs.test)}"
    of_calibration = f"Calibration {of}, over all seeds; dotted: perfect"
    of_decisions = f"Net benefit {of}; mean over the seeds; dotted: call all images positive, or none"
    of_all = net_benefit.of_calling_all((runs.test["label"] == runs.positive_class).to_numpy())
    return {
        "calibration": probability_figures.calibration(calibrated, of_calibration),
        "decisions": probability_figures.decisions(decided, of_all, of_decisions),
    }


def roc_curves(runs: Runs, table: pd.DataFrame, confidence: float, seed: int) -> list[Curve]:
    """Compute the ROC curves of every arm: of each seed, and the band over patients of their mean."""
    # here, for it brings scikit-learn, which takes longer to import than all else
    from chestgan.metrics.scores import roc_on_grid

    truth = (runs.test["label"] == runs.positive_class).to_numpy()
    patients, labels = runs.test["patient"].to_numpy(), runs.test["label"].to_numpy()
    weights = bootstrap.patient_bootstrap(patients, labels, _N_RESAMPLES, seed)
    rows = runs.table.groupby(ARM, sort=False).indices
    curves = []
    for arm, generator, auc in table[[*ARM, "roc_auc_mean"]].itertuples(index=False, name=None):
        probabilities = runs.probabilities[rows[arm, generator]]
        false_positive, rates = roc_on_grid(truth, probabilities)
        low, high = roc_bands.mean_roc_band(truth, probabilities, weights, false_positive[1:], confidence)
        # as the curves, which begin at (0, 0)
        band = (np.concatenate([[0.0], end]) for end in (low, high))
        curves.append(Curve(arm, generator, auc, false_positive, rates, *band))
    return curves


def of_generators(distances: pd.DataFrame, diversity: pd.DataFrame, histories: pd.DataFrame) -> dict[str, Figure]:
    """Draw the distances and the diversity of the generators by the first extractor, and their trainings."""
    extractor = distances["extractor"].iloc[0]
    features = f"features of {extractor_label(extractor)}"
    by_first = [table[table["extractor"] == extractor] for table in (distances, diversity)]
    to_test = by_first[0][by_first[0]["reference"] == "test"]
    of_distances = f"Distances of synthetic images to the test patients by {features}"
    of_diversity = f"Diversity of synthetic images by {features}, and by MS-SSIM"
    of_training = "Distance to the validation patients; line: mean over the seeds, shade: range"
    drawn = {
        "distances": generator_figures.distances(to_test, of_distances),
        "diversity": generator_figures.diversity(by_first[1], of_diversity),
    }
    # where all generators were imported there is none
    return drawn | ({"training": generator_figures.training(histories, of_training)} if len(histories) else {})


def of_fractions(table: pd.DataFrame, runs: Runs, primary_score: str, confidence: float) -> dict[str, Figure]:
    """Draw the scores over the number of real training patients; nothing of a study with one number of them."""
    if table.empty:
        return {}
    title = (
        f"{score_label(primary_score)} of {runs.positive_class} over the real training patients, on "
        f"{sources.images_and_patients(runs.test)}; point: mean over seeds, line: {100 * confidence:g} % interval"
    )
    return {"patients": patients_figure.patients(table, primary_score, title)}


def of_samples(real: ImageSet, synthetic: dict[str, tuple[int, ImageSet]], seed: int) -> dict[str, Figure]:
    """Draw real training images, each of another patient at random, beside the first images of every generator."""
    rows = one_a_patient(real, seed)
    blocks = [Block("real training patients", first_images(real, rows, real.classes, N_COLUMNS))]
    for generator, (training_seed, images) in synthetic.items():
        chosen = first_images(images, images.manifest, real.classes, N_COLUMNS)
        blocks.append(Block(f"{generator}, seed {training_seed}", chosen))
    title = "Real training images, and each generator's first ones: one row per class, none picked"
    return {"samples": sample_figure.samples(blocks, real.classes, title)}


def one_a_patient(real: ImageSet, seed: int) -> pd.DataFrame:
    """Shuffle the training images; a second image of a patient comes after the first ones of all."""
    train = real.manifest[real.manifest["split"] == "train"].sample(frac=1, random_state=seed)
    patients_first = train.groupby(["label", "patient"]).cumcount().sort_values(kind="stable").index
    return train.loc[patients_first]


def first_images(images: ImageSet, rows: pd.DataFrame, classes: list[str], n_columns: int) -> np.ndarray:
    """Select the images of the first rows of each class, white where they are too few: (classes, columns, H, W)."""
    taken = np.full((len(classes), n_columns, *images.images.shape[1:]), 255, dtype=np.uint8)
    for place, label in enumerate(classes):
        chosen = rows.index[rows["label"] == label][:n_columns]
        taken[place, : len(chosen)] = images.images[chosen]
    return taken
