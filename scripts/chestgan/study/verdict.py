"""The verdict of a study in lines, the answer first, and the caveats: what speaks against relying on it."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from chestgan.base.arm_kinds import ADDING, CONTROLS
from chestgan.study.arm_table import comparisons, n_comparisons
from chestgan.study.arms import NO_GENERATOR, REAL, REAL_AUGMENTED, REFERENCE_ARMS
from chestgan.study.labels import score_label
from chestgan.study.outcomes import BETTER, NOT_SHOWN, UNKNOWN, WORSE

PATIENTS_UNKNOWN = "Patients unknown: images are counted as patients; the true intervals are wider."
HEADINGS = {REAL: "Against real images alone", REAL_AUGMENTED: "Against standard augmentation of the real images"}
# of more comparisons only those that show a difference are listed, and the others are counted
_LISTED = 5


def verdict(table: pd.DataFrame, score: str, confidence: float, patients_known: bool = True) -> list[str]:
    """State what the study shows, and no more.

    Args:
        table: from `outcomes.with_outcomes`.
        score: the primary score.
        confidence: of all intervals together.
        patients_known: whether the test images have patients.

    Returns:
        Lines: those of `opening`, what was tested, and for each reference arm a heading and an item a comparison.
    """
    first = opening(table, patients_known)
    patients = f"{table['n_test_patients'].iloc[0]} test patients" if patients_known else "unknown patients"
    tested = f"{table['n_test_images'].iloc[0]} images of {patients}"
    if not (table["arm"] == REAL).any():
        return [*first, f"Tested on {tested}; the study has no arm {REAL}."]
    n = n_comparisons(table)
    if n == 0:
        return [*first, f"Tested on {tested}; the study has no arm but {REAL}."]
    together = f"for all {n} comparisons together (Bonferroni)" if n > 1 else "for the one comparison"
    lines = [
        *first,
        f"{score_label(score)} on {tested}, {_seeds(table['n_seeds'])}; {100 * confidence:g} % intervals {together}.",
    ]
    for reference, heading in HEADINGS.items():
        compared = comparisons(table, reference)
        if len(compared):
            lines += [f"{heading}:", *(f"- {item}" for item in items(compared, REFERENCE_ARMS[reference]))]
    return lines


def opening(table: pd.DataFrame, patients_known: bool = True) -> list[str]:
    """State the answer in two sentences, before it that patients are unknown, where they are.

    Arguments as in `verdict`.
    """
    first = [] if patients_known else [PATIENTS_UNKNOWN]
    if not (table["arm"] == REAL).any():
        return [*first, "There is nothing to compare with."]
    return [*first, *(answer(table) if n_comparisons(table) else ["There is nothing to compare."])]


def as_text(verdict: list[str], caveats: list[str]) -> str:
    """Write verdict and caveats as the lines of a text."""
    return "\n".join([*verdict, *(["Read with care:", *(f"- {reason}" for reason in caveats)] if caveats else []), ""])


def answer(table: pd.DataFrame) -> list[str]:
    """Answer the study's question in two sentences: did synthetic images help, and more than standard augmentation?

    Args:
        table: from `outcomes.with_outcomes`, of a study with the arm `real`.
    """
    with_real = comparisons(table, REAL)
    generated = with_real["generator"] != NO_GENERATOR
    synthetic = with_real[generated & ~with_real["train_on"].isin(CONTROLS)]
    if not len(synthetic):
        but = " but a control" if generated.any() else ""
        return [f"The study has no arm with synthetic images{but}.", _could_have_shown(with_real)]
    helped = _generators(synthetic, "outcome", BETTER)
    if helped:
        return [
            f"Synthetic images of {listed(helped)} made the classifier better than real images alone.",
            _beyond_augmentation(table, helped),
        ]
    if (synthetic["outcome"] == UNKNOWN).all():
        return ["Whether synthetic images help can't be told from this study.", _could_have_shown(synthetic)]
    harmed = _generators(synthetic[synthetic["train_on"].isin(ADDING)], "outcome", WORSE)
    also = f", and adding those of {listed(harmed)} made the classifier worse" if harmed else ""
    return [f"No benefit of synthetic images was shown{also}.", _could_have_shown(synthetic)]


def listed(names: Iterable[str]) -> str:
    """List names in a sentence: a, b and c."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _beyond_augmentation(table: pd.DataFrame, helped: list[str]) -> str:
    """Say whether generators that helped did more than standard augmentation."""
    compared = comparisons(table, REAL_AUGMENTED)
    if not len(compared):
        return f"Whether that is more than standard augmentation isn't known: the study has no arm {REAL_AUGMENTED}."
    prefix = REFERENCE_ARMS[REAL_AUGMENTED]
    beyond = _generators(compared, f"{prefix}outcome", BETTER)
    both = [generator for generator in helped if generator in beyond]
    if both:
        return f"Those of {listed(both)} made it better than standard augmentation, too."
    if (compared[f"{prefix}outcome"] == UNKNOWN).all():
        return "Whether that is more than standard augmentation can't be told."
    return "A benefit beyond standard augmentation was not shown."


def _could_have_shown(compared: pd.DataFrame) -> str:
    """Say how small a difference the study could have shown, or why it can't tell one."""
    undecided = compared[compared["outcome"] == NOT_SHOWN]
    smallest = undecided["detectable"].min()
    if smallest < 1:
        return f"With these patients and seeds it could have shown a difference of {smallest:.2f} or more."
    if len(undecided):
        return "With these patients and seeds it could have shown no difference at all."
    reasons = dict.fromkeys(compared.loc[compared["outcome"] == UNKNOWN, "reason"])
    return f"Why: {', and '.join(reasons)}." if reasons else "All its comparisons show a difference."


def _generators(compared: pd.DataFrame, column: str, outcome: str) -> list[str]:
    """List the generators of the arms whose comparison has this outcome."""
    return list(dict.fromkeys(compared.loc[compared[column] == outcome, "generator"]))


def items(compared: pd.DataFrame, prefix: str, most: int = _LISTED) -> list[str]:
    """Write the outcome of each comparison, or of more than `most` those alone that show a difference."""
    n, written = len(compared), []
    for _, row in compared.iterrows():
        if n <= most or row[f"{prefix}outcome"] in (BETTER, WORSE):
            written.append(_item(row, prefix))
    if len(written) < n:
        rest = compared[f"{prefix}outcome"].value_counts().drop([BETTER, WORSE], errors="ignore")
        told = rest.index[0] if len(rest) == 1 else listed(f"{count} {outcome}" for outcome, count in rest.items())
        written.append(f"{f'the other {n - len(written)}' if written else f'all {n}'}: {told}")
    return written


def _item(row: pd.Series, prefix: str) -> str:
    difference, low, high = (row[f"{prefix}{name}"] for name in ("difference", "family_low", "family_high"))
    interval = f" ({_signed(low)} to {_signed(high)})" if np.isfinite(low) else ""
    outcome, detectable = row[f"{prefix}outcome"], row[f"{prefix}detectable"]
    beside = ""
    if outcome == UNKNOWN:
        beside = f": {row[f'{prefix}reason']}"
    elif outcome == NOT_SHOWN:
        beside = f" (could have shown {f'{detectable:.2g}' if detectable < 1 else 'none'})"
    return f"{action(row)}: {_signed(difference)}{interval}, {outcome}{beside}"


def action(row: pd.Series) -> str:
    """Describe how an arm differs from the arm of real images alone."""
    generated, n_real = f"{row['n_train_synthetic']:.0f} images of {row['generator']}", f"{row['n_train_real']:.0f}"
    augmented = " (augmented)" if row["augment"] else ""
    if row["train_on"] == "real_synthetic":
        return f"adding {generated} to {n_real} real ones{augmented}"
    if row["train_on"] == "pretrained":
        return f"training on {generated} first, then on {n_real} real ones{augmented}"
    if row["train_on"] == "shuffled":
        return f"adding {generated} with permuted labels to {n_real} real ones{augmented}"
    if row["train_on"] == "duplicated":
        return f"training on {n_real} real images, repeats among them{augmented}"
    if row["train_on"] == "synthetic":
        return f"training on {generated} alone{augmented}"
    return f"augmenting {n_real} real images" if row["augment"] else f"training as in arm {row['arm']}"


def _signed(value: float) -> str:
    """Write a difference with its sign, and never one that isn't zero as zero."""
    if value and abs(value) < 0.0005:
        return np.format_float_positional(value, precision=1, unique=False, fractional=False, sign=True)
    return f"{value:+.3f}"


def _seeds(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"{high} seed{'s' if high > 1 else ''}" if low == high else f"{low} to {high} seeds"
