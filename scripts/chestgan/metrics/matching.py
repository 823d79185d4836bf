"""Matched samples: equally many images of each class from several image sets, so that a comparison is fair."""

import numpy as np
import pandas as pd

from chestgan.base.errors import UserError
from chestgan.images.image_set import ImageSet
from chestgan.metrics.metric import ALL

# rows of an image set by side (train, test, generated) and class, with `ALL` for the classes together
MatchedRows = dict[str, dict[str, np.ndarray]]


def count_images(sides: dict[str, ImageSet], most_images: int) -> pd.DataFrame:
    """Count the images by class (rows) and side (columns); `n` is what every side has.

    Where the classes together have more than `most_images` of them, each has its share of so many, and at least 2.

    Raises:
        UserError: a class has too few images on a side.
    """
    counts = pd.DataFrame(
        {side: images.manifest["label"].value_counts() for side, images in sides.items()}
    ).sort_index()
    # a class that a side doesn't have at all
    counts = counts.fillna(0).astype(int)
    counts["n"] = counts.min(axis=1)
    for label, row in counts.iterrows():
        if row["n"] < 2:
            found = ", ".join(f"{row[side]} {side}" for side in sides)
            raise UserError(f"found {found} images of class {label}; a distance needs at least 2 on every side")
    n_images = counts["n"].sum()
    if n_images > most_images:
        counts["n"] = (counts["n"] * most_images // n_images).clip(lower=2)
    return counts


def match_rows(sides: dict[str, ImageSet], counts: pd.DataFrame, n_draws: int, seed: int) -> list[MatchedRows]:
    """Draw n rows of each class from every side, several times; once where no side has more than n.

    A side's rows depend on the seed and its own images alone: the real ones are the same beside any synthetic set of
    one size.
    """
    if (counts[list(sides)].to_numpy() == counts[["n"]].to_numpy()).all():
        n_draws = 1
    matched = []
    for draw in range(n_draws):
        rows: MatchedRows = {}
        for place, (side, images) in enumerate(sides.items()):
            random = np.random.default_rng((seed, draw, place))
            labels = images.manifest["label"].to_numpy()
            by_class = {
                label: random.permutation(np.flatnonzero(labels == label))[: counts["n"][label]]
                for label in counts.index
            }
            rows[side] = {ALL: np.concatenate(list(by_class.values()))} | by_class
        matched.append(rows)
    return matched


def match_two(real: ImageSet, generated: ImageSet, counts: pd.DataFrame, n_draws: int, seed: int) -> list[MatchedRows]:
    """Draw n rows of each class from two sides, as `match_rows` does, and other real ones as the side `train`.

    Those are drawn where every class has 2 n real images: what a perfect generator could reach is known by them.
    """
    matched = match_rows({"real": real, "generated": generated}, counts, n_draws, seed)
    if (counts["real"] < 2 * counts["n"]).any():
        return matched
    labels = real.manifest["label"].to_numpy()
    for draw, rows in enumerate(matched):
        random = np.random.default_rng((seed, draw, len(rows)))
        others = {
            label: random.permutation(np.setdiff1d(np.flatnonzero(labels == label), rows["real"][label]))
            for label in counts.index
        }
        others = {label: rest[: counts["n"][label]] for label, rest in others.items()}
        rows["train"] = {ALL: np.concatenate(list(others.values()))} | others
    return matched


def rows_by_class(images: ImageSet) -> dict[str, np.ndarray]:
    """List the rows of each class, and of all images."""
    rows = images.rows_by_class(images.classes)
    return {ALL: np.arange(len(images))} | dict(zip(images.classes, rows, strict=True))
