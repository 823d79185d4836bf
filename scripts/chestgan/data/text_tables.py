"""Tables as others write them, read as text: CSV, TSV, cells parted by blanks, XLSX, with a header or without."""

import csv
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chestgan.base.errors import UserError

# how a table may part its cells: as CSV, as the CSV of a continental spreadsheet, as TSV
_SEPARATORS = ",;\t"
_BLANKS = r"[ \t]+"


class _DamagedSheet(Exception):
    """Report an XLSX file that can't be read."""


def read(path: Path, columns: Sequence[str] = (), sheet: str | None = None) -> pd.DataFrame:
    """Read a table whose cells are all text, empty where nothing is known.

    Args:
        columns: the names of the columns of a table without a header.
        sheet: the sheet of an XLSX file that has several, by its name or its number.

    Returns:
        The cells, without white space at their ends; a column's name may occur twice.

    Raises:
        UserError: the table can't be read, or has no rows.
    """
    try:
        cells = _read_sheet(path, sheet) if path.suffix.lower() == ".xlsx" else _read_text(path, bool(columns))
    except FileNotFoundError:
        raise UserError(f"split_data.metadata names {path.absolute()}, and there is no such file") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"split_data.metadata names {path}, and that table is empty") from None
    except (
        csv.Error,
        UnicodeDecodeError,
        IsADirectoryError,
        _DamagedSheet,
        pd.errors.ParserError,
        pd.errors.ParserWarning,
    ) as error:
        raise UserError(
            f"split_data.metadata names {path}, and that table can't be read: {error}; expected XLSX, or CSV or TSV in "
            "UTF-8"
        ) from None
    cells = cells.fillna("").apply(lambda column: column.str.strip())
    if columns:
        return _named(path, cells, list(columns))
    if cells.empty:
        raise UserError(f"split_data.metadata names {path}, and that table is empty")
    if len(cells) == 1:
        raise UserError(f"split_data.metadata names {path}, and that table has a header and no rows")
    return _named(path, cells.iloc[1:], list(cells.iloc[0])).reset_index(drop=True)


def _named(path: Path, cells: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    if len(columns) != cells.shape[1]:
        first = " ".join(repr(cell) for cell in cells.iloc[0])
        raise UserError(
            f"split_data.table_columns names {len(columns)} columns, {', '.join(columns)}, but the metadata table "
            f"{path} has {cells.shape[1]}; its first row is {first}"
        )
    return cells.set_axis(columns, axis=1)


def _read_text(path: Path, headless: bool) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline()
    separator = max(_SEPARATORS, key=first.count)
    if headless and separator not in first:
        separator = _BLANKS
    with warnings.catch_warnings():
        # a row with more cells than the header would lose them
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(
            path,
            sep=separator,
            engine="c" if len(separator) == 1 else "python",
            header=None,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            index_col=False,
        )


def _read_sheet(path: Path, sheet: str | None) -> pd.DataFrame:
    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            name = _sheet_name(path, book.sheet_names, sheet)
            return pd.read_excel(book, name, header=None, dtype=str, keep_default_na=False, na_values=[""])
    except UserError:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged file leads it to
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise _DamagedSheet(" ".join(str(error).split()) or type(error).__name__) from None


def _sheet_name(path: Path, names: Sequence[str], sheet: str | None) -> str:
    listed = ", ".join(names)
    if sheet is None and len(names) > 1:
        raise UserError(f"the metadata table {path} has the sheets {listed}; name one of them: split_data.sheet")
    if sheet is None or sheet in names:
        return sheet or names[0]
    if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    raise UserError(f"split_data.sheet is {sheet!r}, and the metadata table {path} has no such sheet, but {listed}")
