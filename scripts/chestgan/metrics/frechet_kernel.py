"""Distances between two samples of features: Fréchet distance and kernel distance, exact on small samples."""

import numpy as np


def frechet_distance(features_a: np.ndarray, features_b: np.ndarray) -> float:
    """Compute the squared Fréchet distance between the Gaussians fitted to two samples.

    |m_a - m_b|² + Tr(S_a + S_b - 2 (S_a S_b)^½) (Heusel et al. 2017, arXiv 1706.08500, equation 6; Dowson and Landau
    1982), with unbiased covariances. With the centred rows A = (x - m) / √(n - 1), S = AᵀA and the trace of the root
    is the nuclear norm of A_a A_bᵀ: the singular values of a small matrix instead of the root of a (d, d) one, exact
    and without an epsilon for singular covariances.

    Args:
        features_a: (n_a, d), at least 2 rows; any real dtype, computed in float64.
        features_b: (n_b, d), at least 2 rows; n_b may differ from n_a.

    Returns:
        The distance, at least 0. It is biased upwards, the more the smaller n: compare values at equal n only.

    Raises:
        ValueError: fewer than 2 rows, other widths, or values that aren't finite.
    """
    a, b = _checked(features_a, features_b)
    rows_a, rows_b = _centred_rows(a), _centred_rows(b)
    trace_of_root = np.linalg.norm(rows_a @ rows_b.T, ord="nuc")
    means = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)
    # rounding puts the distance of a sample to itself as often below zero as above
    return max(0.0, float(means + np.sum(rows_a**2) + np.sum(rows_b**2) - 2 * trace_of_root))


def kernel_distance(
    features_a: np.ndarray, features_b: np.ndarray, n_subsets: int, subset_size: int, seed: int
) -> tuple[float, float]:
    """Compute the kernel distance: the unbiased squared MMD with the kernel (x·y / d + 1)³, and its standard error.

    Over Inception's features it is the KID (Bińkowski et al. 2018, arXiv 1801.01401, equation 4 and section 4). The
    mean over random subsets, as it is usually reported, only approximates the estimate over all rows; here that
    estimate itself is the first value, so that neither the subsets nor the seed change it. The standard error is the
    standard deviation of the estimates over random halves drawn without replacement (delete-half jackknife, Shao and
    Wu 1989). No subset takes more than half of the smaller sample (but always 2 rows): larger ones would all be nearly
    the same. Where both samples come from one distribution it is too large, by up to √3.

    Args:
        features_a: (n_a, d), at least 2 rows; any real dtype, computed in float64.
        features_b: (n_b, d), at least 2 rows.
        n_subsets: Subsets for the standard error, at least 2.
        subset_size: Rows of a subset, at least 2; the largest that is used is half of the smaller sample.
        seed: Seed of the subsets.

    Returns:
        Distance and standard error, raw (not times 1000). The distance is unbiased, so it is below zero about as often
        as above where both samples come from one distribution. The error is nan with fewer than 3 rows, which have no
        subset.

    Raises:
        ValueError: fewer than 2 rows, other widths, values that aren't finite, or fewer than 2 subsets or rows in one.
    """
    if n_subsets < 2 or subset_size < 2:
        raise ValueError(
            f"found {n_subsets} subsets of {subset_size} rows; a standard error needs at least 2 of at least 2"
        )
    a, b = _checked(features_a, features_b)
    kernels = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    mean = float(_unbiased_mmd(*kernels, np.ones((1, len(a))), np.ones((1, len(b))))[0])
    fewer = min(len(a), len(b))
    if fewer < 3:
        return mean, float("nan")
    subset_size = min(subset_size, max(2, fewer // 2))
    random = np.random.default_rng(seed)
    chosen_a, chosen_b = (_subsets(random, n_subsets, len(rows), subset_size) for rows in (a, b))
    return mean, float(np.std(_unbiased_mmd(*kernels, chosen_a, chosen_b)))


def _checked(features_a: np.ndarray, features_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(features_a, dtype=np.float64), np.asarray(features_b, dtype=np.float64)
    for features in (a, b):
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(f"found features of shape {features.shape}; a distance needs (n, d) with at least 2 rows")
        if not np.isfinite(features).all():
            raise ValueError("found features that aren't finite; a distance needs finite ones")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"found features of {a.shape[1]} and of {b.shape[1]} numbers; expected the same extractor")
    return a, b


def _centred_rows(features: np.ndarray) -> np.ndarray:
    """Compute A of at most d rows with AᵀA the unbiased covariance: (min(n, d), d)."""
    rows = (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
    # A = QR and AᵀA = RᵀR: the square factor carries the same covariance as many rows do
    return np.linalg.qr(rows, mode="r") if len(rows) > rows.shape[1] else rows


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _subsets(random: np.random.Generator, n_subsets: int, n: int, subset_size: int) -> np.ndarray:
    """Draw subsets without replacement: (n_subsets, n) float64, 1 where a row is in the subset, else 0."""
    chosen = np.zeros((n_subsets, n))
    chosen[:, :subset_size] = 1
    return random.permuted(chosen, axis=1)


def _unbiased_mmd(
    kernel_aa: np.ndarray, kernel_bb: np.ndarray, kernel_ab: np.ndarray, chosen_a: np.ndarray, chosen_b: np.ndarray
) -> np.ndarray:
    """Estimate the squared MMD on each subset without the diagonal: (n_subsets,) float64."""
    n_a, n_b = chosen_a.sum(axis=1), chosen_b.sum(axis=1)
    within_a = np.sum(chosen_a @ kernel_aa * chosen_a, axis=1) - chosen_a @ np.diagonal(kernel_aa)
    within_b = np.sum(chosen_b @ kernel_bb * chosen_b, axis=1) - chosen_b @ np.diagonal(kernel_bb)
    between = np.sum(chosen_a @ kernel_ab * chosen_b, axis=1)
    return within_a / (n_a * (n_a - 1)) + within_b / (n_b * (n_b - 1)) - 2 * between / (n_a * n_b)
