"""The caveats of a study: why its verdict must be read with care."""

from collections.abc import Iterable, Sequence

import pandas as pd

from chestgan.base.arm_kinds import CONTROLS
from chestgan.images.image_set import LEAST_TEST_PATIENTS
from chestgan.metrics.catalogue import METRICS
from chestgan.metrics.metric import Metric
from chestgan.study import sources
from chestgan.study.arms import ARM, NO_GENERATOR
from chestgan.study.labels import arm_label
from chestgan.study.outcomes import BETTER
from chestgan.study.verdict import PATIENTS_UNKNOWN, listed

# below these a mean over trainings, or over patients of a class, needs care
_FEW_SEEDS = 5
_FEW_PATIENTS = 30
# on the way from a source that tells nothing of the class (0) to one that tells it always (1)
_CONFOUNDED = 0.5


def caveats(
    table: pd.DataFrame,
    images: pd.DataFrame,
    unfinished_arms: Sequence[tuple[str, str]],
    unfinished_generators: Sequence[str],
) -> list[str]:
    """List why the verdict must be read with care; nothing where nothing is known against it.

    Args:
        table: from `arm_table.with_metrics`, with outcomes.
        images: the images of all splits: patient, label, split, and source where the data have it.
        unfinished_arms: by arm and generator.
        unfinished_generators: by name.
    """
    test = images[images["split"] == "test"]
    return [
        *of_patients(test),
        *of_seeds(table["n_seeds"].min()),
        *of_trainings(unfinished_arms, unfinished_generators),
        *of_controls(table),
        *of_generators(table),
        *of_sources(images),
    ]


def of_patients(test: pd.DataFrame) -> list[str]:
    """Warn of test images without a patient, and of few patients of a class."""
    unknown, reasons = sources.share_without_patient(test), []
    if unknown == 1:
        reasons.append(PATIENTS_UNKNOWN)
    elif unknown > 0:
        reasons.append(f"{100 * unknown:.0f} % of the test images have no patient and count as patients of their own.")
    patients = test.groupby("label")["patient"].nunique()
    if patients.min() < _FEW_PATIENTS:
        counted = "images" if unknown == 1 else "patients"
        allowed = ", so few that they decide nothing (allow_small)" if patients.min() < LEAST_TEST_PATIENTS else ""
        reasons.append(f"Class {patients.idxmin()} has only {patients.min()} test {counted}{allowed}.")
    return reasons


def of_seeds(n: int) -> list[str]:
    """Warn of too few trainings to know their variance."""
    if n < 2:
        return ["With one seed the variance over trainings is unknown, so there are no intervals."]
    return [f"{n} seeds are few to know the variance over trainings; intervals are wide."] if n < _FEW_SEEDS else []


def of_trainings(arms: Sequence[tuple[str, str]], generators: Sequence[str]) -> list[str]:
    """Warn of trainings that ended before they were finished."""
    reasons = []
    if arms:
        reasons.append(
            f"Classifiers of {_named(arms)} came to their limit while they still learned: raise "
            "evaluate_classifier.kimg or passes."
        )
    if generators:
        keys = listed(f"generators.{generator}.kimg" for generator in generators)
        reasons.append(f"Images of {listed(generators)} still got nearer to real ones at the end: raise {keys}.")
    return reasons


def of_controls(table: pd.DataFrame) -> list[str]:
    """Warn of controls that made the classifier better, although they tell it nothing more than the real images do.

    Args:
        table: rows with arm, generator, train_on and outcome.
    """
    helped = table[table["train_on"].isin(CONTROLS) & (table["outcome"] == BETTER)]
    if helped.empty:
        return []
    arms = _named(helped[ARM].itertuples(index=False, name=None))
    return [
        f"Controls made the classifier better, although they tell nothing more than the real images do: {arms}. A "
        "benefit of other arms may come from what these have in common with them."
    ]


def of_generators(arms: pd.DataFrame) -> list[str]:
    """Warn of what the metrics find, such as generators whose images are all alike or copies.

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


def of_copies(generators: pd.DataFrame) -> list[str]:
    """Warn of generators that copy training images, from the first copy on.

    Args:
        generators: from `generator_table.table`.
    """
    return [
        f"Copies of training images: {row.n_copies:.0f} of {row.n_images:.0f} images of {row.generator} "
        f"({100 * row.copies_share:.1f} %, 95 % interval {100 * row.copies_low:.1f} to {100 * row.copies_high:.1f} %) "
        "are one picture with a training image, or lie nearer to one than every unseen patient."
        for row in generators[generators["n_copies"] > 0].itertuples()
    ]


def of_sources(images: pd.DataFrame) -> list[str]:
    """Warn of sources that tell the class, or that aren't known."""
    told, n = sources.told_by_source(images), images["label"].nunique()
    if told is None:
        return ["Sources unknown: whether a classifier tells the source instead of the class can't be seen."]
    if (told - 1 / n) / (1 - 1 / n) <= _CONFOUNDED:
        return []
    return [
        f"The source alone tells the class of {100 * told:.0f} % of the test images (chance: {100 / n:.0f} %), so a "
        "classifier can tell the source instead of the class."
    ]


def _named(arms: Iterable[tuple[str, str]]) -> str:
    """Name arms in a sentence, with semicolons, for their names have commas."""
    return "; ".join(arm_label(*arm) for arm in arms)


def _warning(metric: Metric, generators: pd.DataFrame) -> str:
    words = metric.warning.format(
        generators=listed(generators["generator"]),
        values=_range(generators[metric.name]),
        real_values=_range(generators[metric.real_name]),
    )
    return f"{words[0].upper()}{words[1:]}."


def _range(values: pd.Series) -> str:
    low, high = (f"{value:.2f}" for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"
