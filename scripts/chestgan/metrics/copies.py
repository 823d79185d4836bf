"""Copies, image by image: generated images that lie nearer to a training image than unseen patients do."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from chestgan.metrics import neighbours
from chestgan.metrics.metric import ALL

# fewer unseen images have no 1 % quantile, and their least distance says little
LEAST_HELD_OUT = 100
# of the least distance of unseen images: below it lie copies, and by chance hardly any image of another patient
CLEARLY_NEARER = 0.9
# of unseen images may be training images themselves, under another patient, and say nothing of others
_STRAYS = 0.01
_CONFIDENCE = 0.95
# at least so many of the images that are nearest to a training image are listed, copies or not
N_CLOSEST = 10

COLUMNS = [
    *("generator", "seed", "extractor", "image", "file", "image_seed", "class"),
    *("train_file", "train_class", "distance", "threshold", "correlation", "mirrored", "copy"),
]
TEXT_COLUMNS = ["generator", "extractor", "file", "image_seed", "class", "train_file", "train_class"]
COUNTS = ["n_images", "n_held_out", "n_near", "n_copies", "copies_share", "copies_low", "copies_high"]
PROTOCOL = (
    "copies: of all synthetic images, those of which the features, or those of the mirror image, lie at less than "
    f"{CLEARLY_NEARER:g} of the least distance of a held-out image (validation and test patients; at least "
    f"{LEAST_HELD_OUT}) from a training image, and those that are one picture with a training image, as split_data "
    "finds copies, and by a higher correlation than 99 % of the held-out images; near: nearer than 99 % of the "
    "held-out images, which 1 % of unseen images are; low and high: Wilson's interval at 95 %"
)


class Nearest(NamedTuple):
    """The training image that is nearest to each image, or to its mirror image.

    Attributes:
        distance: (N,) float64.
        place: (N,) int64, of the training image.
        mirrored: (N,) bool, whether the mirror image is the nearer one.
    """

    distance: np.ndarray
    place: np.ndarray
    mirrored: np.ndarray


class Pictures(NamedTuple):
    """The training image that is most like each image when it is laid over it.

    Attributes:
        correlation: (N,) float64; 0 where no training image is one picture with it.
        place: (N,) int64, of the training image; 0 where there is none.
        mirrored: (N,) bool.
    """

    correlation: np.ndarray
    place: np.ndarray
    mirrored: np.ndarray


def nearest(features: np.ndarray, of_mirrored: np.ndarray, training: np.ndarray) -> Nearest:
    """Find the nearest training image of each image, upright or mirrored.

    Args:
        features: (N, d).
        of_mirrored: (N, d) of the mirror images.
        training: (M, d), at least one.
    """
    upright, mirror = neighbours.nearest(features, training), neighbours.nearest(of_mirrored, training)
    mirrored = mirror[0] < upright[0]
    return Nearest(np.minimum(upright[0], mirror[0]), np.where(mirrored, mirror[1], upright[1]), mirrored)


def best_pictures(pairs: pd.DataFrame, n_images: int) -> Pictures:
    """Choose for each image the training image that correlates most with it.

    Args:
        pairs: of one picture: query, reference, correlation, mirrored.
        n_images: N.
    """
    best = pairs.sort_values("correlation", ascending=False, kind="stable").drop_duplicates("query")
    at = best["query"].to_numpy(np.int64)
    correlation, place = np.zeros(n_images), np.zeros(n_images, dtype=np.int64)
    mirrored = np.zeros(n_images, dtype=bool)
    correlation[at], place[at], mirrored[at] = best["correlation"], best["reference"], best["mirrored"].astype(bool)
    return Pictures(correlation, place, mirrored)


def find(generated: tuple[Nearest, Pictures], held_out: tuple[Nearest, Pictures]) -> pd.DataFrame:
    """Tell of each generated image whether it is a copy of a training image.

    Args:
        generated: of N generated images.
        held_out: of images of patients whom no training saw.

    Returns:
        A row for each generated image: place (of the training image), distance (of the features to those of the nearest
        one), threshold (nan with too few held-out images), near (nan likewise), correlation, mirrored, copy.
    """
    (by_features, as_pictures), (unseen, unseen_pictures) = generated, held_out
    usual = np.quantile(unseen_pictures.correlation, 1 - _STRAYS, method="higher") if len(unseen.distance) else 0.0
    threshold, quantile = thresholds(unseen.distance[unseen_pictures.correlation <= usual])
    pictures = as_pictures.correlation > usual
    nearer = by_features.distance < threshold
    return pd.DataFrame(
        {
            "place": np.where(pictures, as_pictures.place, by_features.place),
            "distance": by_features.distance,
            "threshold": threshold,
            "near": by_features.distance < quantile if np.isfinite(quantile) else np.nan,
            "correlation": as_pictures.correlation,
            "mirrored": np.where(pictures, as_pictures.mirrored, by_features.mirrored),
            "copy": pictures | nearer,
        }
    )


def thresholds(unseen: np.ndarray) -> tuple[float, float]:
    """Compute from the distances of held-out images the threshold and their 1 % quantile; nan for too few."""
    if len(unseen) < LEAST_HELD_OUT:
        return float("nan"), float("nan")
    return CLEARLY_NEARER * float(unseen.min()), float(np.quantile(unseen, 0.01))


def count(found: pd.DataFrame, labels: Sequence[str], n_held_out: int) -> pd.DataFrame:
    """Count the copies of each class, and of all: class, then `COUNTS`.

    Args:
        found: from `find`.
        labels: of the generated images.
        n_held_out: held-out images that they were compared with.
    """
    groups = {ALL: found} | dict(tuple(found.groupby(np.asarray(labels))))
    rows = []
    for label, images in groups.items():
        n, n_copies = len(images), int(images["copy"].sum())
        near = images["near"].sum(min_count=1)
        share = n_copies / n if n else float("nan")
        rows.append([label, n, n_held_out, near, n_copies, share, *interval(n_copies, n)])
    return pd.DataFrame(rows, columns=["class", *COUNTS])


def interval(n_copies: int, n_images: int) -> tuple[float, float]:
    """Compute the interval of a share (Wilson 1927) at 95 %; nan for no images."""
    # here, for scipy takes longer to import than what else summarises a study
    from scipy.stats import binomtest

    if not n_images:
        return float("nan"), float("nan")
    ends = binomtest(int(n_copies), int(n_images)).proportion_ci(_CONFIDENCE, method="wilson")
    return float(ends.low), float(ends.high)


def closest_first(table: pd.DataFrame) -> pd.DataFrame:
    """Sort images: copies first, then by correlation as a picture, then by distance."""
    return table.sort_values(["copy", "correlation", "distance"], ascending=[False, False, True], kind="stable")


def listed(found: pd.DataFrame, generated: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """List the copies and the closest other images, copies first, with the files of both sides.

    Args:
        found: from `find`.
        generated: the manifest of the synthetic set.
        training: the manifest of the training images.

    Returns:
        `COLUMNS` without generator, seed and extractor: all copies, and at least `N_CLOSEST` rows where there are as
        many images.
    """
    chosen = closest_first(found).head(max(N_CLOSEST, int(found["copy"].sum())))
    ours, theirs = generated.iloc[chosen.index], training.iloc[chosen["place"]]
    named = {
        "image": chosen.index,
        "file": ours["file"].to_numpy() if "file" in ours else "",
        "image_seed": ours["seed"].to_numpy() if "seed" in ours else "",
        "class": ours["label"].to_numpy(),
        "train_file": theirs["file"].to_numpy(),
        "train_class": theirs["label"].to_numpy(),
    }
    return chosen.assign(**named)[[column for column in COLUMNS if column in {*chosen, *named}]]
