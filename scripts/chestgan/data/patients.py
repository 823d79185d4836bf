"""Who is one patient: ids brought to one spelling, images without an id, patients that share an image."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.base.errors import UserError
from chestgan.images.image_set import IMAGE_AS_PATIENT

# what tables write where nothing is known; as an id, it would make one patient of many
MISSING = frozenset(
    (
        *("", "-", "--", "?", "n.a.", "n/a", "na", "nan", "none", "null", "unknown"),
        *("anonymous", "anonymized", "anonymised"),
    )
)
# a whole number that a spreadsheet wrote with its decimals
_WHOLE = re.compile(r"(\d+)\.0+")
_LEAST_SALT = 16


def normalise(given: str) -> str:
    """Bring an id to its one spelling, whatever its case, white space, invisible characters or a trailing `.0`.

    Returns:
        The spelling; empty where the id is missing.
    """
    visible = "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFKC", given))
    visible = "".join(character for character in visible if unicodedata.category(character) not in ("Cf", "Cc"))
    plain = " ".join(visible.casefold().split())
    whole = _WHOLE.fullmatch(plain)
    return "" if plain in MISSING else whole[1] if whole else plain


def identify(given: Iterable[str], files: Iterable[str]) -> list[str]:
    """Return the patient of each image; an image without an id is its own patient."""
    return [normalise(name) or f"{IMAGE_AS_PATIENT}{file}" for name, file in zip(given, files, strict=True)]


def hashed(given: Iterable[str], salt: bytes) -> list[str]:
    """Replace each id by a keyed hash of its one spelling, which can't be turned back without the salt.

    Returns:
        16 hexadecimal digits of the HMAC with SHA-256; empty where the id is missing.
    """
    plain = [normalise(name) for name in given]
    return [hmac.new(salt, name.encode(), hashlib.sha256).hexdigest()[:16] if name else "" for name in plain]


def read_salt(path: Path) -> bytes:
    """Read the secret of `hashed`.

    Raises:
        UserError: there is none, or one that could be guessed.
    """
    if not path.is_file():
        raise UserError(
            f"split_data.patient_salt is {str(path)!r}, and there is no such file; expected one that holds a secret, "
            "such as `openssl rand -hex 32` writes"
        )
    salt = path.read_bytes().strip()
    if len(salt) < _LEAST_SALT:
        raise UserError(f"split_data.patient_salt: {path} holds {len(salt)} bytes; expected at least {_LEAST_SALT}")
    return salt


def groups(n_items: int, pairs: np.ndarray) -> np.ndarray:
    """Number the groups that pairs join, one pair after another.

    Args:
        pairs: (M, 2) int64, places among the items.

    Returns:
        (n_items,) int64, the same number for items of one group.
    """
    # here, for what only looks at the data has no use for it, and it takes as long to import as all the rest
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = np.asarray(pairs, dtype=np.int64).reshape(-1, 2).T
    links = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n_items, n_items))
    return connected_components(links, directed=False)[1].astype(np.int64)


def join(patients: Sequence[str], pairs: np.ndarray) -> list[str]:
    """Make one patient of those that share an image; the joined patient has the id that is first in the alphabet.

    Args:
        patients: the patient of each image.
        pairs: (M, 2) int64, places of two images that are one.
    """
    names, number = np.unique(np.asarray(patients, dtype=object), return_inverse=True)
    group = groups(len(names), number[np.asarray(pairs, dtype=np.int64).reshape(-1, 2)])
    # names are in alphabetical order, so a group's first place is its first name
    first = pd.Series(names).groupby(group).transform("first").to_numpy()
    return [str(name) for name in first[number]]


def respelled(given: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids that were written in several ways, each with its spellings."""
    spellings: dict[str, set[str]] = {}
    for name in given:
        if normalise(name):
            spellings.setdefault(normalise(name), set()).add(name)
    return {name: sorted(written) for name, written in sorted(spellings.items()) if len(written) > 1}


def with_several(table: pd.DataFrame, column: str) -> list[str]:
    """Name the patients whose images differ in a column, such as the label."""
    counts = table.groupby("patient")[column].nunique()
    return sorted(counts.index[counts > 1])


def majority(table: pd.DataFrame, column: str) -> pd.Series:
    """Return each patient's most frequent value of a column; of equally frequent ones the first in the alphabet."""
    counts = table.groupby(["patient", column]).size().rename("n").reset_index()
    counts = counts.sort_values(["patient", "n", column], ascending=[True, False, True])
    return counts.drop_duplicates("patient").set_index("patient")[column]
