"""The scores of a study by groups of its test images, such as hospitals, sexes or views."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from chestgan.base.errors import UserError
from chestgan.study import differences, intervals, jackknife
from chestgan.study.arms import ARM
from chestgan.study.inputs import Runs
from chestgan.study.sources import are_known

COLUMNS = ["column", "value", *ARM, "n_images", "n_patients", "n_positive_patients", "score", "low", "high"]
UNKNOWN = "unknown"
# fewer patients of a class leave no interval
_LEAST_PATIENTS = 10
_MOST_VALUES = 20


def require_columns(manifest: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse to group by what the images don't have, or by what has a value for nearly every image.

    Raises:
        UserError: it names the key of the configuration.
    """
    for column in columns:
        if column not in manifest:
            raise UserError(
                f"summarise_study.group_by has {column}, but the images have only {', '.join(manifest.columns)}; name "
                "the column in split_data.columns, so that it is carried through"
            )
        n_values = manifest[column].nunique()
        if n_values > _MOST_VALUES:
            raise UserError(
                f"summarise_study.group_by has {column}, which has {n_values} values; expected at most {_MOST_VALUES}, "
                "such as age groups"
            )


def group_table(
    runs: Runs, manifest: pd.DataFrame, columns: Sequence[str], score: str, confidence: float
) -> pd.DataFrame:
    """Score every arm on the test images of each group.

    Args:
        runs: the runs of the study.
        manifest: the images of all splits, with file and the columns.
        columns: to group by; the source is added where it is known, if it has no more than 20 values.
        score: the primary score.
        confidence: of the intervals.

    Returns:
        `COLUMNS`, a row for each value of each column and each arm. The score is nan where a group lacks a class, its
        interval where a class has fewer than 10 patients.
    """
    require_columns(manifest, columns)
    known = manifest.set_index("file").loc[runs.test["file"]]
    of_source = are_known(known) and known["source"].nunique() <= _MOST_VALUES
    rows = []
    for column in dict.fromkeys([*(["source"] if of_source else []), *columns]):
        values = known[column].fillna("").astype(str).replace("", UNKNOWN).to_numpy()
        for value in np.unique(values):
            rows += [[column, value, *row] for row in _scored(_chosen(runs, values == value), score, confidence)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _chosen(runs: Runs, chosen: np.ndarray) -> Runs:
    """Keep some of the test images."""
    kept = {name: getattr(runs, name)[:, chosen] for name in ("predicted", "decided", "probabilities")}
    return replace(runs, test=runs.test[chosen].reset_index(drop=True), **kept)


def _scored(runs: Runs, score: str, confidence: float) -> list[list]:
    """Score every arm: arm, generator, counts, the score and its interval."""
    positive = runs.test["label"] == runs.positive_class
    n_patients = [runs.test.loc[chosen, "patient"].nunique() for chosen in (positive, ~positive)]
    counts = [len(runs.test), runs.test["patient"].nunique(), n_patients[0]]
    names = list(runs.table[ARM].drop_duplicates().itertuples(index=False, name=None))
    if min(n_patients) == 0:
        return [[*name, *counts, *[np.nan] * 3] for name in names]
    left_out = jackknife.leave_out(runs.test["patient"].to_numpy(), runs.test["label"].to_numpy())
    arms, rows = differences.trainings(runs, score, left_out), []
    for name in names:
        ends = np.nan, np.nan
        if min(n_patients) >= _LEAST_PATIENTS:
            estimate = intervals.of_mean(arms[name].trainings, left_out.stratum)
            ends = intervals.score_interval(estimate, confidence, min(n_patients))
        rows.append([*name, *counts, arms[name].trainings.values.mean(), *ends])
    return rows
