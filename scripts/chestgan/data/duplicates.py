"""Images that are one picture: equal bytes, or the same picture stored twice."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from chestgan.data import patients

# A perceptual hash of 64 bits takes one frontal chest for another too easily; the gradients of a small copy don't.
# Among 1,745 real chest X-rays and 738 CT slices no two patients reach 0.88; a copy saved again stays above 0.97.
THUMBNAIL_SIZE = 32
_N_FREQUENCIES = 8
LEAST_CORRELATION = 0.96
_ROWS_AT_ONCE = 512
_PAIRS_AT_ONCE = 5_000
COLUMNS = ["first", "second", "kind", "distance", "correlation"]


@dataclass(frozen=True)
class Fingerprints:
    """What is compared.

    Attributes:
        sha256: (N,) str, of the files' bytes.
        thumbnails: (N, THUMBNAIL_SIZE, THUMBNAIL_SIZE) uint8, from `thumbnail`.
        hashes: (N,) uint64, perceptual.
    """

    sha256: np.ndarray
    thumbnails: np.ndarray
    hashes: np.ndarray


def thumbnail(grey: np.ndarray) -> np.ndarray:
    """Make a small copy of an (H, W) uint8 image, whatever its size and aspect."""
    return np.asarray(Image.fromarray(grey).resize((THUMBNAIL_SIZE, THUMBNAIL_SIZE), Image.Resampling.BOX))


def fingerprints(sha256: np.ndarray, thumbnails: np.ndarray) -> Fingerprints:
    """Compute the fingerprints of images from their thumbnails."""
    hashes = [_hashes(thumbnails[start : start + _ROWS_AT_ONCE]) for start in range(0, len(thumbnails), _ROWS_AT_ONCE)]
    return Fingerprints(sha256, thumbnails, np.concatenate(hashes))


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


def find_between(table: pd.DataFrame, thumbnails: np.ndarray, most_distance: int) -> pd.DataFrame:
    """Find the pairs that matter, with the files, labels and patients of both sides.

    Args:
        table: file, sha256, label and patient of each image.
        thumbnails: as in `Fingerprints`.
        most_distance: bits in which the hashes of near duplicates may differ.
    """
    prints = fingerprints(table["sha256"].to_numpy(str), thumbnails)
    pairs = across(find(prints, most_distance), table)
    described = {
        f"{column}_{side}": table[column].to_numpy()[pairs[place]]
        for column in ("file", "label", "patient")
        for side, place in (("a", "first"), ("b", "second"))
    }
    return pd.concat([pd.DataFrame(described), pairs], axis=1)


def across(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Keep the pairs that matter: of two patients, of two labels, or of equal bytes.

    Two much alike films of one patient on one day aren't the same film.
    """
    first, second = table.iloc[pairs["first"]], table.iloc[pairs["second"]]
    other_patient = first["patient"].to_numpy() != second["patient"].to_numpy()
    other_label = first["label"].to_numpy() != second["label"].to_numpy()
    return pairs[other_patient | other_label | (pairs["kind"] == "exact").to_numpy()].reset_index(drop=True)


def to_drop(pairs: pd.DataFrame, labels: np.ndarray) -> np.ndarray:
    """Mark the images to drop, so that each picture is left once: (N,) bool.

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


def _hashes(thumbnails: np.ndarray) -> np.ndarray:
    """Compute the pHash of thumbnails: (N,) uint64, a bit for each low frequency that is above their median.

    After Zauner (Implementation and benchmarking of perceptual image hash functions, 2010, section 3.2.1).
    """
    frequencies, places = np.arange(_N_FREQUENCIES), np.arange(THUMBNAIL_SIZE)
    cosines = np.cos(np.pi * np.outer(frequencies, 2 * places + 1) / (2 * THUMBNAIL_SIZE))
    # one product with a row per pair of frequencies takes a tenth of the time of two products with each thumbnail
    amplitudes = thumbnails.reshape(len(thumbnails), -1) @ np.kron(cosines, cosines).T
    bits = amplitudes > np.median(amplitudes, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64).squeeze(1)


def _correlation(prints: Fingerprints, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute the cosine between the gradients of two thumbnails: (pairs,) float32."""
    correlation = np.empty(len(first), dtype=np.float32)
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        one, other = (_gradients(prints.thumbnails[places[some]]) for places in (first, second))
        correlation[some] = np.einsum("nd,nd->n", one, other)
    return correlation


def _gradients(thumbnails: np.ndarray) -> np.ndarray:
    """Compute the gradients of thumbnails: (N, d) float32, rows of length 1, or 0 where all is flat."""
    pixels = thumbnails.astype(np.float32)
    # over two pixels, which noise and a JPEG's blocks move less than those of neighbours
    down, right = pixels[:, 2:] - pixels[:, :-2], pixels[:, :, 2:] - pixels[:, :, :-2]
    gradients = np.concatenate([down.reshape(len(pixels), -1), right.reshape(len(pixels), -1)], axis=1)
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    return gradients / np.where(lengths, lengths, 1)
