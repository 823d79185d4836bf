"""The files of a data folder with their labels, patients and sources: from class folders, or metadata tables."""

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError, did_you_mean
from chestgan.data import file_formats, file_names, rules, text_tables
from chestgan.data.file_names import shown
from chestgan.data.layout import Layout, wanted_columns
from chestgan.data.rejected import COLUMNS as REJECTED_COLUMNS

COLUMNS = ["file", "label", "patient", "source"]
_OPTIONAL = ("patient_column", "source_column")


def find(folder: Path) -> tuple[list[str], list[str]]:
    """Find all files of a folder and the folders in it, hidden ones aside.

    Returns:
        The files that are meant as images, and the others; relative to the folder, with `/`, in alphabetical order.
    """
    images, others = [], []
    for path in files.below(folder):
        (images if file_formats.is_candidate(path) else others).append(path.relative_to(folder).as_posix())
    return sorted(images), sorted(others)


def from_folders(images: Sequence[str], layout: Layout) -> pd.DataFrame:
    """Label each file by the top folder that it lies in, or by a part of its path; without either, it has no label."""
    table = pd.DataFrame({"file": list(images), "patient": "", "source": ""}, dtype=str)
    table["label"] = _folder_labels(table["file"], layout)
    if layout.patient_pattern is not None:
        table["patient"] = _matched(table["file"], layout.patient_pattern, "patient_pattern")
    return table[COLUMNS]


def read_raw(paths: Sequence[Path], layout: Layout) -> pd.DataFrame:
    """Read the columns that a layout uses of all tables, one below the other, as text.

    Raises:
        UserError: a table can't be read, or lacks a column or names it twice.
    """
    wanted = wanted_columns(layout)
    tables = []
    for path in paths:
        table = text_tables.read(path, layout.table_columns, layout.sheet)
        for key, name in wanted:
            if name not in table:
                raise _missing_column(path, key, name, list(table))
            if list(table).count(name) > 1:
                raise UserError(
                    f"split_data.{key} is {name!r}, and the metadata table {path} has two columns of that name; "
                    "rename one"
                )
        tables.append(table[list(dict.fromkeys(name for _, name in wanted))])
    return pd.concat(tables, ignore_index=True)


def from_table(
    raw: pd.DataFrame, layout: Layout, images: Sequence[str], others: Sequence[str] = (), left_out: Sequence[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make one row per file of a table's rows.

    Args:
        raw: the table as `read_raw` gives it.
        images: the images in the data folder.
        others: the other files there; one that the table names is taken for an image.
        left_out: images there that aren't wanted; rows that name them don't count.

    Returns:
        A row per file in alphabetical order, with the columns of `COLUMNS` and those that are carried through; and the
        files that the layout leaves out, with the columns of `REJECTED_COLUMNS`.

    Raises:
        UserError: a row names a file that isn't there, or rows of one file contradict one another.
    """
    dropped_by = _dropped_by(raw, layout.keep_rows)
    table, absent = _located(raw, layout, [*images, *others], left_out, kept=dropped_by == "")
    dropped = dropped_by[table.index] != ""
    unkept = table[dropped & ~table["file"].isin(set(table.loc[~dropped, "file"]))].drop_duplicates("file")
    details = dropped_by[unkept.index].to_numpy()
    rejected = [absent, unkept[["file"]].assign(label="", reason="row left out", detail=details)]

    table = _one_per_file(_described(table[~dropped], raw, layout), layout)
    if layout.by_folders:
        unnamed = sorted(set(images) - set(table["file"]) - set(unkept["file"]))
        table = pd.concat([table, from_folders(unnamed, layout)]).fillna("")
    if layout.labels:
        table, unlabelled = _single_labels(table)
        rejected.append(unlabelled)
    table = table[[*COLUMNS, *layout.columns]].sort_values("file", ignore_index=True)
    return table, pd.concat(rejected)[REJECTED_COLUMNS]


def _dropped_by(raw: pd.DataFrame, keep_rows: Sequence[str]) -> pd.Series:
    """Say of each row which rule it fails; empty where it is kept."""
    dropped_by = pd.Series("", index=raw.index, dtype=object)
    for text in keep_rows:
        rule = rules.parse(text, "keep_rows")
        failed = ~rules.holds(rule, raw) & (dropped_by == "")
        dropped_by[failed] = f"keep_rows: {text}, and it is " + raw.loc[failed, rule.column].map(repr)
    return dropped_by


def _located(
    raw: pd.DataFrame, layout: Layout, known: Sequence[str], left_out: Sequence[str], kept: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find the files of each row: a row for each, with the index of its row in the table; and list the absent ones."""
    template = file_names.parse(layout.file_template or f"{{{layout.file}}}")
    paths = file_names.fill(template, raw)
    found = file_names.locate(template, paths, known)
    n_found = found.map(len)
    if template.anywhere and not template.all_below:
        _require_single(layout, paths[n_found > 1], found)
    n_found += file_names.locate(template, paths, left_out).map(len)
    unknown = sorted(set(paths[kept & (n_found == 0)]))
    if unknown and (layout.missing_files == "refuse" or (n_found == 0).all()):
        raise _unknown_files(layout, unknown, known)
    absent = pd.DataFrame({"file": unknown, "label": "", "reason": "not in the folder", "detail": "a row names it"})
    return found.explode().dropna().to_frame("file"), absent


def _require_single(layout: Layout, several: pd.Series, found: pd.Series) -> None:
    for row, path in several.items():
        raise UserError(
            f"split_data.file_template is {layout.file_template!r}, and {path!r} is there {len(found[row])} times: "
            f"{shown(found[row])}; name the folder in the template, or leave the others out by split_data.leave_out"
        )


def _unknown_files(layout: Layout, unknown: Sequence[str], known: Sequence[str]) -> UserError:
    by_case = [file for file in known if file.casefold() == unknown[0].casefold()]
    beside = [file for file in known if posixpath.dirname(file) == posixpath.dirname(unknown[0])]
    hint = did_you_mean(unknown[0], by_case or beside) or "; names are relative to split_data.folder, with their ending"
    key, value = ("file_template", layout.file_template) if layout.file_template else ("file_column", layout.file)
    return UserError(
        f"split_data.{key} is {value!r}, and the metadata names {len(unknown)} files that aren't in the data folder: "
        f"{shown(unknown)}{hint}; where a table has no folder or no ending: split_data.file_template"
    )


def _described(table: pd.DataFrame, raw: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Add to each row's file what the table says of it; with rules, `label` holds sets of labels."""
    cells = raw.loc[table.index].reset_index(drop=True)
    table = table.reset_index(drop=True)
    table["patient"] = cells[layout.patient] if layout.patient else ""
    if layout.patient_pattern is not None:
        table["patient"] = _matched(
            table["patient"] if layout.patient else table["file"], layout.patient_pattern, "patient_pattern"
        )
    table["source"] = cells[layout.source] if layout.source else ""
    for name in layout.columns:
        table[name] = cells[name]
    if layout.labels:
        table["label"] = rules.labels(rules.parse_labels(layout.labels), cells)
    else:
        table["label"] = cells[layout.label] if layout.label else _folder_labels(table["file"], layout)
    return table


def _one_per_file(table: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Make one of the rows of a file, such as boxes; with rules it has the labels of all of them.

    Raises:
        UserError: they name several labels or patients.
    """
    repeated = table["file"].duplicated(keep=False)
    if not repeated.any():
        return table
    of_file = table[repeated].groupby("file")
    for column in ("patient",) if layout.labels else ("label", "patient"):
        several = of_file[column].nunique()
        several = several[several > 1]
        if len(several):
            hint = ", or say by split_data.labels which rows make a label" if column == "label" else ""
            raise UserError(
                f"the metadata has {len(several)} files in more than one row with different {column}s: "
                f"{shown(several.index)}; keep one row per file{hint}"
            )
    single = table.drop_duplicates("file").copy()
    if layout.labels:
        single["label"] = single["file"].map(table.groupby("file")["label"].agg(lambda sets: frozenset().union(*sets)))
    return single


def _single_labels(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the files for which one label's rule holds, as text, and list the others with the reason."""
    n_labels = table["label"].map(len)
    table = table.assign(label=table["label"].map(lambda held: ", ".join(sorted(held))))
    none = table.loc[n_labels == 0, ["file"]].assign(
        reason="no label rule", detail="no rule of split_data.labels holds"
    )
    several = table.loc[n_labels > 1, ["file"]].assign(reason="several labels")
    several["detail"] = "the rules of these hold: " + table.loc[n_labels > 1, "label"]
    return table[n_labels == 1], pd.concat([none, several]).assign(label="")


def _folder_labels(paths: pd.Series, layout: Layout) -> pd.Series:
    if layout.label_pattern is not None:
        return _matched(paths, layout.label_pattern, "label_pattern")
    return paths.map(lambda path: path.split("/")[0] if "/" in path else "")


def _matched(texts: pd.Series, pattern: str, key: str) -> pd.Series:
    """Return what the one group of a pattern matches in each text; empty where it matches nothing."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UserError(f"split_data.{key} is {pattern!r}, which is no regular expression: {error}") from None
    if compiled.groups != 1:
        raise UserError(
            f"split_data.{key} is {pattern!r}, with {compiled.groups} groups; expected one, such as "
            r"patient(\d+)"
        )
    found = texts.map(compiled.search)
    return found.map(lambda match: (match[1] or "") if match else "")


def _missing_column(path: Path, key: str, name: str, found: list[str]) -> UserError:
    optional = " ('' says that there is none)" if key in _OPTIONAL else ""
    return UserError(
        f"split_data.{key} is {name!r}, and the metadata table {path} has no such column, but "
        f"{shown(found, most=20)}{optional}{did_you_mean(name, found)}"
    )
