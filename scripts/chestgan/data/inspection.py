"""A look at the data before any work: the files that are taken, and the pixels of about a hundred of them.

What is wrong is an error that names the key of the configuration, its value, and what to do.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chestgan.base.errors import UserError
from chestgan.data import patients, preparation, rejected, split_warnings, splits
from chestgan.data.splits import Parts
from chestgan.images.image_set import SPLITS

N_FILES = 100
# trainings take two images of a class for each batch, and distances need as many on every side
_LEAST_IN_SPLIT = 2
# with as many patients of a class in the test, by its fraction, each split has enough in fact
_PLENTY = 30
# the key that has to do with a reason to reject a file; for others it's the folder
_KEYS_OF_REASONS = {
    "too small": "min_size",
    "16-bit without a window": "window_low",
    "outside the window": "window_low",
    "unknown label": "classes",
    "no label": "label_column",
}
# that a sample has as many bad files by chance, if only as many as allowed were bad in all
_UNLIKELY = 1e-4


@dataclass(frozen=True)
class Selection:
    """The files that are the data of a study, before any of them is opened.

    Attributes:
        table: one row per image of a class: file, label, patient, source, and `given`, the patient as it was written.
        classes: in alphabetical order.
        rejected: the images that are left out: file, label, reason, detail.
        others: the files that are no images.
        n_listed: images in class folders or in the table, whatever their label.
        notes: what to warn of.
    """

    table: pd.DataFrame
    classes: list[str]
    rejected: pd.DataFrame
    others: list[str]
    n_listed: int
    notes: list[str]


@dataclass(frozen=True)
class Inspection:
    """The files that are the data, and what some of them hold.

    Attributes:
        selected: the files.
        looked: the rows of the files that were opened, with the columns of `preparation.COLUMNS`.
    """

    selected: Selection
    looked: pd.DataFrame


def sample(table: pd.DataFrame, n_files: int, seed: int = 0) -> pd.DataFrame:
    """Choose files at random, about as many of each class; the same ones for the same table."""
    shuffled = table.sample(frac=1, random_state=seed)
    turn = shuffled.groupby("label").cumcount().sort_values(kind="stable")
    return shuffled.loc[turn.index[:n_files]].sort_values("file", ignore_index=True)


def look(table: pd.DataFrame, folder: Path, how: preparation.Preparation, threads: int, n_files: int) -> pd.DataFrame:
    """Prepare a sample of the files as they would be prepared for the image set, and keep what was found."""
    chosen = sample(table, n_files)
    prepared = preparation.prepare_rows(chosen, folder, how, threads)
    found = pd.DataFrame([one.row for one in prepared], columns=preparation.COLUMNS, dtype=object)
    return pd.concat([chosen, found], axis=1)


def require_few_rejected(
    selected: Selection, looked: pd.DataFrame, max_rejected: float, settings: Mapping[str, Any]
) -> None:
    """Refuse data of which so many files can't be used that split_data would stop.

    Args:
        looked: made by `look`, of the selected files.
        max_rejected: the share of unusable files at which split_data stops.
        settings: those of split_data, to name the one to change.
    """
    n_wanted = selected.n_listed - int((selected.rejected["reason"] == "ignored label").sum())
    listed = selected.rejected[~selected.rejected["reason"].isin(rejected.NOT_BAD)]
    opened = looked[looked["reason"] != ""]
    # classes are looked at alike, so one of few files may have most of the bad ones
    shares = looked.groupby("label")["reason"].agg(lambda reasons: (reasons != "").mean())
    expected = len(listed) + float((shares * selected.table["label"].value_counts()).sum())
    is_certain = len(listed) + len(opened) > max_rejected * n_wanted
    is_likely = expected > max_rejected * n_wanted and _chance(len(opened), len(looked), max_rejected) < _UNLIKELY
    if is_certain or is_likely:
        raise _too_many(pd.concat([listed, opened]), n_wanted, len(looked), max_rejected, settings)


def require_large_enough(table: pd.DataFrame, image_size: int, square: str) -> None:
    """Refuse an image size that most files don't have: enlarged images show no more, and cost as much as large ones.

    Args:
        table: original_width and original_height of usable images.
        square: how they become square, of which side the size depends.
    """
    sides = table[["original_width", "original_height"]].astype(int)
    sides = sides.max(axis=1) if square == "pad" else sides.min(axis=1)
    n_smaller = int((sides < image_size).sum())
    if n_smaller > len(sides) / 2:
        raise UserError(
            f"split_data.image_size is {image_size}, and {n_smaller} of {len(sides)} images are smaller and would only "
            f"be enlarged: half of them have at most {int(sides.median())} pixels; lower it"
        )


def require_split(table: pd.DataFrame, parts: Parts) -> None:
    """Refuse data of which some split would get too few images of a class to train, select or measure with, or the test
    too few patients.

    Args:
        table: label, patient and source of each image.
    """
    n_patients = patients.majority(table, "label").value_counts().min()
    if parts.test_source is None and n_patients * parts.test_fraction >= _PLENTY:
        return
    placed = table.assign(split=splits.assign(table, parts))
    counts = pd.crosstab(placed["label"], placed["split"]).reindex(columns=SPLITS, fill_value=0)
    for label, row in counts.iterrows():
        for split in SPLITS:
            if row[split] < _LEAST_IN_SPLIT:
                of_validation = f"split_data.validation_fraction is {parts.validation_fraction:g}"
                key = of_validation if split == "validation" else parts.of_test
                raise UserError(
                    f"{key}, which leaves {row[split]} {split} image of the {row.sum()} of class {label!r}; trainings "
                    f"and distances need at least {_LEAST_IN_SPLIT} in each of {', '.join(SPLITS)}: add images, or "
                    "leave the class out of split_data.classes"
                )
    splits.require_test_patients(placed, parts)


def _chance(n_bad: int, n_files: int, share: float) -> float:
    """Compute the chance of at least so many bad files among some, if this share of all files is bad."""
    terms = (math.comb(n_files, n) * share**n * (1 - share) ** (n_files - n) for n in range(n_bad, n_files + 1))
    return math.fsum(terms)


def _too_many(
    bad: pd.DataFrame, n_wanted: int, n_opened: int, max_rejected: float, settings: Mapping[str, Any]
) -> UserError:
    key = _KEYS_OF_REASONS.get(bad["reason"].mode()[0], "folder")
    value, first = settings[key], bad.iloc[0]
    shown = str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
    return UserError(
        f"split_data.{key} is {shown!r}, and of {n_wanted} files, {n_opened} of them opened, {len(bad)} can't be used: "
        f"{split_warnings.by_reason(bad)}, more than split_data.max_rejected allows ({max_rejected:g}). The first: "
        f"{first['file']} ({first['reason']}: {first['detail']})"
    )
