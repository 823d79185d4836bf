"""What may be a label: a text that names a class in tables and flags, and a folder of its own."""

import unicodedata
from collections.abc import Iterable

from chestgan.base.errors import UserError

# of the 255 that a file's name may have, what others put around a label's name
_MOST_BYTES = 120
# distances name all classes together so
_RESERVED = ("all",)
# control characters, invisible ones, halves of characters: what nobody sees in a table
_UNSEEN = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")


def check_labels(labels: Iterable[str], where: str) -> None:
    """Refuse texts that can't be labels, wherever they were read.

    Args:
        where: the file or the setting that the labels are from.

    Raises:
        UserError: with the first such label, and why.
    """
    for label in labels:
        if reason := mistake(label):
            raise UserError(f"{where}: {label!r:.120} can't be a label: {reason}; rename it")


def mistake(label: str) -> str:
    """Say why a text can't be a label; empty where it can."""
    if not isinstance(label, str) or not label:
        return "it is no text" if label != "" else "it is empty"
    if any(unicodedata.category(character) in _UNSEEN for character in label):
        return "it has control characters or invisible ones"
    if len(label.encode()) > _MOST_BYTES:
        return f"it has {len(label.encode())} bytes, and a name of a folder at most {_MOST_BYTES}"
    if label in _RESERVED:
        return f"{label!r} stands for all classes together"
    if label.startswith("-"):
        return "with a dash at its front it would be taken for a flag"
    if "=" in label:
        return "what stands behind = would be taken for its number of images"
    if label.startswith(".") or "/" in label or "\\" in label or label != label.strip():
        return "it couldn't name a folder of its own"
    return ""
