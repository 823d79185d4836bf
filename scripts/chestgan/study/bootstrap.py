"""Uncertainty of a study's scores: a bootstrap over patients and over the seeds of the trainings.

A resample of patients is a row of weights: how often each image counts. All arms and seeds are scored under the same
weights, so their differences are paired, and thousands of resamples cost one sorting of the images.
"""

import numpy as np

from chestgan.base.errors import unknown_name
from chestgan.metrics.score_tables import SCORES


def patient_bootstrap(patients: np.ndarray, labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Resample patients with replacement, all images of a patient together.

    Patients are resampled within strata of the labels that they have, so that every resample has all classes.

    Args:
        patients: (N,) of each image.
        labels: (N,) of each image.
        n: number of resamples.
        seed: resamples depend on it and on the patients, not on the order of the images.

    Returns:
        (n, N) float64, how often each image counts in each resample.
    """
    names, patient_of_image = np.unique(patients, return_inverse=True)
    strata: dict[tuple[str, ...], list[int]] = {}
    for patient in range(len(names)):
        strata.setdefault(tuple(np.unique(labels[patient_of_image == patient])), []).append(patient)
    random = np.random.default_rng(seed)
    counts = np.empty((n, len(names)))
    for stratum in sorted(strata):
        members = strata[stratum]
        counts[:, members] = random.multinomial(len(members), np.full(len(members), 1 / len(members)), size=n)
    return counts[:, patient_of_image]


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


def resampled_differences(one: np.ndarray, other: np.ndarray, paired: bool, seed: int) -> np.ndarray:
    """Resample the difference between the mean scores of two arms, over patients and over the seeds of their trainings.

    Seeds are resampled with replacement beside the patients. S of S show only (S - 1) / S of their variance, half of it
    for two seeds, so a resample's distance from the even mean is stretched by sqrt(S / (S - 1)) (the rescaled bootstrap
    of Rao and Wu, 1988). One seed shows no variance over trainings: then only patients are resampled.

    Args:
        one: (S, B) scores of an arm: one row per seed, one column per resample of patients.
        other: (T, B) scores of the arm to compare with, under the same resamples.
        paired: whether row s of both arms is the same seed: they are then resampled together.
        seed: of the resamples of seeds.

    Returns:
        (B,) float64, mean score of `one` less that of `other`.
    """
    # another stream than the patients' of the same seed: the two must not go together
    random = np.random.default_rng((seed, 1))
    if paired:
        return _seed_means(one - other, random)
    return _seed_means(one, random) - _seed_means(other, random)


def interval(resamples: np.ndarray, confidence: float) -> tuple[float, float]:
    """Compute the percentile interval of (B,) resamples; nan if the score was undefined in one."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(resamples, [tail, 1 - tail])
    return float(low), float(high)


def mean_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Compute Student's t interval of the mean of (N,) values; nan for fewer than 2, which show no variance."""
    # here, for scipy takes longer to import than what else summarises a study
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return float("nan"), float("nan")
    half_width = stdtrit(n - 1, (1 + confidence) / 2) * np.std(values, ddof=1) / np.sqrt(n)
    return float(np.mean(values) - half_width), float(np.mean(values) + half_width)


def _seed_means(scores: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Average (S, B) scores over seeds resampled for every column: (B,)."""
    n_seeds, n_resamples = scores.shape
    if n_seeds == 1:
        return scores[0]
    share = random.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=n_resamples).T / n_seeds
    stretched = 1 / n_seeds + np.sqrt(n_seeds / (n_seeds - 1)) * (share - 1 / n_seeds)
    return (stretched * scores).sum(axis=0)


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
