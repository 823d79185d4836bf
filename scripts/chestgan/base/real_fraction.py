"""The fraction of the real training patients that something is trained with: where its results lie, and who says it."""

from pathlib import Path

from chestgan.base import files

# all real training patients
WHOLE = 1.0


def part(real_fraction: float) -> str:
    """Name where, among a study's results, those of a fraction lie: such as `real_fraction-0.25/`; of all, nothing."""
    return "" if real_fraction == WHOLE else f"real_fraction-{real_fraction:g}/"


def of_set(folder: Path) -> float:
    """Read which fraction of a split's training patients an image set has: all, where it doesn't say."""
    path = folder / "settings.json"
    described = files.read_json(path) if path.is_file() else {}
    return float(described.get("real_fraction", WHOLE)) if isinstance(described, dict) else WHOLE
