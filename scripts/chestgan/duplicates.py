"""Images that are one picture: equal bytes, or the same picture stored twice."""

from dataclasses import dataclass

import imagehash
import numpy as np
import pandas as pd
from PIL import Image

from chestgan import patients

# A perceptual hash of 64 bits takes one frontal chest for another too easily; the gradients of a small copy don't.
# Among 1,745 real chest X-rays and 738 CT slices no two patients reach 0.88; a copy saved again stays above 0.97.
_THUMBNAIL_SIZE = 32
N_GRADIENTS = 2 * _THUMBNAIL_SIZE * (_THUMBNAIL_SIZE - 2)
LEAST_CORRELATION = 0.96
_ROWS_AT_ONCE = 512
_PAIRS_AT_ONCE = 20_000
COLUMNS = ["first", "second", "kind", "distance", "correlation"]


@dataclass(frozen=True)
class Fingerprints:
    """What is compared.

    Attributes:
        sha256: (N,) str, of the files' bytes.
        hashes: (N,) uint64, perceptual.
        gradients: (N or more, N_GRADIENTS) float32, rows of length 1.
    """

    sha256: np.ndarray
    hashes: np.ndarray
    gradients: np.ndarray


def fingerprint(grey: np.ndarray) -> tuple[np.uint64, np.ndarray]:
    """Give the perceptual hash and the gradients of an (H, W) uint8 image; its size and aspect don't matter."""
    image = Image.fromarray(grey)
    bits = imagehash.phash(image).hash
    small = np.asarray(image.resize((_THUMBNAIL_SIZE, _THUMBNAIL_SIZE), Image.Resampling.BOX), dtype=np.float32)
    # differences over two pixels, which noise and a JPEG's blocks move less than those of neighbours
    gradients = np.concatenate([(small[2:] - small[:-2]).ravel(), (small[:, 2:] - small[:, :-2]).ravel()])
    length = np.linalg.norm(gradients)
    return np.packbits(bits).view(np.uint64)[0], gradients / length if length else gradients


def find(prints: Fingerprints, most_distance: int) -> pd.DataFrame:
    """Find all pairs of images that are one picture.

    Returns:
        Places `first` < `second`; kind `exact` (equal bytes) or `near`; `distance`, the hashes' differing bits; and
        `correlation`, the cosine of the gradients.
    """
    first, second = _exact_pairs(prints.sha256)
    exact = _table(prints, first, second, "exact")
    first, second = _near_pairs(prints, most_distance)
    near = _table(prints, first, second, "near")
    same_bytes = prints.sha256[near["first"]] == prints.sha256[near["second"]]
    found = pd.concat([exact, near[~same_bytes]])
    return found.sort_values(["first", "second"], ignore_index=True)


def across(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Keep the pairs that matter: of two patients, of two labels, or of equal bytes.

    Two much alike films of one patient on one day aren't the same film.
    """
    first, second = table.iloc[pairs["first"]], table.iloc[pairs["second"]]
    other_patient = first["patient"].to_numpy() != second["patient"].to_numpy()
    other_label = first["label"].to_numpy() != second["label"].to_numpy()
    return pairs[other_patient | other_label | (pairs["kind"] == "exact").to_numpy()].reset_index(drop=True)


def to_drop(pairs: pd.DataFrame, labels: np.ndarray) -> np.ndarray:
    """Say which images go, so that each picture is left once: (N,) bool.

    The first of several copies stays; where their labels contradict each other none does, for none can be believed.
    """
    n_images = len(labels)
    group = patients.groups(n_images, pairs[["first", "second"]].to_numpy())
    of_group = pd.Series(labels).groupby(group)
    contradictory = of_group.transform("nunique").to_numpy() > 1
    later = of_group.cumcount().to_numpy() > 0
    return contradictory | later


def _exact_pairs(sha256: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair every file with the first of its copies and each other."""
    places = pd.Series(np.arange(len(sha256))).groupby(sha256)
    pairs = [(a, b) for _, same in places for i, a in enumerate(same) for b in same.iloc[i + 1 :] if len(same) > 1]
    return tuple(np.array(pairs, dtype=np.int64).reshape(-1, 2).T)


def _near_pairs(prints: Fingerprints, most_distance: int) -> tuple[np.ndarray, np.ndarray]:
    """Compare every hash with every later one, some rows at once, and the gradients where the hashes are near."""
    hashes, found = prints.hashes, []
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = hashes[start : start + _ROWS_AT_ONCE, None]
        differing = np.bitwise_count(rows ^ hashes[None, start:])
        first, second = np.nonzero(differing <= most_distance)
        first, second = first[second > first] + start, second[second > first] + start
        alike = _correlation(prints, first, second) >= LEAST_CORRELATION
        found.append(np.stack([first[alike], second[alike]]))
    return tuple(np.concatenate(found, axis=1)) if found else tuple(np.empty((2, 0), dtype=np.int64))


def _table(prints: Fingerprints, first: np.ndarray, second: np.ndarray, kind: str) -> pd.DataFrame:
    distance = np.bitwise_count(prints.hashes[first] ^ prints.hashes[second]).astype(np.int64)
    correlation = np.round(_correlation(prints, first, second).astype(np.float64), 4)
    return pd.DataFrame(dict(zip(COLUMNS, (first, second, kind, distance, correlation), strict=True)))


def _correlation(prints: Fingerprints, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    correlation = np.empty(len(first), dtype=np.float32)
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        correlation[some] = np.einsum("nd,nd->n", prints.gradients[first[some]], prints.gradients[second[some]])
    return correlation
