"""Fractions of the training patients of a split: nested, and with the same share of each class."""

import numpy as np
import pandas as pd

from chestgan.base.errors import UserError
from chestgan.data import patients

# a training takes two images of a class for each batch
_LEAST_PATIENTS = 2


def count(n_patients: int, real_fraction: float) -> int:
    """Count the patients of a class in a fraction of them: the nearest whole number."""
    return int(real_fraction * n_patients + 0.5)


def choose(train: pd.DataFrame, real_fraction: float, seed: int) -> np.ndarray:
    """Choose a fraction of the patients of each class, with all their images: (N,) bool.

    Each seed puts the patients of a class in an order of its own, and a fraction is the beginning of it: so a smaller
    one is a part of a larger one.

    Args:
        train: label and patient of each training image; a patient with several labels counts as of the commonest.
        real_fraction: in (0, 1].

    Raises:
        UserError: it leaves a class too few patients.
    """
    label_of, random, chosen = patients.majority(train, "label"), np.random.default_rng(seed), []
    require_patients(label_of.value_counts().to_dict(), real_fraction)
    for label in sorted(label_of.unique()):
        ordered = random.permutation(sorted(label_of.index[label_of == label]))
        chosen += list(ordered[: count(len(ordered), real_fraction)])
    return train["patient"].isin(chosen).to_numpy()


def require_patients(n_patients: dict[str, int], real_fraction: float) -> None:
    """Refuse a fraction that leaves a class too few patients.

    Args:
        n_patients: of all training patients, by class.

    Raises:
        UserError: names the class.
    """
    for label, n in sorted(n_patients.items()):
        if count(n, real_fraction) < _LEAST_PATIENTS:
            raise UserError(
                f"real_fraction {real_fraction:g} leaves {count(n, real_fraction)} of the {n} training patients of "
                f"class {label!r}; expected at least {_LEAST_PATIENTS} of each class: take a larger fraction"
            )
