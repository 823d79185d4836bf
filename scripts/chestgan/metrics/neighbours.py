"""Euclidean distances between features, from which nearest neighbours are found."""

import numpy as np


def distances(features_a: np.ndarray, features_b: np.ndarray) -> np.ndarray:
    """Compute the Euclidean distances of all pairs of rows: (n_a, n_b) float64."""
    a, b = np.asarray(features_a, dtype=np.float64), np.asarray(features_b, dtype=np.float64)
    squared = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2 * a @ b.T
    # rounding puts a distance of zero as often below zero as above
    return np.sqrt(np.maximum(squared, 0))
