"""Labels that make a study: which there are, and whether each can name a folder and a column."""

import pandas as pd

from chestgan.base.errors import UserError, did_you_mean
from chestgan.data.file_names import shown
from chestgan.images.labels import mistake


def require_labels(table: pd.DataFrame, classes: tuple[str, ...], ignored: tuple[str, ...]) -> list[str]:
    """Return the classes in alphabetical order: those that were asked for, or all that the table has.

    Raises:
        UserError: a label isn't there, is both wanted and ignored, can't name a folder, or one class is left.
    """
    found = sorted(set(table["label"]) - {""})
    for key, labels in (("classes", classes), ("ignored_labels", ignored)):
        for label in labels:
            if label not in found:
                raise UserError(
                    f"split_data.{key} has {label!r}, and no file has that label; the labels are {shown(found)}"
                    + did_you_mean(label, found)
                )
    both = sorted(set(classes) & set(ignored))
    if both:
        raise UserError(f"split_data.classes and split_data.ignored_labels both have {shown(both)}; take one out")
    used = sorted(set(classes)) if classes else [label for label in found if label not in ignored]
    for label in used:
        if reason := mistake(label):
            raise UserError(
                f"{label!r} can't be a label: {reason}; rename it, give it a rule by split_data.labels, or leave it "
                "out by split_data.ignored_labels"
            )
    folded = {label.casefold() for label in used}
    if len(folded) < len(used):
        raise UserError(
            f"some labels differ only in case: {shown(used)}; write each in one way, or name those that are meant in "
            "split_data.classes"
        )
    if len(used) < 2:
        raise UserError(
            f"found {len(used)} class ({shown(used)}); a study needs at least 2, such as covid and normal: see "
            "split_data.folder, whose folders are the classes, or split_data.label_column"
        )
    return used


def unusable_labels(table: pd.DataFrame, classes: list[str], ignored: tuple[str, ...]) -> pd.DataFrame:
    """List the rows whose label isn't a class, with the reason: file, label, reason, detail."""
    rejected = table.loc[~table["label"].isin(classes), ["file", "label"]].copy()
    rejected["reason"] = "unknown label"
    rejected["detail"] = f"the classes are {', '.join(classes)}"
    nothing, left_out = rejected["label"] == "", rejected["label"].isin(ignored)
    rejected.loc[nothing, ["reason", "detail"]] = ["no label", "neither in a class folder nor labelled in a table"]
    rejected.loc[left_out, ["reason", "detail"]] = ["ignored label", "as split_data.ignored_labels asks"]
    return rejected
