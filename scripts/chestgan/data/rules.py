"""Rules about the cells of a table, as a user writes them: `view is PA or AP`, `finding contains COVID`.

A rule names a column, one of four relations, and one or more values:

- `is`: the cell is one of the values; `1` is `1.0` too;
- `is not`: the cell is none of them, and isn't empty;
- `contains`: one of the values is a part of the cell;
- `lists`: one of the values is among those that the cell lists, split by `|`, `;` or `,`, or written as a Python list.

Case and white space at the ends don't matter.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chestgan.base.errors import UserError

_RULE = re.compile(r"(?P<column>.+?)\s+(?P<relation>is not|is|contains|lists)\s+(?P<values>.+)")
_SEPARATORS = re.compile(r"[|;,]")
EXAMPLE = "'view is PA or AP'; the words between column and value are is, is not, contains and lists"


@dataclass(frozen=True)
class Rule:
    """A rule as it was read.

    Attributes:
        relation: `is`, `is not`, `contains` or `lists`.
        values: in lower case.
        text: the rule as it was written.
    """

    column: str
    relation: str
    values: tuple[str, ...]
    text: str


def parse(text: str, key: str) -> Rule:
    """Read a rule.

    Args:
        key: the setting that holds it, for the message.

    Raises:
        UserError: it isn't written as a rule.
    """
    found = _RULE.fullmatch(text.strip())
    if found is None:
        raise UserError(f"split_data.{key} has the rule {text!r}; expected one such as {EXAMPLE}")
    values = tuple(_plain(value) for value in re.split(r"\s+or\s+", found["values"]))
    return Rule(found["column"].strip(), found["relation"], values, text)


def parse_labels(named: Sequence[str]) -> dict[str, Rule]:
    """Read the rules of labels, each written as LABEL=RULE.

    Raises:
        UserError: one isn't written so, or a label has two.
    """
    rules: dict[str, Rule] = {}
    for text in named:
        label, equals, rule = text.partition("=")
        if not equals or not label.strip():
            raise UserError(
                f"split_data.labels has {text!r}; expected LABEL=RULE, such as covid='finding contains COVID'"
            )
        if label.strip() in rules:
            raise UserError(
                f"split_data.labels has {label.strip()!r} twice; write its values as one rule: finding is A or B"
            )
        rules[label.strip()] = parse(rule, f"labels.{label.strip()}")
    return rules


def holds(rule: Rule, table: pd.DataFrame) -> np.ndarray:
    """Check for each row of a table of text whether a rule holds: (N,) bool."""
    cells = table[rule.column]
    known = {cell: _holds_for(rule, cell) for cell in cells.unique()}
    return cells.map(known).to_numpy(dtype=bool)


def labels(rules: Mapping[str, Rule], table: pd.DataFrame) -> pd.Series:
    """Collect for each row the labels whose rules hold, as frozen sets."""
    held = {label: holds(rule, table) for label, rule in rules.items()}
    rows = np.stack(list(held.values()), axis=1)
    names = np.array(list(held), dtype=object)
    return pd.Series([frozenset(names[row]) for row in rows], index=table.index, dtype=object)


def _holds_for(rule: Rule, cell: str) -> bool:
    cell = _plain(cell)
    if rule.relation == "contains":
        return any(value in cell for value in rule.values)
    if rule.relation == "lists":
        items = {_plain(item.strip(" '\"[]")) for item in _SEPARATORS.split(cell)}
        return not items.isdisjoint(rule.values)
    same = _number(cell) in {_number(value) for value in rule.values}
    return same if rule.relation == "is" else bool(cell) and not same


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _number(text: str) -> str | float:
    """Return the number that a text is, or else the text."""
    try:
        return float(text)
    except ValueError:
        return text
