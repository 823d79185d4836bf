"""The fraction of the real training patients that something is trained with: where its results lie, and who says it."""

from pathlib import Path

from chestgan.base import files
from chestgan.base.errors import UserError

# all real training patients
WHOLE = 1.0


def part(real_fraction: float) -> str:
    """Name where, among a study's results, those of a fraction lie: such as `real_fraction-0.25/`; of all, nothing."""
    return "" if real_fraction == WHOLE else f"real_fraction-{real_fraction:g}/"


def of_set(folder: Path) -> float:
    """Read which fraction of the training patients an image set or a result has: all, where it doesn't say.

    Raises:
        UserError: it says what can't be one.
    """
    path = folder / "settings.json"
    described = files.read_json(path) if path.is_file() else {}
    found = described.get("real_fraction", WHOLE) if isinstance(described, dict) else WHOLE
    if not isinstance(found, int | float) or not 0 < found <= WHOLE:
        raise UserError(f"{path} has the real_fraction {found!r}; expected a number above 0, at most 1: make it again")
    return float(found)
