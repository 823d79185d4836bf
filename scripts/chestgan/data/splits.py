"""The split of patients into train, validation and test."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from chestgan.base.errors import UserError, did_you_mean
from chestgan.data import patients
from chestgan.images.image_set import LEAST_TEST_PATIENTS, SPLITS

# a source with fewer patients in a class can't be in every fold, and is pooled with the others like it
_FEWEST_IN_STRATUM = 5
_MOST_FOLDS = 20
_OTHER_SOURCES = "\0other"


class Parts(NamedTuple):
    """How images are split.

    Attributes:
        test_fraction: share of the images for the test split.
        validation_fraction: share of the rest for the validation split.
        seed: of the split.
        test_source: a source whose patients are all the test split, in place of that share.
        allow_small: whether a class may have so few test patients that they decide nothing.
    """

    test_fraction: float
    validation_fraction: float
    seed: int
    test_source: str | None = None
    allow_small: bool = False

    @property
    def of_test(self) -> str:
        """The key of the configuration that decides which patients test, and its value."""
        if self.test_source is not None:
            return f"split_data.test_source is {self.test_source!r}"
        return f"split_data.test_fraction is {self.test_fraction:g}"


def assign(table: pd.DataFrame, parts: Parts) -> np.ndarray:
    """Assign each image to a split, so that no patient is in two and each class is in all three.

    Args:
        table: label, patient and source of each image, in an order that doesn't depend on the file system.

    Returns:
        (N,) str, of `SPLITS`.

    Raises:
        UserError: a class has fewer than three patients, or the source to test on can't be held out.
    """
    label_of = patients.majority(table, "label")
    require_patients(label_of, sorted(table["label"].unique()))
    stratum_of = strata(table)
    split_of = pd.Series("train", index=label_of.index, dtype=object)
    if parts.test_source is None:
        in_test = choose(table, label_of, stratum_of, parts.test_fraction, seed=2 * parts.seed)
        filled = SPLITS
    else:
        in_test = require_source(table, parts.test_source)
        filled = ("train", "validation")
    split_of[in_test] = "test"
    rest = table[~table["patient"].isin(in_test)]
    split_of[choose(rest, label_of, stratum_of, parts.validation_fraction, seed=2 * parts.seed + 1)] = "validation"
    n_images = table.groupby("patient").size()
    for label in sorted(label_of.unique()):
        members = label_of.index[(label_of == label) & ((split_of != "test") | ("test" in filled))]
        _fill_empty(split_of, members, n_images, filled)
    return table["patient"].map(split_of).to_numpy(dtype=str)


def require_source(table: pd.DataFrame, source: str) -> list[str]:
    """List the patients with an image of a source, which is to be the test split.

    Raises:
        UserError: the source doesn't exist, or it or the others have too few patients of a class.
    """
    label_of, sources = patients.majority(table, "label"), sorted(set(table["source"]) - {""})
    held_out = sorted(table.loc[table["source"] == source, "patient"].unique())
    if source not in sources:
        known = (
            f"the sources are {', '.join(sources)}" if sources else "no source is known: name split_data.source_column"
        )
        raise UserError(
            f"split_data.test_source is {source!r}, which no image has; {known}{did_you_mean(source, sources)}"
        )
    counts = {}
    for label in sorted(label_of.unique()):
        of_class = label_of.index[label_of == label]
        counts[label] = int(of_class.isin(held_out).sum()), int((~of_class.isin(held_out)).sum())
    if min(n for n, _ in counts.values()) < 1 or min(n for _, n in counts.values()) < len(SPLITS) - 1:
        shown = ", ".join(f"{label} {n} (others {n_others})" for label, (n, n_others) in counts.items())
        raise UserError(
            f"split_data.test_source is {source!r}, and its patients are {shown}; it needs patients of each class to "
            "test on, and the other sources at least 2, for train and validation"
        )
    return held_out


def require_test_patients(table: pd.DataFrame, parts: Parts) -> None:
    """Refuse a test split in which a class has so few patients that they decide nothing.

    Args:
        table: patient, label and split of each image.
    """
    counts = table[table["split"] == "test"].groupby("label")["patient"].nunique()
    if not parts.allow_small and counts.min() < LEAST_TEST_PATIENTS:
        shown = ", ".join(f"{label} {n}" for label, n in counts.items())
        raise UserError(
            f"{parts.of_test}, which leaves too few test patients: {shown}; a class needs at least "
            f"{LEAST_TEST_PATIENTS}: change it, add patients, or set split_data.allow_small to try things out"
        )


def require_patients(label_of: pd.Series, classes: Sequence[str], clue: str = "") -> None:
    """Refuse classes with fewer patients than splits.

    Args:
        label_of: the label of each patient.
    """
    counts = {label: int((label_of == label).sum()) for label in classes}
    if min(counts.values()) < len(SPLITS):
        shown = ", ".join(f"{label} {n}" for label, n in counts.items())
        raise UserError(
            f"too few patients to split: {shown}; each class needs at least {len(SPLITS)}, one for each of "
            f"{', '.join(SPLITS)}{clue}"
        )


def strata(table: pd.DataFrame) -> pd.Series:
    """Assign each patient to a stratum: its label and, where enough patients share it, its source."""
    who = pd.DataFrame({"label": patients.majority(table, "label"), "source": patients.majority(table, "source")})
    n_patients = who.groupby(["label", "source"])["label"].transform("size")
    who.loc[n_patients < _FEWEST_IN_STRATUM, "source"] = _OTHER_SOURCES
    n_patients = who.groupby(["label", "source"])["label"].transform("size")
    for label in who["label"].unique():
        of_class = who["label"] == label
        few = of_class & (n_patients < _FEWEST_IN_STRATUM)
        if few.any() and not few[of_class].all():
            who.loc[few, "source"] = who.loc[of_class & ~few, "source"].mode()[0]
    return who["label"] + "\0" + who["source"]


def choose(table: pd.DataFrame, label_of: pd.Series, stratum_of: pd.Series, fraction: float, seed: int) -> list[str]:
    """Choose patients that hold about this fraction of each stratum's images.

    The images are cut into folds by stratum and patient, and the seed says which folds are taken: the first fold would
    always be given the largest patient.
    """
    fewest = int(label_of[table["patient"].unique()].value_counts().min())
    # the cutter wants as many images in a stratum as folds, which strata by source may not have
    most_in_stratum = int(table["patient"].map(stratum_of).value_counts().max())
    n_folds, n_taken = folds(fraction, min(fewest, most_in_stratum))
    # here, for what only looks at the data has no use for it, and it takes a second to import
    from sklearn.model_selection import StratifiedGroupKFold

    random = np.random.default_rng(seed)
    cutter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=int(random.integers(2**31)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # small strata are meant
        cut = list(cutter.split(table, table["patient"].map(stratum_of), table["patient"]))
    taken = sorted(random.permutation(n_folds)[:n_taken])
    return sorted({patient for fold in taken for patient in table["patient"].iloc[cut[fold][1]]})


def folds(fraction: float, fewest: int) -> tuple[int, int]:
    """Choose the number of folds and how many of them come nearest to a fraction.

    Args:
        fewest: patients of the smallest class; more folds would leave some without it.
    """
    most = max(2, min(_MOST_FOLDS, fewest))
    pairs = [(n_folds, min(n_folds - 1, max(1, round(fraction * n_folds)))) for n_folds in range(2, most + 1)]
    return min(pairs, key=lambda pair: (round(abs(pair[1] / pair[0] - fraction), 9), pair[0]))


def counts(table: pd.DataFrame) -> pd.DataFrame:
    """Count images and patients by label, source and split: a row for each that occurs."""
    grouped = table.groupby(["label", "source", "split"])
    return grouped.agg(n_images=("file", "size"), n_patients=("patient", "nunique")).reset_index()


def shares(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Compute the share of each class's images in each split."""
    crossed = pd.crosstab(table["label"], table["split"], normalize="index").reindex(columns=SPLITS, fill_value=0.0)
    return {label: {split: round(float(row[split]), 4) for split in SPLITS} for label, row in crossed.iterrows()}


def _fill_empty(split_of: pd.Series, members: pd.Index, n_images: pd.Series, filled: Sequence[str]) -> None:
    """Move a patient of a class into each of these splits that has none, from the split with most, in place."""
    for split in filled:
        if (split_of[members] == split).any():
            continue
        fullest = split_of[members].value_counts().sort_index().idxmax()
        givers = members[split_of[members] == fullest]
        split_of[min(givers, key=lambda patient: (n_images[patient], patient))] = split
