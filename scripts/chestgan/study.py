"""A study's table and its verdict: what the runs of every arm gave, and what may be said of it."""

import numpy as np
import pandas as pd

from chestgan import generators, statistics
from chestgan.errors import UserError
from chestgan.study_inputs import NO_GENERATOR, REAL, REAL_AUGMENTED, Runs

# each score with the name that it has in a figure or a sentence
SCORES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier score",
}
LOWER_IS_BETTER = ("brier",)
# PPV and NPV are undefined where no image, or every one, is called positive
PRIMARY_SCORES = tuple(score for score in SCORES if score not in ("ppv", "npv"))
ARM = ["arm", "generator"]
DIFFERENCE_COLUMNS = ["difference", "difference_low", "difference_high", "family_low", "family_high"]
# the arms that others are compared with, and what the columns of these differences begin with
REFERENCES = {REAL: "", REAL_AUGMENTED: "augmented_"}
# a sentence lists no more comparisons than this; of more it names those that show a difference, and counts the others
_LISTED = 5
# below these a mean over trainings, or over patients of a class, is told with care
_FEW_SEEDS = 5
_FEW_PATIENTS = 30
# the share of images from sources of one class above which the scores may be those of telling sources
_CONFOUNDED = 0.5
# how far a score may lie from that of the predictions beside it: more than rounding explains
_TOLERANCE = 1e-3
_NOT_SHOWN = "no difference was shown"


def arm_table(runs: pd.DataFrame, scores: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Average the runs of every arm over its seeds.

    Args:
        runs: a row a run, as `study_inputs.Runs.table`.
        scores: a row for each run and class, as `study_inputs.Runs.scores`; those of the positive class are taken.
        test: the test images: file, patient.

    Returns:
        A row for each arm and generator in the order of `runs`, with counts, means, and standard deviations over the
        seeds (n - 1; nan for one seed). A score that is undefined in one run has no mean.
    """
    table = runs.groupby(ARM, sort=False).agg(
        train_on=("train_on", "first"),
        augment=("augment", "first"),
        n_seeds=("seed", "size"),
        n_train_real=("n_train_real", "first"),
        n_train_synthetic=("n_train_synthetic", "first"),
    )
    table.insert(3, "n_test_images", len(test))
    table.insert(4, "n_test_patients", test["patient"].nunique())
    groups = scores[scores["positive"].astype(bool)].groupby(ARM, sort=False)
    for score in SCORES:
        table[f"{score}_mean"] = groups[score].agg(lambda values: values.mean(skipna=False))
        table[f"{score}_sd"] = groups[score].agg(lambda values: values.std(skipna=False))
    return table.reset_index()


def with_distances(table: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Put each generator's distances and variety beside its arms, as means over its seeds. An arm without a generator
    gets those of real patients at the same n.

    Args:
        table: from `arm_table`.
        measured: from `generators.measured`.
    """
    groups = measured.rename(columns={"n": "n_distance"}).groupby("generator")
    names = [
        "fd",
        "kid",
        "real_fd",
        "real_kid",
        "coverage",
        "real_coverage",
        "nearest_ratio",
        "ms_ssim",
        "real_ms_ssim",
    ]
    means = groups.agg({"n_distance": "min"} | dict.fromkeys(names, "mean"))
    real = means.mean().to_frame(NO_GENERATOR).T.assign(n_distance=means["n_distance"].min(), nearest_ratio=1.0)
    real = real.assign(**{name: real[f"real_{name}"] for name in ("fd", "kid", "coverage", "ms_ssim")})
    beside = pd.concat([means, real]).loc[table["generator"]].reset_index(drop=True)
    return pd.concat([table.assign(extractor=measured["extractor"].iloc[0]), beside], axis=1)


def with_differences(
    table: pd.DataFrame, runs: Runs, score: str, confidence: float, n_bootstrap: int, seed: int
) -> pd.DataFrame:
    """Put `DIFFERENCE_COLUMNS` beside the arms, for each of `REFERENCES` with its prefix.

    They are the mean score less that of the reference, its interval at the confidence, and the interval that holds for
    all comparisons together: zero for the reference itself, nan for what isn't compared with it.
    """
    weights = statistics.patient_bootstrap(
        runs.test["patient"].to_numpy(), runs.test["label"].to_numpy(), n_bootstrap, seed
    )
    draws = np.stack([run_scores(runs, run, score, weights) for run in range(len(runs.table))])
    confidences = confidence, family_confidence(confidence, n_comparisons(table))
    beside = [table]
    for reference, prefix in REFERENCES.items():
        values = np.full((len(table), len(DIFFERENCE_COLUMNS)), np.nan)
        values[table["arm"] == reference] = 0
        for place in comparisons(table, reference).index:
            values[place, 0] = table[f"{score}_mean"][place] - table[f"{score}_mean"][table["arm"] == reference].item()
            drawn = _difference_draws(runs.table, draws, tuple(table.loc[place, ARM]), (reference, NO_GENERATOR), seed)
            values[place, 1:] = np.ravel([statistics.interval(drawn, level) for level in confidences])
        # rounding of sums must not put an interval above zero
        beside.append(pd.DataFrame(values.round(12), columns=[prefix + name for name in DIFFERENCE_COLUMNS]))
    return pd.concat(beside, axis=1)


def run_scores(runs: Runs, run: int, score: str, weights: np.ndarray) -> np.ndarray:
    """Score a run on weighted test images, (B, N) weights: (B,) float64."""
    return statistics.weighted_score(
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
                    f"{SCORES[score]} {computed:.4f}, but scores.csv has {given[score][run]:.4f}; run "
                    "evaluate_classifier again"
                )


def family_confidence(confidence: float, n_comparisons: int) -> float:
    """Give the confidence of each of several intervals that hold together at `confidence` (Bonferroni)."""
    return 1 - (1 - confidence) / max(1, n_comparisons)


def comparisons(table: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Take the arms that are compared with one of `REFERENCES`: with `real` all others, with `real_augmented` those
    that add synthetic images to real ones. None where there is no such arm."""
    if not (table["arm"] == reference).any():
        return table.iloc[:0]
    return table[table["arm"] != REAL if reference == REAL else table["train_on"] == "real_synthetic"]


def n_comparisons(table: pd.DataFrame) -> int:
    """Count the comparisons whose intervals are to hold together."""
    return sum(len(comparisons(table, reference)) for reference in REFERENCES)


def verdict(table: pd.DataFrame, score: str, confidence: float) -> str:
    """Say in a sentence or two what the study shows, and no more: an arm is better or worse only where the whole
    interval that holds for all comparisons together is.

    Args:
        table: from `with_differences`.
        score: the primary score.
        confidence: of all intervals together.
    """
    tested = f"On {table['n_test_images'].iloc[0]} images of {table['n_test_patients'].iloc[0]} test patients"
    if not (table["arm"] == REAL).any():
        return f"{tested} there is nothing to compare with: the study has no arm {REAL}, of real images alone."
    with_real, with_augmented = (comparisons(table, reference) for reference in REFERENCES)
    n = n_comparisons(table)
    if n == 0:
        return f"{tested} there is nothing to compare: the study has no arm but {REAL}."
    level, seeds = f"{100 * confidence:g} %", _seeds(table["n_seeds"])
    if n == 1:
        row = with_real.iloc[0]
        change, low, high = _change(row, REAL)
        return (
            f"{tested}, {_action(row)} changed {SCORES[score]} by {change} ({level} interval {low} to {high}, "
            f"{seeds}): {_outcome(row, REAL, score)}."
        )
    also, then = "", ""
    if len(with_augmented):
        also = f" and {len(with_augmented)} with these augmented"
        then = f" Against plain augmentation of the real images: {_outcomes(with_augmented, REAL_AUGMENTED, score)}."
    return (
        f"{tested}, {len(with_real)} comparisons of {SCORES[score]} with real images alone{also} ({seeds}; {level} "
        f"intervals for all {n} together, after Bonferroni): {_outcomes(with_real, REAL, score)}.{then}"
    )


def caveats(table: pd.DataFrame, test: pd.DataFrame, sources: pd.DataFrame) -> str:
    """Say in a sentence why the verdict is to be read with care; an empty text where nothing is known against it.

    Args:
        table: from `with_distances`.
        test: the test images: patient, label.
        sources: the images of all splits: label, and source where the data tell it.
    """
    reasons = []
    n_seeds = table["n_seeds"].min()
    if n_seeds < 2:
        reasons.append("with one seed the spread over trainings is not known")
    elif n_seeds < _FEW_SEEDS:
        reasons.append(f"{n_seeds} seeds tell little of the spread over trainings")
    patients = test.groupby("label")["patient"].nunique()
    if patients.min() < _FEW_PATIENTS:
        reasons.append(f"class {patients.idxmin()} has only {patients.min()} test patients")
    reasons += generators.caveats(table)
    share = confounded_share(sources)
    if share > _CONFOUNDED:
        reasons.append(
            f"{100 * share:.0f} % of the images come from a source with one class alone, so a classifier can tell the "
            "source instead of the class"
        )
    return f"Read it with care: {'; '.join(reasons)}." if reasons else ""


def confounded_share(images: pd.DataFrame) -> float:
    """Give the share of images whose source is known and has images of one class alone."""
    if "source" not in images:
        return 0.0
    n_classes = images.groupby("source")["label"].transform("nunique")
    return float(((images["source"] != "") & (n_classes == 1)).mean())


def _difference_draws(
    runs: pd.DataFrame, draws: np.ndarray, arm: tuple[str, str], reference: tuple[str, str], seed: int
) -> np.ndarray:
    """Draw the difference between two arms, given by name and generator, of the (runs, B) scores of all: (B,)."""
    rows = runs.groupby(ARM, sort=False).indices
    one, other = rows[arm], rows[reference]
    seeds = runs["seed"].to_numpy()
    # draws of patients and of seeds from one stream would go together
    seed_of_seeds = seed + 1
    return statistics.difference_draws(
        draws[one], draws[other], np.array_equal(seeds[one], seeds[other]), seed_of_seeds
    )


def _outcomes(compared: pd.DataFrame, reference: str, score: str) -> str:
    """List what comparisons with a reference show; of many those that show a difference, and how many others."""
    told, n = [], len(compared)
    for _, row in compared.iterrows():
        outcome, (change, low, high) = _outcome(row, reference, score), _change(row, reference)
        if n <= _LISTED or outcome != _NOT_SHOWN:
            told.append(f"{_action(row)} {change} ({low} to {high}), {outcome}")
    if len(told) < n:
        told.append(f"{_NOT_SHOWN} in {f'the other {n - len(told)}' if told else 'any of them'}")
    return "; ".join(told)


def _action(row: pd.Series) -> str:
    """Say what an arm does otherwise than the arm of real images alone."""
    generated, n_real = f"{row['n_train_synthetic']:.0f} images of {row['generator']}", f"{row['n_train_real']:.0f}"
    changed = " (augmented)" if row["augment"] else ""
    if row["train_on"] == "real_synthetic":
        return f"adding {generated} to {n_real} real ones{changed}"
    if row["train_on"] == "synthetic":
        return f"training on {generated} alone{changed}"
    return f"augmenting {n_real} real images" if row["augment"] else f"training as in arm {row['arm']}"


def _change(row: pd.Series, reference: str) -> tuple[str, str, str]:
    return tuple(_shown(row[REFERENCES[reference] + name]) for name in ("difference", "family_low", "family_high"))


def _shown(value: float) -> str:
    """Write a difference with its sign, and never one that isn't zero as zero."""
    if value and abs(value) < 0.0005:
        return np.format_float_positional(value, precision=1, unique=False, fractional=False, sign=True)
    return f"{value:+.3f}"


def _outcome(row: pd.Series, reference: str, score: str) -> str:
    low, high = (row[REFERENCES[reference] + name] for name in ("family_low", "family_high"))
    if not (low > 0 or high < 0):
        return _NOT_SHOWN
    return "better" if (low > 0) != (score in LOWER_IS_BETTER) else "worse"


def _seeds(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"{high} seed{'s' if high > 1 else ''}" if low == high else f"{low} to {high} seeds"
