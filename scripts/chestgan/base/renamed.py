"""Names that changed in version 1.0, so that an old configuration or result is refused with the new name."""

from collections.abc import Collection, Iterable

RENAMED = {
    # values of the configuration
    "separate": "per_class",
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
