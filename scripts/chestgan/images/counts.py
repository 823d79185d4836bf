"""How many images of each class are asked for, as flags say it: covid=100 normal=50."""

from collections.abc import Collection, Sequence

from chestgan.base.errors import UserError, unknown_name

# a table of more doesn't fit into the memory of a usual machine
MAX_IMAGES = 10_000_000


def parse_counts(texts: Sequence[str], classes: Collection[str]) -> dict[str, int]:
    """Read CLASS=NUMBER for some of the classes; none is named twice.

    Raises:
        UserError: a text is none of that kind, a class is unknown or named twice, or no image at all is asked for.
    """
    counts: dict[str, int] = {}
    for text in texts:
        label, _, number = text.rpartition("=")
        if not label or not number.isdecimal() or not number.isascii() or len(number) > len(str(MAX_IMAGES)):
            raise UserError(f"counts has {text!r:.120}; expected CLASS=NUMBER, such as {min(classes)}=100")
        if label not in classes:
            raise unknown_name("class", label, classes)
        if label in counts:
            raise UserError(f"counts names {label!r} twice; name each class once")
        counts[label] = int(number)
    if not any(counts.values()):
        raise UserError("counts asks for no image at all")
    return counts


def require_possible(counts: dict[str, int]) -> None:
    """Refuse more images than a machine can hold."""
    if sum(counts.values()) > MAX_IMAGES:
        raise UserError(f"counts or ratio ask for {sum(counts.values()):,} images; at most {MAX_IMAGES:,} are made")
