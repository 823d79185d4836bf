"""How many more real patients an arm is worth: where the curve of real images alone reaches its score.

Between the numbers of patients that were trained with, the score of real images alone is taken as linear in the
logarithm of the number. The interval holds all numbers of patients at which real images alone would not differ from
the arm, by the project's own interval of a difference (Fieller 1954): so it has the error of the curve, too.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from chestgan.study import intervals
from chestgan.study.intervals import Estimate, Trainings

# places in each stretch of the curve, and halvings that then find an end between two of them
_PLACES, _HALVINGS = 12, 12


class Worth(NamedTuple):
    """The patients by which an arm is ahead of real images alone of its own patients.

    Attributes:
        patients: nan where it isn't known, an infinity beyond the curve.
        low: lower end of the interval; minus infinity where nothing bounds it.
        high: upper end; infinity where nothing bounds it.
        reason: why nothing can be told; None where something can.
    """

    patients: float
    low: float
    high: float
    reason: str | None = None


class Curve(NamedTuple):
    """The trainings of real images alone, over the number of patients.

    Attributes:
        patients: (K,) ascending.
        trainings: of each number of patients, with the same seeds.
    """

    patients: np.ndarray
    trainings: list[Trainings]


def worth(
    arm: Trainings, n_patients: float, curve: Curve, paired: bool, stratum: np.ndarray, confidence: float
) -> Worth:
    """Find how many patients more than it has an arm is worth.

    Args:
        arm: its trainings; a higher score is better.
        n_patients: that it has itself.
        curve: of real images alone, on the same test images.
        paired: whether training s of the arm has the seed of training s of each place of the curve.
        stratum: (P,), from `jackknife.leave_out`.
        confidence: in (0, 1).
    """
    if len(curve.patients) < 2:
        return _untold("real images alone were trained with one number of patients")
    if falls(curve, stratum, confidence):
        return _untold("more real patients made the classifier worse")
    rising = monotone(curve)

    def ends(patients: float) -> tuple[float, float]:
        estimate = intervals.of_difference(arm, at(rising, patients), paired, stratum)
        return intervals.difference_interval(estimate, confidence)

    reached = crossing(arm.values.mean(), rising, n_patients)
    places = _places(rising.patients, reached)
    tried = np.array([ends(place) for place in places])
    if np.isnan(tried).any():
        return _untold("the variance over trainings is unknown")
    like, found = (tried[:, 0] <= 0) & (tried[:, 1] >= 0), reached - n_patients
    if not like.any():
        beyond = found > 0
        return Worth(
            found, places[-1] - n_patients if beyond else -np.inf, np.inf if beyond else places[0] - n_patients
        )
    first, last = np.flatnonzero(like)[[0, -1]]
    if first == 0 and last == len(places) - 1:
        return Worth(found, -np.inf, np.inf, "real images alone of any of these numbers may be as good")
    low = -np.inf if first == 0 else _end(ends, places[first], places[first - 1]) - n_patients
    high = np.inf if last == len(places) - 1 else _end(ends, places[last], places[last + 1]) - n_patients
    return Worth(found, low, high)


def falls(curve: Curve, stratum: np.ndarray, confidence: float) -> bool:
    """Tell whether more patients are worse than fewer, by more than their interval."""
    pairs = [(few, many) for place, few in enumerate(curve.trainings) for many in curve.trainings[place + 1 :]]
    ends = [intervals.difference_interval(_between(few, many, stratum), confidence) for few, many in pairs]
    return any(high < 0 for _, high in ends)


def monotone(curve: Curve) -> Curve:
    """Replace neighbours that fall by their mean until none does (Ayer and others 1955)."""
    blocks: list[list[int]] = []
    means = [trainings.values.mean() for trainings in curve.trainings]
    for place in range(len(means)):
        blocks.append([place])
        while len(blocks) > 1 and np.mean([means[i] for i in blocks[-2]]) > np.mean([means[i] for i in blocks[-1]]):
            last = blocks.pop()
            blocks[-1] += last
    pooled = [_mean([curve.trainings[place] for place in block]) for block in blocks]
    return Curve(curve.patients, [one for block, one in zip(blocks, pooled, strict=True) for _ in block])


def at(curve: Curve, patients: float) -> Trainings:
    """Interpolate the trainings of real images alone to a number of patients within the curve."""
    logs = np.log(curve.patients)
    place = int(np.clip(np.searchsorted(logs, np.log(patients)) - 1, 0, len(logs) - 2))
    share = (np.log(patients) - logs[place]) / (logs[place + 1] - logs[place])
    return _mean(curve.trainings[place : place + 2], [1 - share, share])


def crossing(score: float, curve: Curve, near: float) -> float:
    """Find the number of patients at which a rising curve has a score: of several the nearest to `near`, an infinity
    beyond its ends."""
    means = np.array([trainings.values.mean() for trainings in curve.trainings])
    if score < means[0] or score > means[-1]:
        return np.inf if score > means[-1] else -np.inf
    found, logs = [], np.log(curve.patients)
    for place in range(len(means) - 1):
        low, high = means[place : place + 2]
        if low == high == score:
            found.append(float(np.clip(near, *curve.patients[place : place + 2])))
        elif low <= score <= high and low < high:
            found.append(float(np.exp(logs[place] + (score - low) / (high - low) * (logs[place + 1] - logs[place]))))
    return min(found, key=lambda patients: abs(patients - near))


def _places(patients: np.ndarray, reached: float) -> np.ndarray:
    """List numbers of patients along a curve, evenly in the logarithm between two of its own, and where it reaches the
    score, if it does."""
    stretches = [np.geomspace(*pair, _PLACES + 1)[:-1] for pair in itertools.pairwise(patients)]
    inside = [[reached]] if np.isfinite(reached) else []
    return np.unique(np.concatenate([*stretches, patients[-1:], *inside]))


def _end(ends: Callable[[float], tuple[float, float]], inside: float, outside: float) -> float:
    """Find between two numbers of patients where the arm begins to differ."""
    for _ in range(_HALVINGS):
        middle = np.sqrt(inside * outside)
        low, high = ends(middle)
        inside, outside = (middle, outside) if low <= 0 <= high else (inside, middle)
    return float(outside)


def _between(few: Trainings, many: Trainings, stratum: np.ndarray) -> Estimate:
    return intervals.of_difference(many, few, True, stratum)


def _mean(trainings: Sequence[Trainings], weights: Sequence[float] | None = None) -> Trainings:
    """Average trainings of the same seeds, one by one."""
    values, left_out = (np.average([one[part] for one in trainings], axis=0, weights=weights) for part in (0, 1))
    return Trainings(values, left_out)


def _untold(reason: str) -> Worth:
    return Worth(np.nan, -np.inf, np.inf, reason)
