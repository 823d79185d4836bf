"""Typed settings with their descriptions and bounds: dataclass fields from which flags, schema and checks follow."""

import dataclasses
import math
import types
import typing
from typing import Any

from chestgan.base.errors import UserError
from chestgan.base.renamed import now_called

# what numpy, torch and C take as a number of threads, a seed or a size
MAX_WHOLE = 2**31 - 1
_NAMED = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def setting(
    help: str,
    default: Any = dataclasses.MISSING,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] | None = None,
    section: str = "",
) -> Any:
    """Declare a dataclass field with its description and its inclusive bounds or choices.

    It becomes a flag of the script, and a key of the configuration: in the section with the script's name, or in the
    one that is named here.
    """
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "section": section}
    return dataclasses.field(default=default, metadata=metadata)


def argument(help: str, default: Any = dataclasses.MISSING, **bounds: Any) -> Any:
    """Declare a field that the workflow sets: a flag of the script, and no key of the configuration."""
    return setting(help, default, **bounds, section="-")


def check(config: Any) -> None:
    """Check every field of a dataclass against its type, bounds and choices.

    Raises:
        UserError: a value lies outside; the message names the field, the value and the bounds.
    """
    hints = typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        values = getattr(config, field.name)
        _check_type(field.name, hints[field.name], values)
        for value in values if isinstance(values, tuple) else (values,):
            _check_value(field, value)


def _check_type(name: str, hint: Any, value: Any) -> None:
    """Refuse what is of another type, as a file from elsewhere may hold it."""
    if typing.get_origin(hint) is types.UnionType:
        if value is None:
            return
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    if typing.get_origin(hint) is list:
        if not isinstance(value, list):
            raise UserError(f"{name} is {value!r:.100}; expected a list")
        for part in value:
            _check_type(name, typing.get_args(hint)[0], part)
    if hint not in _NAMED:
        return
    fits = isinstance(value, int | float) if hint is float else isinstance(value, hint)
    if not fits or (isinstance(value, bool) and hint is not bool):
        raise UserError(f"{name} is {value!r:.100}; expected {_NAMED[hint]}")


def _check_value(field: dataclasses.Field, value: Any) -> None:
    minimum, maximum = field.metadata.get("minimum"), field.metadata.get("maximum")
    choices = field.metadata.get("choices")
    if value is None:
        return
    if choices is not None and value not in choices:
        raise UserError(
            f"{field.name} is {value!r:.100}; expected one of {', '.join(choices)}{now_called([value], choices)}"
        )
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    minimum = -math.inf if minimum is None else minimum
    maximum = (MAX_WHOLE if isinstance(value, int) else math.inf) if maximum is None else maximum
    # nan compares false with everything
    if not minimum <= value <= maximum or math.isinf(value):
        raise UserError(f"{field.name} is {value}; expected a number from {minimum} to {maximum}")
