"""The arms at fractions of the real training patients: what each shows there, and how many patients it is worth."""

import math
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from chestgan.base.arm_kinds import ADDING
from chestgan.base.real_fraction import WHOLE
from chestgan.metrics.score_tables import LOWER_IS_BETTER
from chestgan.study import differences, verdict
from chestgan.study.arm_table import comparisons, family_confidence, n_comparisons
from chestgan.study.arms import ARM, NO_GENERATOR, REAL, REAL_AUGMENTED, REFERENCE_ARMS
from chestgan.study.inputs import Runs
from chestgan.study.intervals import Trainings
from chestgan.study.jackknife import LeftOut
from chestgan.study.labels import score_label
from chestgan.study.outcomes import UNKNOWN
from chestgan.study.worth import Curve, Worth, worth

_COUNTS = ["n_seeds", "n_real_patients", "n_train_real", "n_train_synthetic"]
_COMPARED = ["difference", "family_low", "family_high", "outcome", "reason", "detectable"]
WORTH_COLUMNS = ["worth", "worth_low", "worth_high", "worth_told"]
COLUMNS = [
    *("real_fraction", *ARM, "train_on", "augment", *_COUNTS, "score", "score_low", "score_high"),
    *(f"{prefix}{name}" for prefix in REFERENCE_ARMS.values() for name in _COMPARED),
    *WORTH_COLUMNS,
]
# of the curve over patients
_REAL = (REAL, NO_GENERATOR)


def fraction_table(tables: Mapping[float, pd.DataFrame], score: str) -> pd.DataFrame:
    """Put the arms of all fractions below one another, the largest fraction first; no row where there is one alone.

    Args:
        tables: with outcomes, by fraction.
        score: the primary score.

    Returns:
        `COLUMNS` without those of what arms are worth.
    """
    renamed = {f"{score}_mean": "score", f"{score}_low": "score_low", f"{score}_high": "score_high"}
    rows = [
        table.rename(columns=renamed).assign(real_fraction=fraction)[COLUMNS[: -len(WORTH_COLUMNS)]]
        for fraction, table in sorted(tables.items(), reverse=True)
    ]
    return pd.concat(rows if len(rows) > 1 else [rows[0].iloc[:0]], ignore_index=True)


def n_together(tables: Mapping[float, pd.DataFrame]) -> int:
    """Count the comparisons at all fractions of the patients, whose intervals are to hold together."""
    return sum(n_comparisons(table) for table in tables.values())


def with_worths(
    table: pd.DataFrame,
    runs: Mapping[float, Runs],
    left_out: LeftOut,
    score: str,
    confidence: float,
    unfinished: Collection[float],
) -> pd.DataFrame:
    """Add `WORTH_COLUMNS`: how many more patients of real images alone an arm with a fraction of them is worth.

    Ends that nothing bounds are nan; `worth_told` says all of it in words, and is None where an arm isn't asked. The
    intervals hold for all of them together.

    Args:
        table: from `fraction_table`.
        runs: by fraction.
        left_out: of the test images.
        score: the primary score.
        confidence: of all intervals together.
        unfinished: the fractions at which a classifier of real images alone is unfinished.
    """
    asked = table[
        (table["real_fraction"] < WHOLE) & (table["train_on"].isin(ADDING) | (table["arm"] == REAL_AUGMENTED))
    ]
    added = {name: [None] * len(table) for name in WORTH_COLUMNS}
    arms = {fraction: differences.trainings(of, score, left_out) for fraction, of in runs.items()} if len(asked) else {}
    together = family_confidence(confidence, len(asked))
    curve = _curve(table, arms, score) if len(asked) else None
    for place, row in asked.iterrows():
        if row["outcome"] == UNKNOWN:
            found = Worth(np.nan, -np.inf, np.inf, row["reason"])
        elif unfinished:
            found = Worth(np.nan, -np.inf, np.inf, "classifiers of real images alone are unfinished at some fraction")
        else:
            arm = arms[row["real_fraction"]][tuple(row[ARM])]
            paired = arm.seeds == arms[row["real_fraction"]][_REAL].seeds
            values = _rising(arm.trainings, score)
            found = worth(values, row["n_real_patients"], curve, paired, left_out.stratum, together)
        numbers = (_finite(found.patients), _finite(found.low), _finite(found.high))
        for name, value in zip(WORTH_COLUMNS, (*numbers, told(found)), strict=True):
            added[name][place] = value
    return table.assign(**{name: pd.Series(values, table.index, dtype=object) for name, values in added.items()})


def told(found: Worth) -> str:
    """Say in words how many patients an arm is worth.

    Both ends are rounded outwards. An arm that may be worth nothing, and of which no upper end is known, tells nothing.
    """
    low = math.floor(found.low) if np.isfinite(found.low) else None
    high = math.ceil(found.high) if np.isfinite(found.high) else None
    if found.reason:
        return f"{UNKNOWN}: {found.reason}"
    if high is None and low is not None and low > 0:
        return f"at least {low} more"
    if high is None:
        return f"{UNKNOWN}: the curve of real images alone ends before"
    if low is None or not np.isfinite(found.patients):
        return f"at most {high} more" if high > 0 else f"at least {-high} fewer"
    n = round(found.patients)
    return f"{abs(n)} {'more' if n >= 0 else 'fewer'} ({low} to {high})"


def lines(table: pd.DataFrame, tables: Mapping[float, pd.DataFrame], score: str, confidence: float) -> list[str]:
    """Write what the fractions show: headings, and an item for each arm that differs or is worth something.

    Args:
        table: from `with_worths`.
        tables: with outcomes, by fraction.
        score: the primary score.
        confidence: of all intervals together.
    """
    if table.empty:
        return []
    written: list[str] = []
    n_whole = table.loc[table["real_fraction"] == WHOLE, "n_real_patients"].max()
    for fraction, of_fraction in sorted(tables.items(), reverse=True):
        for reference, prefix in REFERENCE_ARMS.items():
            compared = comparisons(of_fraction, reference)
            if fraction < WHOLE and len(compared):
                n = of_fraction["n_real_patients"].max()
                heading = verdict.HEADINGS[reference]
                written.append(f"With {n} of {n_whole} real training patients ({100 * fraction:g} %). {heading}:")
                written += [f"- {item}" for item in verdict.items(compared, prefix, most=1)]
    asked = table[table["worth_told"].notna()]
    if len(asked):
        written.append(
            f"Worth in real patients, by where the {score_label(score)} of real images alone is the same "
            f"({100 * confidence:g} % intervals for all {len(asked)} together):"
        )
        written += [
            f"- with {row['n_real_patients']} patients, {verdict.action(row)}: {row['worth_told']}"
            for _, row in asked.iterrows()
        ]
    return written


def caveats(table: pd.DataFrame, imported: Collection[str]) -> list[str]:
    """Warn of images from elsewhere, which are the same at every fraction of the patients.

    Args:
        table: from `fraction_table`.
        imported: the generators that weren't trained here.
    """
    same = sorted(set(table.loc[table["real_fraction"] < WHOLE, "generator"]) & set(imported))
    if not same:
        return []
    return [
        f"Images of {verdict.listed(same)} come from elsewhere and are the same with every fraction of the real "
        "patients: where patients of this study were in its training, arms with a fraction of them saw more than that."
    ]


def _curve(table: pd.DataFrame, arms: Mapping[float, Mapping], score: str) -> Curve:
    """Collect the trainings of real images alone, from few patients to all."""
    of_real = table[(table["arm"] == REAL)].sort_values("n_real_patients")
    fractions = [fraction for fraction in of_real["real_fraction"] if _REAL in arms[fraction]]
    patients = of_real.set_index("real_fraction").loc[fractions, "n_real_patients"].to_numpy(float)
    return Curve(patients, [_rising(arms[fraction][_REAL].trainings, score) for fraction in fractions])


def _rising(trainings: Trainings, score: str) -> Trainings:
    """Turn a score of which lower ones are better around."""
    sign = -1 if score in LOWER_IS_BETTER else 1
    return Trainings(sign * trainings.values, sign * trainings.left_out)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
