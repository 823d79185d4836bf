"""Typed settings with their descriptions and bounds: dataclass fields from which flags, schema and checks follow."""

import dataclasses
import math
import typing
from typing import Any

from chestgan.base.errors import UserError
from chestgan.base.renamed import now_called

# what numpy, torch and C take as a number of threads, a seed or a size
MAX_WHOLE = 2**31 - 1


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
        _check_whole(field, hints[field.name], values)
        for value in values if isinstance(values, tuple) else (values,):
            _check_value(field, value)


def _check_whole(field: dataclasses.Field, hint: Any, value: Any) -> None:
    """Refuse text and fractions for a whole number, which a file from elsewhere may hold."""
    if hint is int and (not isinstance(value, int) or isinstance(value, bool)):
        raise UserError(f"{field.name} is {value!r}; expected a whole number")


def _check_value(field: dataclasses.Field, value: Any) -> None:
    minimum, maximum = field.metadata.get("minimum"), field.metadata.get("maximum")
    choices = field.metadata.get("choices")
    if value is None:
        return
    if choices is not None and value not in choices:
        raise UserError(
            f"{field.name} is {value!r}; expected one of {', '.join(choices)}{now_called([value], choices)}"
        )
    if not isinstance(value, int | float):
        return
    minimum = -math.inf if minimum is None else minimum
    maximum = (MAX_WHOLE if isinstance(value, int) else math.inf) if maximum is None else maximum
    # nan compares false with everything
    if not minimum <= value <= maximum or math.isinf(value):
        raise UserError(f"{field.name} is {value}; expected a number from {minimum} to {maximum}")
