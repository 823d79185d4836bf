"""The table of a study: the scores of every arm, and its differences to the arms that it is compared with."""

import numpy as np
import pandas as pd

from chestgan.base.arm_kinds import ADDING
from chestgan.base.errors import UserError
from chestgan.metrics.catalogue import METRICS
from chestgan.metrics.score_tables import SCORES
from chestgan.study.arms import ARM, NO_GENERATOR, REAL, REFERENCE_ARMS
from chestgan.study.inputs import Runs
from chestgan.study.labels import score_label
from chestgan.study.weighted_scores import weighted_score

# how far a score may lie from that of the predictions beside it: more than rounding explains
_TOLERANCE = 1e-3


def arm_table(runs: pd.DataFrame, scores: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Average the runs of every arm over its seeds.

    Args:
        runs: one row per run, as `inputs.Runs.table`.
        scores: a row for each run and class, as `inputs.Runs.scores`; those of the positive class are taken.
        test: the test images: file, patient.

    Returns:
        A row for each arm and generator in the order of `runs`, with counts, means, and standard deviations over the
        seeds (n - 1; nan for one seed). A score that is undefined in one run has no mean.
    """
    table = runs.groupby(ARM, sort=False).agg(
        train_on=("train_on", "first"),
        augment=("augment", "first"),
        n_seeds=("seed", "size"),
        n_real_patients=("n_real_patients", _rounded_mean),
        n_train_real=("n_train_real", _rounded_mean),
        n_train_synthetic=("n_train_synthetic", _rounded_mean),
    )
    table.insert(3, "n_test_images", len(test))
    table.insert(4, "n_test_patients", test["patient"].nunique())
    groups = scores[scores["positive"].astype(bool)].groupby(ARM, sort=False)
    for score in SCORES:
        table[f"{score}_mean"] = groups[score].agg(lambda values: values.mean(skipna=False))
        table[f"{score}_sd"] = groups[score].agg(lambda values: values.std(skipna=False))
    return table.reset_index()


def _rounded_mean(counts: pd.Series) -> int:
    """Average counts over the seeds, which differ by the patients of each."""
    return round(counts.mean())


def with_metrics(table: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Add the metrics of each generator to its arms, as means over its seeds; other arms get those of real images of
    all classes.

    Args:
        table: from `arm_table`.
        measured: from `generator_table.measured`.
    """
    names = [name for metric in METRICS for name in (metric.name, metric.real_name)]
    groups = measured.rename(columns={"n": "n_distance"}).groupby("generator")
    means = groups.agg({"n_distance": "min"} | dict.fromkeys(names, "mean"))
    # copies raise the coverage, so it never stands without them
    means = means.assign(copies_share=groups["n_copies"].sum() / groups["n_images"].sum())
    n_classes = groups["n_classes"].min()
    complete = means[n_classes == n_classes.max()]
    real = complete.mean().to_frame(NO_GENERATOR).T.assign(n_distance=complete["n_distance"].min())
    real = real.assign(copies_share=np.nan, **{metric.name: real[metric.real_name] for metric in METRICS})
    beside = pd.concat([means, real]).loc[table["generator"]].reset_index(drop=True)
    return pd.concat([table.assign(extractor=measured["extractor"].iloc[0]), beside], axis=1)


def run_scores(runs: Runs, run: int, score: str, weights: np.ndarray) -> np.ndarray:
    """Score a run on weighted test images, (B, N) weights: (B,) float64."""
    return weighted_score(
        score,
        runs.test["label"].to_numpy(),
        runs.predicted[run],
        runs.decided[run],
        runs.probabilities[run],
        runs.positive_class,
        weights,
    )


def require_equal_scores(runs: Runs) -> None:
    """Refuse runs whose predictions don't give the scores beside them: the two come from different trainings."""
    ones = np.ones((1, len(runs.test)))
    given = runs.scores[runs.scores["positive"].astype(bool)].reset_index(drop=True)
    for run, name in enumerate(runs.table[[*ARM, "seed"]].itertuples(index=False, name=None)):
        for score in SCORES:
            computed = run_scores(runs, run, score, ones)[0]
            if not np.isclose(computed, given[score][run], rtol=0, atol=_TOLERANCE, equal_nan=True):
                raise UserError(
                    f"arm {name[0]} with generator {name[1]} and seed {name[2]}: predictions.csv gives "
                    f"{score_label(score)} {computed:.4f}, but scores.csv has {given[score][run]:.4f}; run "
                    "evaluate_classifier again"
                )


def family_confidence(confidence: float, n_comparisons: int) -> float:
    """Compute the confidence of each of several intervals that hold together at `confidence` (Bonferroni)."""
    return 1 - (1 - confidence) / max(1, n_comparisons)


def comparisons(table: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Select the arms that are compared with one of `REFERENCE_ARMS`: with `real` all others, with `real_augmented`
    those that add synthetic images to real ones; no row where the study has no such arm."""
    if not (table["arm"] == reference).any():
        return table.iloc[:0]
    return table[table["arm"] != REAL if reference == REAL else table["train_on"].isin(ADDING)]


def n_comparisons(table: pd.DataFrame) -> int:
    """Count the comparisons whose intervals are to hold together."""
    return sum(len(comparisons(table, reference)) for reference in REFERENCE_ARMS)
