"""The intervals of a study: of every score of every arm, and of the differences to the arms that others are held to."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from chestgan.metrics.score_tables import SCORES
from chestgan.study import intervals
from chestgan.study.arm_table import comparisons, family_confidence, n_comparisons, run_scores
from chestgan.study.arms import ARM, NO_GENERATOR, REFERENCE_ARMS
from chestgan.study.inputs import Runs
from chestgan.study.intervals import Trainings
from chestgan.study.jackknife import LeftOut

DIFFERENCE_COLUMNS = ["difference", "difference_low", "difference_high", "family_low", "family_high"]
DETECTABLE = "detectable"
# below so many patients' worth of errors in the smaller class an interval doesn't hold the truth as often as it says:
# docs/statistics.md
LEAST_ERRORS = 0.5
# of rows to score at a time, so that large test sets fit into memory
_CELLS = 4_000_000


class Arm(NamedTuple):
    """The trainings of an arm: their seeds, and their scores."""

    seeds: tuple[str, ...]
    trainings: Trainings


def with_score_intervals(table: pd.DataFrame, runs: Runs, left_out: LeftOut, confidence: float) -> pd.DataFrame:
    """Add `<score>_low` and `<score>_high` of every score: nan where there can be no interval.

    Args:
        table: from `arm_table.arm_table`.
        runs: the runs of the table.
        left_out: of their test images.
        confidence: of each interval.
    """
    columns, n = {}, patients_of_smaller_class(runs)
    for score in SCORES:
        arms = trainings(runs, score, left_out)
        estimates = [intervals.of_mean(arms[name].trainings, left_out.stratum) for name in _names(table)]
        ends = [intervals.score_interval(estimate, confidence, n) for estimate in estimates]
        columns[f"{score}_low"], columns[f"{score}_high"] = zip(*ends, strict=True)
    return table.assign(**columns)


def with_differences(
    table: pd.DataFrame,
    runs: Runs,
    left_out: LeftOut,
    score: str,
    confidence: float,
    n_together: int | None = None,
) -> pd.DataFrame:
    """Add `DIFFERENCE_COLUMNS` and `DETECTABLE` to the arms, for each of `REFERENCE_ARMS` with its prefix.

    They are the mean score minus that of the reference, its interval at the confidence, the interval that holds for all
    comparisons together, and the smallest difference that this could have shown with a power of 80 %: zero for the
    reference itself, nan for what isn't compared with it and where there can be no interval. All comparisons together
    are those of the table, or `n_together`.
    """
    arms, n = trainings(runs, score, left_out), patients_of_smaller_class(runs)
    together = family_confidence(confidence, n_together or n_comparisons(table))
    beside = [table]
    for reference, prefix in REFERENCE_ARMS.items():
        values = np.full((len(table), len(DIFFERENCE_COLUMNS) + 1), np.nan)
        values[table["arm"] == reference] = 0
        for place in comparisons(table, reference).index:
            one, other = arms[tuple(table.loc[place, ARM])], arms[reference, NO_GENERATOR]
            values[place] = _compare(one, other, left_out, n, (confidence, together))
        # rounding of sums must not put an interval above zero
        names = [prefix + name for name in (*DIFFERENCE_COLUMNS, DETECTABLE)]
        beside.append(pd.DataFrame(values.round(12), columns=names))
    return pd.concat(beside, axis=1)


def trainings(runs: Runs, score: str, left_out: LeftOut) -> dict[tuple[str, str], Arm]:
    """Score every arm's trainings on all patients, and without each, by arm and generator.

    Where a generator was trained several times, its trainings are what varies: several classifiers on the images of one
    count as their mean.
    """
    arms = {}
    for name, places in runs.table.groupby(ARM, sort=False).indices.items():
        rows = runs.table.iloc[places]
        of_generators = rows["generator_seed"].nunique() > 1
        seeds = rows["generator_seed" if of_generators else "seed"].astype(str)
        scored = np.stack([np.append(*_scores(runs, run, score, left_out.weights)) for run in places])
        means = pd.DataFrame(scored).groupby(seeds.to_numpy(), sort=False).mean()
        arms[name] = Arm(tuple(means.index), Trainings(means[0].to_numpy(), means.drop(columns=0).to_numpy()))
    return arms


def patients_of_smaller_class(runs: Runs) -> int:
    """Count the test patients with the positive class, or those with another if they are fewer."""
    positive = runs.test["label"] == runs.positive_class
    return min(runs.test.loc[chosen, "patient"].nunique() for chosen in (positive, ~positive))


def too_few_errors(score: float, n_patients: int) -> bool:
    """Tell whether a mean score is so near to 0 or 1 that too few patients tell how certain it is.

    Args:
        score: in [0, 1]; of a comparison, the mean of both arms.
        n_patients: of the smaller class.
    """
    return bool(n_patients * min(score, 1 - score) < LEAST_ERRORS)


def _compare(one: Arm, other: Arm, left_out: LeftOut, n: int, confidences: tuple[float, float]) -> list[float]:
    """Compute the difference of two arms, its intervals, and the difference that the last one could have shown."""
    paired = one.seeds == other.seeds
    estimate = intervals.of_difference(one.trainings, other.trainings, paired, left_out.stratum)
    if too_few_errors((one.trainings.values.mean() + other.trainings.values.mean()) / 2, n):
        return [estimate.value, *[np.nan] * 5]
    ends = [intervals.difference_interval(estimate, confidence) for confidence in confidences]
    return [estimate.value, *np.ravel(ends), intervals.detectable(estimate, confidences[1])]


def _scores(runs: Runs, run: int, score: str, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score a run on all test images, and under each of (P, N) weightings: (1,) and (P,)."""
    rows = max(1, _CELLS // weights.shape[1])
    blocks = (weights[start : start + rows] for start in range(0, len(weights), rows))
    scored = [run_scores(runs, run, score, block) for block in blocks]
    return run_scores(runs, run, score, np.ones((1, weights.shape[1]))), np.concatenate(scored)


def _names(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(table[ARM].itertuples(index=False, name=None))
