"""Names that changed in version 1.0, so that an old configuration or result is refused with the new name."""

from collections.abc import Collection, Iterable
from pathlib import Path

from chestgan.base.errors import UserError

RENAMED = {
    # values of the configuration
    "separate": "per_class",
    # keys of the configuration
    "duplicate_distance": "duplicate_correlation",
    # columns and files of results
    "kid": "kd",
    "kid_spread": "kd_se",
    "real_kid": "real_kd",
    "real_kid_spread": "real_kd_se",
    "nearest_ratio": "dcr_ratio",
    "distance": "validation_kd",
    "variety.csv": "diversity.csv",
}


def now_called(found: Iterable[str], expected: Collection[str]) -> str:
    """Return a hint for the old names among those found whose new ones were expected; nothing where there are none."""
    changed = [f"{old} is called {RENAMED[old]}" for old in found if RENAMED.get(old) in expected]
    return f"; since version 1.0 {', '.join(changed)}" if changed else ""


def require_current(results: Path) -> None:
    """Refuse a study's results of a version before 1.0: files that no stage makes any more are in the way of new ones.

    Raises:
        UserError: there are such files; nothing was changed.
    """
    old = results / "split" / "split.png"
    if old.is_file():
        raise UserError(
            f"{results} holds results of a version before 1.0, such as {old.relative_to(results)}, which this version "
            "can't go on with; move that folder away, or give the study another name: dataset"
        )
