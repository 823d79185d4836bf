"""Whether the trainings of a study were long enough: an unfinished one answers nothing."""

from collections.abc import Mapping

import pandas as pd

from chestgan.study.arms import ARM

# of the patience: with less left of it when the images ran out, the lowest loss came close to the end
_CLOSE = 0.5
# a generator was still getting nearer if the last fifth of its training brought it nearer by a tenth
_END, _NEARER = 0.8, 0.9


def is_unfinished(selected_kimg: float, shown_kimg: float, settings: Mapping[str, float]) -> bool:
    """Tell whether a classifier's training came to its limit with the lowest validation loss close to the end.

    Args:
        selected_kimg: thousand images shown before the lowest validation loss.
        shown_kimg: thousand images shown in all.
        settings: of evaluate_classifier: `patience` and `validation_kimg`.
    """
    return shown_kimg - selected_kimg < _CLOSE * settings["patience"] * settings["validation_kimg"]


def unfinished_arms(runs: pd.DataFrame) -> list[tuple[str, str]]:
    """Name the arms, by arm and generator, of which a classifier's training is unfinished.

    Args:
        runs: as `inputs.Runs.table`.
    """
    unfinished = runs.loc[runs["unfinished"].astype(bool), ARM]
    return list(unfinished.drop_duplicates().itertuples(index=False, name=None))


def unfinished_generators(histories: pd.DataFrame) -> list[str]:
    """Name the generators that were still getting nearer to the validation patients at the end, in half of their seeds.

    Args:
        histories: as `generator_inputs.read_histories` returns it.
    """
    if histories.empty:
        return []
    trainings = histories.groupby(["generator", "seed"], sort=False)[["kimg", "validation_kd"]]
    still = trainings.apply(_nearer_at_the_end).groupby("generator", sort=False).mean()
    return list(still.index[still >= 0.5])


def _nearer_at_the_end(history: pd.DataFrame) -> bool:
    before = history["validation_kd"][history["kimg"] <= _END * history["kimg"].max()].min()
    return bool(history["validation_kd"].min() < _NEARER * before) if before > 0 else False
