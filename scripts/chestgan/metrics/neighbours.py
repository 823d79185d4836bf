"""Euclidean distances between features, from which nearest neighbours are found."""

import numpy as np

# pairs at a time: half a gigabyte of distances, however many images there are
_PAIRS_AT_ONCE = 2**26


def distances(features_a: np.ndarray, features_b: np.ndarray) -> np.ndarray:
    """Compute the Euclidean distances of all pairs of rows: (n_a, n_b) float64."""
    a, b = np.asarray(features_a, dtype=np.float64), np.asarray(features_b, dtype=np.float64)
    squared = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2 * a @ b.T
    # rounding puts a distance of zero as often below zero as above
    return np.sqrt(np.maximum(squared, 0))


def nearest(features: np.ndarray, references: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest reference of each row, in memory that doesn't grow with the number of pairs.

    Args:
        features: (n_a, d).
        references: (n_b, d), at least one.

    Returns:
        Its distance, (n_a,) float64, and its place, (n_a,) int64.
    """
    n_rows = max(1, _PAIRS_AT_ONCE // len(references))
    distance, place = np.empty(len(features)), np.empty(len(features), dtype=np.int64)
    for start in range(0, len(features), n_rows):
        block = slice(start, start + n_rows)
        found = distances(features[block], references)
        place[block] = found.argmin(axis=1)
        distance[block] = found.min(axis=1)
    return distance, place
