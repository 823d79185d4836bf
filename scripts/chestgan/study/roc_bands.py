"""ROC curves of several seeds, and their uncertainty over patients."""

import numpy as np


def mean_roc_band(
    truth: np.ndarray,
    probabilities: np.ndarray,
    weights: np.ndarray,
    false_positive: np.ndarray,
    confidence: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the pointwise interval over patients of the ROC curve that is the mean over the seeds.

    Args:
        truth: (N,) bool.
        probabilities: (S, N) of the positive class, one row per seed.
        weights: (B, N) of resamples of patients, from `bootstrap.patient_bootstrap`.
        false_positive: (P,) rates at which the curves are taken.
        confidence: in (0, 1).

    Returns:
        Its lower and its upper end: two (P,) float64 in [0, 1].
    """
    rates = sum(weighted_roc(truth, probability, weights, false_positive) for probability in probabilities)
    tail = (1 - confidence) / 2
    low, high = np.quantile(rates / len(probabilities), [tail, 1 - tail], axis=0)
    return low, high


def weighted_roc(
    truth: np.ndarray, probability: np.ndarray, weights: np.ndarray, false_positive: np.ndarray
) -> np.ndarray:
    """Compute the ROC curve of each weighting of the images, at given false-positive rates: (B, P) float64.

    Arguments as in `mean_roc_band`, but for one seed. Between two thresholds a curve is a straight line; where it rises
    straight up its top counts.
    """
    order = np.argsort(-probability, kind="stable")
    last_of_value = np.flatnonzero(np.diff(probability[order], append=-np.inf))
    found, alarmed = (
        np.cumsum(weights[:, order] * of_class[order], axis=1)[:, last_of_value] for of_class in (truth, ~truth)
    )
    found, alarmed = (np.pad(counts / counts[:, -1:], ((0, 0), (1, 0))) for counts in (found, alarmed))
    return np.array([np.interp(false_positive, x, y) for x, y in zip(alarmed, found, strict=True)])
