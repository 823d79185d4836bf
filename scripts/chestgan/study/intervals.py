"""Intervals of scores and of their differences, over patients and over trainings, without random numbers.

The mean over S trainings varies with the test patients and with the trainings. The variance between trainings on the
same patients holds the chance of a training, and how patients and trainings go together; the covariance over patients
between two trainings holds what is left: the patients alone (Obuchowski and Rockette 1995). The two are independent, so
an interval is a quantile of a sum of two variables of Student's t, each with its own degrees of freedom (Behrens and
Fisher): with few trainings it is as wide as that has to be.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from chestgan.study import jackknife

# that a patient of the smaller class is worth in the interval of a score
_MOST_IMAGES = 3
# in standard deviations of a normal variable
_PLACES = np.linspace(-8, 8, 1001)


class Trainings(NamedTuple):
    """The scores of an arm's trainings on the same test images.

    Attributes:
        values: (S,).
        left_out: (S, P), the same without each patient, in the order of `jackknife.leave_out`.
    """

    values: np.ndarray
    left_out: np.ndarray


class Estimate(NamedTuple):
    """A mean score, or a difference of two, and what is known of its error.

    Attributes:
        value: the mean, or the difference.
        errors: standard errors of the two independent parts, patients and trainings; nan where they are unknown.
        degrees: degrees of freedom of each.
    """

    value: float
    errors: tuple[float, float]
    degrees: tuple[float, float]


def of_mean(trainings: Trainings, stratum: np.ndarray) -> Estimate:
    """Estimate the mean score of all trainings that could be, on all patients that could be tested.

    With one training there is no variance over trainings, and so no error.
    """
    n = len(trainings.values)
    covariance = jackknife.covariance(trainings.left_out, trainings.left_out, stratum)
    degrees = jackknife.degrees_of_freedom(trainings.left_out.mean(axis=0), stratum)
    errors = np.sqrt(_of_patients(_between(covariance), covariance.mean(), n)), _error_of_mean(trainings.values)
    return Estimate(float(trainings.values.mean()), tuple(map(float, errors)), (degrees, max(1, n - 1)))


def of_one(value: float, left_out: np.ndarray, stratum: np.ndarray) -> Estimate:
    """Estimate a score on all patients that could be tested, of what training again would not change.

    Args:
        value: the score.
        left_out: (P,), the same without each patient.
        stratum: (P,), from `jackknife.leave_out`.
    """
    variance = jackknife.covariance(left_out[None], left_out[None], stratum).item()
    return Estimate(value, (float(np.sqrt(variance)), 0.0), (jackknife.degrees_of_freedom(left_out, stratum), 1))


def of_difference(one: Trainings, other: Trainings, paired: bool, stratum: np.ndarray) -> Estimate:
    """Estimate the difference of two mean scores, `one` less `other`.

    Args:
        one: of an arm.
        other: of the arm to compare with, on the same images.
        paired: whether training s of both has the same seed.
        stratum: (P,), from `jackknife.leave_out`.
    """
    if paired:
        return of_mean(Trainings(one.values - other.values, one.left_out - other.left_out), stratum)
    within = [jackknife.covariance(arm.left_out, arm.left_out, stratum) for arm in (one, other)]
    common = 2 * jackknife.covariance(one.left_out, other.left_out, stratum).mean()
    between, mean = (sum(map(part, within)) - common for part in (_between, np.mean))
    patients = _of_patients(between, mean, min(len(one.values), len(other.values)))
    moved = one.left_out.mean(axis=0) - other.left_out.mean(axis=0)
    degrees = jackknife.degrees_of_freedom(moved, stratum)
    variances = np.array([_error_of_mean(arm.values) ** 2 for arm in (one, other)])
    of_each = np.array([max(1, len(arm.values) - 1) for arm in (one, other)])
    # Welch 1947
    total = variances.sum()
    together = total**2 / (variances**2 / of_each).sum() if total > 0 else of_each.sum()
    errors = float(np.sqrt(patients)), float(np.sqrt(total))
    return Estimate(float(one.values.mean() - other.values.mean()), errors, (degrees, float(together)))


def difference_interval(estimate: Estimate, confidence: float) -> tuple[float, float]:
    """Compute the interval of a difference of two scores in [0, 1]; nan where an error is unknown."""
    half = _half_width(estimate, confidence)
    return max(estimate.value - half, -1.0), min(estimate.value + half, 1.0)


def score_interval(estimate: Estimate, confidence: float, n_patients: int) -> tuple[float, float]:
    """Compute the interval of a score in [0, 1]: the values from which the score lies no further than their own error.

    Wilson's interval (1927) of a share, with as many images as would give a share this error; but with no more than
    three times the patients of the smaller class, for few or no errors hardly tell how certain a score is. It stays
    within [0, 1], and ends below 1 where every patient is told rightly.

    Args:
        estimate: from `of_mean`.
        confidence: in (0, 1).
        n_patients: of the smaller class.
    """
    # here, for scipy takes longer to import than what else summarises a study
    from scipy.special import stdtrit

    score = estimate.value
    least = stdtrit(max(1, 2 * n_patients - 2), (1 + confidence) / 2) ** 2 / (_MOST_IMAGES * n_patients)
    half, variance = _half_width(estimate, confidence), score * (1 - score)
    # the squared error relative to that of a share of one image
    squared = max(half**2 / variance, least) if variance > 0 else half + least
    spread = np.sqrt(squared * variance + squared**2 / 4)
    low, high = ((score + squared / 2 + side * spread) / (1 + squared) for side in (-1, 1))
    # rounding must not lead out of [0, 1]
    return tuple(np.round([low, high], 12).tolist())


def detectable(estimate: Estimate, confidence: float, power: float = 0.8) -> float:
    """Compute the smallest true difference whose interval would exclude zero with this power; at most 1, or nan."""
    both = sum(t_sum_quantile(estimate.errors, estimate.degrees, level) for level in ((1 + confidence) / 2, power))
    return min(both, 1.0) if np.isfinite(both) else float("nan")


def t_sum_quantile(scales: Sequence[float], degrees: Sequence[float], level: float) -> float:
    """Compute a quantile of the sum of two independent variables of Student's t, each multiplied by its scale.

    Args:
        scales: two, at least 0.
        degrees: degrees of freedom of each, at least 1.
        level: in (0.5, 1).

    Returns:
        The quantile to about two digits, and better where tails are light; nan if a scale is.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr, stdtr, stdtrit

    if not np.isfinite(scales).all():
        return float("nan")
    parts = [part for part in zip(degrees, scales, strict=True) if part[1] > 0]
    alone = [scale * stdtrit(degree, level) for degree, scale in parts]
    if len(parts) < 2:
        return float(sum(alone))
    # the part with lighter tails is taken at many places, that with heavier tails in closed form
    (heavy, heavy_scale), (light, light_scale) = sorted(parts, key=lambda part: (part[0], -part[1]))
    shares = np.exp(-(_PLACES**2) / 2)
    places = light_scale * stdtrit(light, ndtr(-np.abs(_PLACES))) * -np.sign(_PLACES)

    def missing(quantile: float) -> float:
        return shares @ stdtr(heavy, (quantile - places) / heavy_scale) / shares.sum() - level

    # one of the two exceeds its own quantile beyond the mean of the level and 1, or their sum doesn't reach this
    highest = sum(scale * stdtrit(degree, (1 + level) / 2) for degree, scale in parts)
    return float(brentq(missing, 0, highest, rtol=1e-6))


def _half_width(estimate: Estimate, confidence: float) -> float:
    return t_sum_quantile(estimate.errors, estimate.degrees, (1 + confidence) / 2)


def _error_of_mean(values: np.ndarray) -> float:
    """Compute the standard error of the mean of (S,) values; nan for one, which shows no variance."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def _of_patients(between: float, of_mean: float, n_trainings: int) -> float:
    """Estimate the variance over patients that trainings have in common.

    By chance its estimate may be 0 or less; it is then the part of the variance of the mean that S trainings leave at
    least, for no interval may vanish where patients differ.
    """
    return max(between, of_mean / n_trainings, 0)


def _between(covariance: np.ndarray) -> float:
    """Average a (S, S) covariance over pairs of different trainings; nan for one."""
    n = len(covariance)
    return (covariance.sum() - np.trace(covariance)) / (n * (n - 1)) if n > 1 else float("nan")
