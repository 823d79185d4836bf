"""Numbers and lists as the page writes them."""

import math
from typing import Any

import pandas as pd

from chestgan.study.sources import share_without_patient

UNKNOWN = "–"


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with this many decimals, and a dash where it isn't known."""
    return UNKNOWN if _unknown(value) else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """Write a difference with its sign."""
    return UNKNOWN if _unknown(value) else f"{value:+.{digits}f}"


def with_interval(value: float | None, low: float | None, high: float | None, sign: bool = False) -> str:
    """Write a value and its interval, such as `0.912 (0.850 to 0.961)`; without one the value alone."""
    write = signed if sign else number
    if _unknown(low) or _unknown(high):
        return write(value)
    # a line may break before the interval, never in it
    return f"{write(value)} ({write(low)}\u00a0to\u00a0{write(high)})"


def with_deviation(value: float | None, deviation: float | None) -> str:
    """Write a mean and its standard deviation, such as `0.912 ± 0.004`; without one the mean alone."""
    return number(value) if _unknown(deviation) else f"{number(value)} ±\u00a0{number(deviation)}"


def plain(value: Any) -> str:
    """Write a setting: numbers without needless digits, truth values as words, lists with commas."""
    if value is None or value == [] or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def counted(n: int, thing: str) -> str:
    """Write a count with its noun, such as `1 seed` and `2 seeds`."""
    return f"{n} {thing}{'' if n == 1 else 's'}"


def counted_images(images: pd.DataFrame) -> str:
    """Count images and their patients, such as `12 images of 6 patients`, or say that these are unknown."""
    unknown = len(images) and share_without_patient(images) == 1
    patients = "unknown patients" if unknown else counted(images["patient"].nunique(), "patient")
    return f"{counted(len(images), 'image')} of {patients}"


def _unknown(value: float | None) -> bool:
    return value is None or math.isnan(value)
