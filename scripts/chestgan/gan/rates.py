"""The learning rate of an optimiser."""

from typing import Any


def set_rate(optimiser: Any, rate: float) -> None:
    """Set the learning rate of all that an optimiser moves."""
    for group in optimiser.param_groups:
        group["lr"] = rate
