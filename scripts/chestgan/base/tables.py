"""Tables as CSV files, in the one form that every stage writes and reads."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.base.renamed import now_called


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table without its index; equal tables give equal bytes."""
    with files.new_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def read_table(path: Path, columns: Sequence[str], text: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table that has at least these columns, of which `text` are text and the others numbers or truth values.

    Raises:
        UserError: it is missing, damaged, or lacks a column.
    """
    if not path.is_file():
        hint = now_called([file.name for file in path.parent.glob("*")], [path.name])
        raise UserError(f"there is no file {path.absolute()}{hint}; run again what makes {path.parent}")
    try:
        with warnings.catch_warnings():
            # rows with more cells than the header would lose them
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""], index_col=False
            )
    except (ValueError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise UserError(f"{path} can't be read: {' '.join(str(error).split())}; make it again") from None
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}{now_called(table, missing)}; make it again")
    for column in columns if len(table) else ():
        if column not in text and not pd.api.types.is_numeric_dtype(table[column]):
            raise UserError(f"column {column} of {path} holds something that is no number; make it again")
    return table.assign(**{column: table[column].fillna("") for column in text})
