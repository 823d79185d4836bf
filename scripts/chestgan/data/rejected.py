"""The files that are left out of an image set, and when they are too many."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chestgan.base.errors import UserError
from chestgan.base.tables import write_table
from chestgan.data import patients, split_warnings, splits
from chestgan.images.image_set import SPLITS

COLUMNS = ["file", "label", "reason", "detail"]
# left out by wish or by rule, not because a file is bad
NOT_BAD = (
    *("ignored label", "not in the table", "duplicate"),
    *("excluded", "not taken", "row left out", "not in the folder", "no label rule", "several labels"),
    *("mask", "overlay", "other view", "other modality", "no picture"),
)


def require_few(rejected: pd.DataFrame, n_listed: int, max_rejected: float, output: Path) -> None:
    """Stop where more files are unusable than the settings allow, and leave the list of them.

    Args:
        rejected: a row a file with the columns of `COLUMNS`.
        n_listed: files that could have been images of the set.
        output: the folder of the image set, which won't be.
    """
    bad = rejected[~rejected["reason"].isin(NOT_BAD)]
    n_wanted = n_listed - (rejected["reason"] == "ignored label").sum()
    if len(bad) <= max_rejected * n_wanted:
        return
    first = "; ".join(f"{row.file} ({row.reason}: {row.detail})" for row in bad.head(3).itertuples())
    raise UserError(
        f"{len(bad)} of {n_wanted} files can't be used, more than split_data.max_rejected allows ({max_rejected:g}): "
        f"{split_warnings.by_reason(bad)}. The first: {first}. All: {_leave(rejected, output)}"
    )


def require_patients_left(table: pd.DataFrame, classes: Sequence[str], rejected: pd.DataFrame, output: Path) -> None:
    """Stop where a class has too few patients once files are rejected and patients joined; leave the list of files."""
    label_of = patients.majority(table, "label")
    if label_of.value_counts().reindex(classes, fill_value=0).min() < len(SPLITS):
        clue = f"; files were left out or patients joined: {_leave(rejected, output)}"
        splits.require_patients(label_of, classes, clue)


def list_beside(output: Path) -> Path:
    """Name the list of rejected files that is left where there is no output folder to hold it."""
    return output.with_name(f"{output.name}.rejected.csv")


def _leave(rejected: pd.DataFrame, output: Path) -> Path:
    write_table(list_beside(output), rejected.sort_values("file"))
    return list_beside(output)
