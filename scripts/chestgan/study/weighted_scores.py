"""Scores of a classifier under many weightings of its test images, all at the cost of one sorting.

A weighting is a resample of patients, or all patients but one. All arms and seeds are scored under the same weights, so
their differences are paired.
"""

import numpy as np

from chestgan.base.errors import unknown_name
from chestgan.metrics.score_tables import SCORES


def weighted_score(
    name: str,
    labels: np.ndarray,
    predicted: np.ndarray,
    decided: np.ndarray,
    probability: np.ndarray,
    positive: str | int,
    weights: np.ndarray,
) -> np.ndarray:
    """Score one classifier under many weightings of its images; weights of 1 give the score itself.

    Args:
        name: one of `SCORES`, defined as in `scores.class_scores`.
        labels: (N,) true classes.
        predicted: (N,) predicted classes, of the same kind.
        decided: (N,) bool, whether the image is called `positive` when it is held against the rest.
        probability: (N,) of `positive`, in [0, 1].
        positive: the class that is held against the rest.
        weights: (B, N), at least 0.

    Returns:
        (B,) float64; nan where the score is undefined.
    """
    truth = labels == positive
    match name:
        case "accuracy":
            return _weighted_mean(labels == predicted, weights)
        case "balanced_accuracy":
            chosen = [labels == label for label in np.unique(labels)]
            return np.mean([_weighted_mean(predicted[c] == labels[c], weights[:, c]) for c in chosen], axis=0)
        case "sensitivity":
            return _weighted_mean(decided[truth], weights[:, truth])
        case "specificity":
            return _weighted_mean(~decided[~truth], weights[:, ~truth])
        case "ppv":
            return _weighted_mean(truth[decided], weights[:, decided])
        case "npv":
            return _weighted_mean(~truth[~decided], weights[:, ~decided])
        case "f1":
            # F1 is the share of true positives among all images that are or are called positive, those that are both
            # counted twice
            both, either = truth & decided, truth.astype(float) + decided
            return _ratio(2 * weights @ both, weights @ either)
        case "roc_auc":
            return weighted_roc_auc(truth, probability, weights)
        case "pr_auc":
            return weighted_pr_auc(truth, probability, weights)
        case "brier":
            return _weighted_mean((probability - truth) ** 2, weights)
    raise unknown_name("score", name, SCORES)


def weighted_roc_auc(truth: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the area under the ROC curve: the share of pairs in the right order, ties half (Mann and Whitney 1947).

    Args:
        truth: (N,) bool.
        probability: (N,) finite.
        weights: (B, N), at least 0.

    Returns:
        (B,) float64; nan where a class has no weight.
    """
    positive, negative = _weights_by_value(truth, probability, weights)
    below = np.cumsum(negative, axis=1) - negative / 2
    return _ratio((positive * below).sum(axis=1), positive.sum(axis=1) * negative.sum(axis=1))


def weighted_pr_auc(truth: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the average precision: the precision at each threshold, weighted by the recall that it adds.

    Arguments and result are those of `weighted_roc_auc`.
    """
    positive, negative = _weights_by_value(truth, -probability, weights)
    found = np.cumsum(positive, axis=1)
    precision = _ratio(found, np.cumsum(positive + negative, axis=1))
    # nothing found yet adds no recall
    return _ratio((positive * np.nan_to_num(precision)).sum(axis=1), found[:, -1])


def _weights_by_value(truth: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum the weights of positive and of negative images at each distinct value, from low to high: two (B, V)."""
    order = np.argsort(values, kind="stable")
    first = np.flatnonzero(np.diff(values[order], prepend=-np.inf))
    sorted_weights, sorted_truth = weights[:, order], truth[order]
    positive = np.add.reduceat(sorted_weights * sorted_truth, first, axis=1)
    negative = np.add.reduceat(sorted_weights * ~sorted_truth, first, axis=1)
    return positive, negative


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _ratio(weights @ values, weights.sum(axis=1))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; nan where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
