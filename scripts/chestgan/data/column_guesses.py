"""What the columns of a table are likely to be: files, labels, patients, sources; by their names and their cells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from chestgan.base.errors import UserError
from chestgan.data import file_names, patients, text_tables

_SUFFIXES = (".csv", ".tsv", ".xlsx")
_LABELS = ("label", "class", "finding", "diagnosis", "category", "target", "group", "findinglabels")
_PATIENTS = ("patient", "patientid", "subject", "subjectid", "participant", "participantid", "case", "caseid", "pid")
_SOURCES = ("source", "hospital", "site", "institution", "location", "dataset", "collection", "scanner", "manufacturer")
_CARRIED = ("sex", "gender", "patientsex", "patientgender", "age", "patientage", "view", "viewposition", "projection")
# what names fewer of its rows' files, or of the folder's, isn't the table of these images
_LEAST_NAMED = 0.5
_MOST_LABELS, _LEAST_OF_LABEL = 30, 3


@dataclass(frozen=True)
class TableGuess:
    """A table and what its columns are taken for; an empty name where none fits.

    Attributes:
        path: relative to the folder.
        file: the column of files.
        file_template: how it names them, where not by their whole paths.
        labels: how many images each value of the label column has.
        carried: columns worth carrying through.
        n_named: images that the table names.
    """

    path: str
    file: str
    file_template: str | None
    label: str
    patient: str
    source: str
    labels: dict[str, int]
    carried: list[str]
    n_named: int


def find_table(folder: Path, images: Sequence[str], others: Sequence[str]) -> TableGuess | None:
    """Find the table that names most images of a folder; None where none names half of them."""
    guesses = [guess for other in others if (guess := _guess(folder, other, images))]
    return max(guesses, key=lambda guess: guess.n_named, default=None)


def _guess(folder: Path, path: str, images: Sequence[str]) -> TableGuess | None:
    if not path.lower().endswith(_SUFFIXES):
        return None
    try:
        table = text_tables.read(folder / path)
    except UserError:
        return None
    table = table.loc[:, ~table.columns.duplicated()]
    named = _files(table, images)
    if named is None:
        return None
    column, template, found = named
    rows = table[found.map(len) > 0].reset_index(drop=True)
    label = _first(rows, _LABELS, _is_label)
    return TableGuess(
        path=path,
        file=column,
        file_template=template,
        label=label,
        patient=_first(rows, _PATIENTS, _is_patient),
        source=_first(rows, _SOURCES, _is_source),
        labels=rows[label].value_counts().sort_index().to_dict() if label else {},
        carried=[name for name in rows if _plain(name) in _CARRIED and rows[name].nunique() > 1],
        n_named=len(set(found.explode().dropna())),
    )


def _files(table: pd.DataFrame, images: Sequence[str]) -> tuple[str, str | None, pd.Series] | None:
    """Find the column that names most images, the simplest way in which it does, and the files of each row."""
    endings = sorted({"", *(f".{image.rpartition('.')[2]}" for image in images if "." in image.rpartition("/")[2])})
    best, most = None, _LEAST_NAMED * len(images)
    for column in filter(None, table):
        templates = [None, *(f"**/{{{column}}}{ending}" for ending in endings)]
        for written in templates if not re.search(r"[{}*]", column) else ():
            template = file_names.parse(written or f"{{{column}}}")
            found = file_names.locate(template, file_names.fill(template, table), images)
            n_named = len(set(found.explode().dropna()))
            if n_named > most and (found.map(len) == 1).mean() >= _LEAST_NAMED and found.map(len).max() == 1:
                best, most = (column, written, found), n_named
    return best


def _first(rows: pd.DataFrame, names: Sequence[str], fits) -> str:
    """Return the first column, in the order of the names, whose cells fit; empty where there is none."""
    return next((column for name in names for column in rows if _plain(column) == name and fits(rows[column])), "")


def _is_label(cells: pd.Series) -> bool:
    counts = cells[cells != ""].value_counts()
    return (counts >= _LEAST_OF_LABEL).sum() >= 2 and len(counts) <= _MOST_LABELS


def _is_patient(cells: pd.Series) -> bool:
    return cells.map(patients.normalise).replace("", None).nunique() > _LEAST_OF_LABEL


def _is_source(cells: pd.Series) -> bool:
    return 2 <= cells[cells != ""].nunique() <= max(2, len(cells) // 2)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
