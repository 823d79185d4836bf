"""A second reading of the arms, at equal steps: how well each had learned when the same number of images was shown.

The scores are those of trainings that the validation patients stopped, each in its own time. So that nobody has to
wonder whether an arm is better for having trained longer, the lowest validation loss is read again within the images
that every arm of a seed was shown. It is of validation patients, not of test patients, who are looked at once.
"""

import numpy as np
import pandas as pd

from chestgan.study.arms import ARM, NO_GENERATOR, REAL

COLUMNS = ["equal_kimg", "equal_loss", "equal_difference", "equal_low", "equal_high"]


def with_equal_steps(table: pd.DataFrame, histories: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Add `COLUMNS` to the arms: thousand images shown, the lowest validation loss until then, and its difference.

    Losses are means over the seeds. Differences are to the arm `real` with the same seeds, with Student's t interval
    over them; below zero an arm has learned better. Nan where an arm was shown nothing of its last images by then.

    Args:
        table: rows with arm and generator.
        histories: arm, generator, seed, kimg and validation_loss of every validation.
        confidence: of each interval alone, in (0, 1).
    """
    shown = histories.groupby([*ARM, "seed"])["kimg"].max()
    least = shown.groupby("seed").min()
    until = histories[histories["kimg"] <= histories["seed"].map(least)]
    lowest = until.groupby([*ARM, "seed"])["validation_loss"].min().reindex(shown.index)
    real = lowest.loc[REAL, NO_GENERATOR] if (REAL, NO_GENERATOR) in lowest.index.droplevel("seed") else None
    rows = []
    for arm in table[ARM].itertuples(index=False, name=None):
        of_arm = lowest.loc[arm]
        differences = np.full(1, np.nan) if real is None else (of_arm - real).to_numpy()
        kimg, loss = least.loc[of_arm.index].mean(), of_arm.mean(skipna=False)
        rows.append([kimg, loss, differences.mean(), *_interval(differences, confidence)])
    return table.assign(**dict(zip(COLUMNS, np.array(rows).T, strict=True)))


def _interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Compute the interval of the mean of (S,) values; nan for one."""
    from scipy.special import stdtrit

    n, mean = len(values), values.mean()
    if n < 2:
        return float("nan"), float("nan")
    half = stdtrit(n - 1, (1 + confidence) / 2) * values.std(ddof=1) / np.sqrt(n)
    return mean - half, mean + half
