"""Typed settings with their descriptions and bounds: dataclass fields that know what they mean."""

import dataclasses
from typing import Any

from chestgan.errors import UserError


def setting(
    help: str,
    default: Any = dataclasses.MISSING,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """Declare a dataclass field with its description and its inclusive bounds or choices."""
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


def check(config: Any) -> None:
    """Check every field of a dataclass against its bounds and choices.

    Raises:
        UserError: a value lies outside; the message names the field, the value and the bounds.
    """
    for field in dataclasses.fields(config):
        values = getattr(config, field.name)
        for value in values if isinstance(values, tuple) else (values,):
            _check_value(field, value)


def _check_value(field: dataclasses.Field, value: Any) -> None:
    minimum, maximum = field.metadata.get("minimum"), field.metadata.get("maximum")
    choices = field.metadata.get("choices")
    if value is None:
        return
    if choices is not None and value not in choices:
        raise UserError(f"{field.name} is {value!r}; expected one of {', '.join(choices)}")
    # written so that nan, which compares false with everything, is refused
    if (minimum is not None and not value >= minimum) or (maximum is not None and not value <= maximum):
        low = "-inf" if minimum is None else minimum
        high = "inf" if maximum is None else maximum
        raise UserError(f"{field.name} is {value}; expected a number from {low} to {high}")
