"""The split of patients into train, validation and test."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from chestgan.base.errors import UserError
from chestgan.data import patients
from chestgan.images.image_set import SPLITS

# a source with fewer patients in a class can't be in every fold, and is pooled with the others like it
_FEWEST_IN_STRATUM = 5
_MOST_FOLDS = 20
_OTHER_SOURCES = "\0other"


def assign(table: pd.DataFrame, test_fraction: float, validation_fraction: float, seed: int) -> np.ndarray:
    """Assign each image to a split, so that no patient is in two and each class is in all three.

    Args:
        table: label, patient and source of each image, in an order that doesn't depend on the file system.
        validation_fraction: the share of what the test leaves.

    Returns:
        (N,) str, of `SPLITS`.

    Raises:
        UserError: a class has fewer than three patients.
    """
    label_of = patients.majority(table, "label")
    require_patients(label_of, sorted(table["label"].unique()))
    stratum_of = strata(table)
    split_of = pd.Series("train", index=label_of.index, dtype=object)
    in_test = choose(table, label_of, stratum_of, test_fraction, seed=2 * seed)
    split_of[in_test] = "test"
    rest = table[~table["patient"].isin(in_test)]
    split_of[choose(rest, label_of, stratum_of, validation_fraction, seed=2 * seed + 1)] = "validation"
    n_images = table.groupby("patient").size()
    for label in sorted(label_of.unique()):
        _fill_empty(split_of, label_of.index[label_of == label], n_images)
    return table["patient"].map(split_of).to_numpy(dtype=str)


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


def _fill_empty(split_of: pd.Series, members: pd.Index, n_images: pd.Series) -> None:
    """Move a patient of a class into each split that has none, from the split with most, in place."""
    for split in SPLITS:
        if (split_of[members] == split).any():
            continue
        fullest = split_of[members].value_counts().sort_index().idxmax()
        givers = members[split_of[members] == fullest]
        split_of[min(givers, key=lambda patient: (n_images[patient], patient))] = split
