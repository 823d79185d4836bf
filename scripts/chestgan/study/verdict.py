"""The verdict of a study in lines, the answer first, and the caveats: what speaks against relying on it."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from chestgan.metrics.catalogue import METRICS
from chestgan.metrics.metric import Metric
from chestgan.metrics.score_tables import LOWER_IS_BETTER
from chestgan.study.arm_table import comparisons, n_comparisons
from chestgan.study.arms import NO_GENERATOR, REAL, REAL_AUGMENTED, REFERENCE_ARMS
from chestgan.study.labels import score_label

# of more comparisons only those that show a difference are listed, and the others are counted
_LISTED = 5
# below these a mean over trainings, or over patients of a class, needs care
_FEW_SEEDS = 5
_FEW_PATIENTS = 30
# the share of images from sources of one class above which a classifier may tell the source instead of the class
_CONFOUNDED = 0.5
_BETTER, _WORSE, _NOT_SHOWN = "better", "worse", "no difference shown"


def verdict(table: pd.DataFrame, score: str, confidence: float) -> list[str]:
    """State what the study shows, and no more: an arm is better or worse only where its whole interval is.

    Args:
        table: from `with_differences`.
        score: the primary score.
        confidence: of all intervals together.

    Returns:
        Lines: the answer, what was tested, and for each reference arm a heading and an item a comparison.
    """
    tested = f"{table['n_test_images'].iloc[0]} images of {table['n_test_patients'].iloc[0]} test patients"
    if not (table["arm"] == REAL).any():
        return ["There is nothing to compare with.", f"Tested on {tested}; the study has no arm {REAL}."]
    n = n_comparisons(table)
    if n == 0:
        return ["There is nothing to compare.", f"Tested on {tested}; the study has no arm but {REAL}."]
    together = f"for all {n} comparisons together (Bonferroni)" if n > 1 else "for the one comparison"
    lines = [
        _answer(table, score),
        f"{score_label(score)} on {tested}, {_seeds(table['n_seeds'])}; {100 * confidence:g} % intervals {together}.",
    ]
    for reference, heading in (
        (REAL, "Against real images alone:"),
        (REAL_AUGMENTED, "Against standard augmentation of the real images:"),
    ):
        compared = comparisons(table, reference)
        if len(compared):
            lines += [heading, *(f"- {item}" for item in _outcomes(compared, reference, score))]
    return lines


def caveats(table: pd.DataFrame, test: pd.DataFrame, sources: pd.DataFrame) -> list[str]:
    """List why the verdict must be read with care; nothing where nothing is known against it.

    Args:
        table: from `with_metrics`.
        test: the test images: patient, label.
        sources: the images of all splits: label, and source where the data have it.
    """
    reasons = []
    n_seeds = table["n_seeds"].min()
    if n_seeds < 2:
        reasons.append("With one seed the variance over trainings is unknown.")
    elif n_seeds < _FEW_SEEDS:
        reasons.append(f"{n_seeds} seeds are few to know the variance over trainings.")
    patients = test.groupby("label")["patient"].nunique()
    if patients.min() < _FEW_PATIENTS:
        reasons.append(f"Class {patients.idxmin()} has only {patients.min()} test patients.")
    reasons += generator_warnings(table)
    share = confounded_share(sources)
    if share > _CONFOUNDED:
        reasons.append(
            f"{100 * share:.0f} % of the images come from a source with one class alone, so a classifier can tell the "
            "source instead of the class."
        )
    return reasons


def as_text(verdict: list[str], caveats: list[str]) -> str:
    """Write verdict and caveats as the lines of a text."""
    return "\n".join([*verdict, *(["Read with care:", *(f"- {reason}" for reason in caveats)] if caveats else []), ""])


def confounded_share(images: pd.DataFrame) -> float:
    """Compute the share of images whose source is known and has images of one class alone."""
    if "source" not in images:
        return 0.0
    n_classes = images.groupby("source")["label"].transform("nunique")
    return float(((images["source"] != "") & (n_classes == 1)).mean())


def generator_warnings(arms: pd.DataFrame) -> list[str]:
    """List what the metrics warn of, such as generators whose images are all alike or copies.

    Args:
        arms: rows with generator (or `NO_GENERATOR`) and the metrics.
    """
    generators = arms[arms["generator"] != NO_GENERATOR].drop_duplicates("generator")
    warnings = []
    for metric in METRICS:
        if metric.warns:
            pairs = zip(generators[metric.name], generators[metric.real_name], strict=True)
            bad = generators[[metric.warns(*pair) for pair in pairs]]
            warnings += [_warning(metric, bad)] if len(bad) else []
    return warnings


def _warning(metric: Metric, generators: pd.DataFrame) -> str:
    words = metric.warning.format(
        generators=_listed(generators["generator"]),
        values=_range(generators[metric.name]),
        real_values=_range(generators[metric.real_name]),
    )
    return f"{words[0].upper()}{words[1:]}."


def _answer(table: pd.DataFrame, score: str) -> str:
    """Answer the study's question in a sentence: did synthetic images help, and more than standard augmentation?"""
    with_real = comparisons(table, REAL)
    helped = _generators(with_real, REAL, score, _BETTER)
    if not helped:
        harmed = _generators(with_real[with_real["train_on"] == "real_synthetic"], REAL, score, _WORSE)
        also = f", and adding those of {_listed(harmed)} made the classifier worse" if harmed else ""
        return f"No benefit of synthetic images was shown{also}."
    answer = f"Synthetic images of {_listed(helped)} made the classifier better than real images alone"
    if not (table["arm"] == REAL_AUGMENTED).any():
        return f"{answer}; the study has no arm {REAL_AUGMENTED} to compare with."
    beyond = _generators(comparisons(table, REAL_AUGMENTED), REAL_AUGMENTED, score, _BETTER)
    both = [generator for generator in helped if generator in beyond]
    if not both:
        return f"{answer}, but no benefit beyond standard augmentation was shown."
    return f"{answer}, and those of {_listed(both)} better than standard augmentation."


def _generators(compared: pd.DataFrame, reference: str, score: str, outcome: str) -> list[str]:
    """List the generators of the arms whose comparison with a reference has this outcome."""
    synthetic = compared[compared["generator"] != NO_GENERATOR]
    chosen = [_outcome(row, reference, score) == outcome for _, row in synthetic.iterrows()]
    return list(dict.fromkeys(synthetic["generator"][chosen]))


def _outcomes(compared: pd.DataFrame, reference: str, score: str) -> list[str]:
    """List what comparisons with a reference show; of many those that show a difference, and how many others."""
    items, n = [], len(compared)
    for _, row in compared.iterrows():
        outcome, (change, low, high) = _outcome(row, reference, score), _change(row, reference)
        if n <= _LISTED or outcome != _NOT_SHOWN:
            items.append(f"{_action(row)}: {change} ({low} to {high}), {outcome}")
    if len(items) < n:
        items.append(f"{f'the other {n - len(items)}' if items else f'all {n}'}: {_NOT_SHOWN}")
    return items


def _action(row: pd.Series) -> str:
    """Describe how an arm differs from the arm of real images alone."""
    generated, n_real = f"{row['n_train_synthetic']:.0f} images of {row['generator']}", f"{row['n_train_real']:.0f}"
    augmented = " (augmented)" if row["augment"] else ""
    if row["train_on"] == "real_synthetic":
        return f"adding {generated} to {n_real} real ones{augmented}"
    if row["train_on"] == "synthetic":
        return f"training on {generated} alone{augmented}"
    return f"augmenting {n_real} real images" if row["augment"] else f"training as in arm {row['arm']}"


def _outcome(row: pd.Series, reference: str, score: str) -> str:
    low, high = (row[REFERENCE_ARMS[reference] + name] for name in ("family_low", "family_high"))
    if not (low > 0 or high < 0):
        return _NOT_SHOWN
    return _BETTER if (low > 0) != (score in LOWER_IS_BETTER) else _WORSE


def _change(row: pd.Series, reference: str) -> tuple[str, str, str]:
    names = ("difference", "family_low", "family_high")
    return tuple(_signed(row[REFERENCE_ARMS[reference] + name]) for name in names)


def _signed(value: float) -> str:
    """Write a difference with its sign, and never one that isn't zero as zero."""
    if value and abs(value) < 0.0005:
        return np.format_float_positional(value, precision=1, unique=False, fractional=False, sign=True)
    return f"{value:+.3f}"


def _seeds(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"{high} seed{'s' if high > 1 else ''}" if low == high else f"{low} to {high} seeds"


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _range(values: pd.Series) -> str:
    low, high = (f"{value:.2f}" for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"
