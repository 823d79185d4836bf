"""The files of a data folder with their labels, patients and sources: from class folders, or a metadata table."""

import os
import posixpath
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from chestgan.base.errors import UserError, did_you_mean
from chestgan.data import decoding

COLUMNS = ["file", "label", "patient", "source"]
# how a table may separate its cells: as CSV, as the CSV of a continental spreadsheet, as TSV
_SEPARATORS = ",;\t"
# Distances name all classes together so, and a label becomes a folder's name
_RESERVED_LABELS = ("all",)
_OPTIONAL = ("patient", "source")


@dataclass(frozen=True)
class Columns:
    """The names of a metadata table's columns; an empty name says that the table has no such column."""

    file: str
    label: str
    patient: str
    source: str


def find(folder: Path) -> tuple[list[str], list[str]]:
    """Find all files of a folder and the folders in it, hidden ones aside.

    Returns:
        The files that are meant as images, and the others; relative to the folder, with `/`, in alphabetical order.
    """
    images, others, seen = [], [], set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        identity = Path(parent).stat()
        if (identity.st_dev, identity.st_ino) in seen:  # a link that leads back would never end
            folders.clear()
            continue
        seen.add((identity.st_dev, identity.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(parent, name)
            if not name.startswith("."):
                (images if decoding.is_candidate(path) else others).append(path.relative_to(folder).as_posix())
    return sorted(images), sorted(others)


def from_folders(files: list[str]) -> pd.DataFrame:
    """Label each file by the top folder that it lies in; a file in none has an empty label."""
    labels = [file.split("/")[0] if "/" in file else "" for file in files]
    return pd.DataFrame({"file": files, "label": labels, "patient": "", "source": ""}, columns=COLUMNS, dtype=str)


def read_table(path: Path, columns: Columns, files: list[str], others: list[str]) -> pd.DataFrame:
    """Read a metadata table: one row per file, in the files' alphabetical order, with the columns of `COLUMNS`.

    Args:
        files: the images in the data folder.
        others: the other files there; one that the table names is taken for an image.

    Raises:
        UserError: the table can't be read, lacks a column, or names a file twice or one that isn't there.
    """
    raw = _read_text_table(path)
    for field, name in vars(columns).items():
        if name and name not in raw:
            raise _missing_column(path, field, name, list(raw))
    empty = pd.Series("", index=raw.index, dtype=str)
    table = pd.DataFrame({name: raw[given] if given else empty for name, given in vars(columns).items()})
    table = table.apply(lambda column: column.str.strip())
    table["file"] = table["file"].map(_plain_path)
    _require_known_files(path, columns, table["file"], [*files, *others])
    _require_single_rows(path, columns, table)
    return table[COLUMNS].sort_values("file", ignore_index=True)


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
                    f"split_data.{key} has {label!r}, and no file has that label; the labels are {_shown(found)}"
                    + did_you_mean(label, found)
                )
    both = sorted(set(classes) & set(ignored))
    if both:
        raise UserError(f"split_data.classes and split_data.ignored_labels both have {_shown(both)}; take one out")
    used = sorted(set(classes)) if classes else [label for label in found if label not in ignored]
    for label in used:
        if label in _RESERVED_LABELS or label.startswith(".") or "/" in label or "\\" in label:
            raise UserError(
                f"{label!r} can't be a label: it couldn't name a folder of its own; rename it, or leave it out by "
                "split_data.ignored_labels"
            )
    folded = {label.casefold() for label in used}
    if len(folded) < len(used):
        raise UserError(
            f"some labels differ only in case: {_shown(used)}; write each in one way, or name those that are meant in "
            "split_data.classes"
        )
    if len(used) < 2:
        raise UserError(
            f"found {len(used)} class ({_shown(used)}); a study needs at least 2, such as covid and normal: see "
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


def _read_text_table(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(_SEPARATORS, key=header.count)
        with warnings.catch_warnings():
            # a row with more cells than the header would lose them
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False
            )
    except FileNotFoundError:
        raise UserError(f"split_data.metadata names {path.absolute()}, and there is no such file") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"split_data.metadata names {path}, and that table is empty") from None
    except (UnicodeDecodeError, IsADirectoryError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise UserError(
            f"split_data.metadata names {path}, and that table can't be read: {error}; expected CSV or TSV in UTF-8"
        ) from None
    if table.empty:
        raise UserError(f"split_data.metadata names {path}, and that table has a header and no rows")
    table.columns = table.columns.str.strip()
    return table.fillna("")


def _missing_column(path: Path, field: str, name: str, found: list[str]) -> UserError:
    optional = " ('' says that there is none)" if field in _OPTIONAL else ""
    return UserError(
        f"split_data.{field}_column is {name!r}, and the metadata table {path} has no such column, but "
        f"{_shown(found, most=20)}{optional}{did_you_mean(name, found)}"
    )


def _plain_path(given: str) -> str:
    """Write a path as the files of the folder are written, from Windows too."""
    return posixpath.normpath(given.replace("\\", "/")) if given else ""


def _require_known_files(path: Path, columns: Columns, named: pd.Series, known: list[str]) -> None:
    unknown = sorted(set(named) - set(known))
    if not unknown:
        return
    by_case = [file for file in known if file.casefold() == unknown[0].casefold()]
    beside = [file for file in known if posixpath.dirname(file) == posixpath.dirname(unknown[0])]
    raise UserError(
        f"split_data.file_column is {columns.file!r}, and that column of {path} names {len(unknown)} files that "
        f"aren't in the data folder: {_shown(unknown)}"
        + (
            did_you_mean(unknown[0], by_case or beside)
            or "; names are relative to split_data.folder, with their ending"
        )
    )


def _require_single_rows(path: Path, columns: Columns, table: pd.DataFrame) -> None:
    repeated = table[table["file"].duplicated(keep=False)]
    if repeated.empty:
        return
    labels = repeated.groupby("file")["label"].nunique()
    differing = f", {int((labels > 1).sum())} of them with different labels" if (labels > 1).any() else ""
    raise UserError(
        f"split_data.file_column is {columns.file!r}, and that column of {path} has {len(labels)} files in more "
        f"than one row{differing}: "
        f"{_shown(labels.index)}; keep one row per file"
    )


def _shown(names: Iterable[str], most: int = 8) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more
