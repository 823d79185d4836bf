"""What each comparison of a study shows, and where it can't tell."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from chestgan.metrics.score_tables import LOWER_IS_BETTER
from chestgan.study.arm_table import comparisons
from chestgan.study.arms import ARM, NO_GENERATOR, REFERENCE_ARMS

BETTER, WORSE, NOT_SHOWN, UNKNOWN = "better", "worse", "no difference shown", "can't be told"
OUTCOME_COLUMNS = ["outcome", "reason"]
_ONE_SEED, _FEW_ERRORS = "one seed; raise seeds", "too few errors; test more patients"


def with_outcomes(
    table: pd.DataFrame,
    score: str,
    unfinished_arms: Collection[tuple[str, str]],
    unfinished_generators: Collection[str],
) -> pd.DataFrame:
    """Add `OUTCOME_COLUMNS` to the arms, for each of `REFERENCE_ARMS` with its prefix; None where nothing is compared.

    An arm is better or worse only where its whole interval for all comparisons together is. A difference can't be told
    where there is no interval, where a classifier's training of either arm is unfinished, or where a generator that
    doesn't help is.

    Args:
        table: from `differences.with_differences`.
        score: the primary score.
        unfinished_arms: by arm and generator.
        unfinished_generators: by name.
    """
    added = {f"{prefix}{name}": [None] * len(table) for prefix in REFERENCE_ARMS.values() for name in OUTCOME_COLUMNS}
    for reference, prefix in REFERENCE_ARMS.items():
        for place, row in comparisons(table, reference).iterrows():
            classifiers = {tuple(row[ARM]), (reference, NO_GENERATOR)} & set(unfinished_arms)
            n_seeds = min(row["n_seeds"], table.loc[table["arm"] == reference, "n_seeds"].item())
            ends = row[f"{prefix}family_low"], row[f"{prefix}family_high"]
            outcome, reason = _shown(*ends, score in LOWER_IS_BETTER), None
            if np.isnan(ends[0]):
                outcome, reason = UNKNOWN, _ONE_SEED if n_seeds < 2 else _FEW_ERRORS
            elif classifiers:
                outcome, reason = UNKNOWN, "classifiers unfinished; raise evaluate_classifier.kimg or passes"
            elif row["generator"] in unfinished_generators and outcome != BETTER:
                outcome, reason = UNKNOWN, f"generator unfinished; raise generators.{row['generator']}.kimg"
            added[f"{prefix}outcome"][place], added[f"{prefix}reason"][place] = outcome, reason
    return table.assign(**added)


def _shown(low: float, high: float, lower_is_better: bool) -> str:
    if not (low > 0 or high < 0):
        return NOT_SHOWN
    return BETTER if (low > 0) != lower_is_better else WORSE
