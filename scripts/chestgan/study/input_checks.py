"""What the results of a study must have in common, whatever stage made them; else a UserError says what to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError


def read_keys(path: Path, keys: Sequence[str], made_by: str) -> dict[str, Any]:
    """Read the settings of a result, which must have these keys; a seed is a whole number.

    Raises:
        UserError: a key is missing, or its seed is none.
    """
    content = files.read_json(path)
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise UserError(f"{path} doesn't name {', '.join(missing)}; expected a result of {made_by}")
    if not isinstance(content.get("seed", 0), int):
        raise UserError(f"{path} has the seed {content['seed']!r}, no whole number; expected a result of {made_by}")
    return content


def require_once(folders: Sequence[Path], names: Sequence[tuple], description: str) -> None:
    """Refuse two results of the same thing.

    Args:
        names: what each folder is of.
        description: of such a thing, with a place for each part of its name.
    """
    seen = {}
    for folder, name in zip(folders, names, strict=True):
        if name in seen:
            raise UserError(f"{description.format(*name)} is there twice: in {seen[name]} and in {folder}")
        seen[name] = folder


def require_rows_once(path: Path, table: pd.DataFrame, columns: Sequence[str], stage: str) -> None:
    """Refuse a table with two rows of the same thing."""
    repeated = table[table.duplicated(list(columns))]
    if len(repeated):
        shown = ", ".join(f"{column} {repeated[column].iloc[0]}" for column in columns)
        raise UserError(f"{path} has two rows of {shown}; run {stage} again")


def require_equal(folders: Sequence[Path], values: Sequence[str], description: str) -> None:
    """Refuse results that differ in what all must share."""
    for folder, value in zip(folders, values, strict=True):
        if value != values[0]:
            raise UserError(
                f"{description} is {value} in {folder}, but {values[0]} in {folders[0]}; expected the same in all"
            )
