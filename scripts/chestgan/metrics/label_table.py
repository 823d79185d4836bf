"""How well labels say what images show: what a classifier of real images reads in labelled ones, class by class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

COLUMNS = ["class", "n", "recall", "mean_probability"]


def confusion_columns(classes: Sequence[str]) -> list[str]:
    """List the columns that count the images read as each class."""
    return [f"read_as_{label}" for label in classes]


def label_table(
    labels: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """Make a row for each class that has images: what they are read as.

    Args:
        labels: (N,) int64, the numbers of the images' own classes.
        predicted: (N,) int64, the numbers of the classes that they are read as.
        probabilities: (N, K) float64 of every class.
        classes: the K labels.

    Returns:
        `COLUMNS`: the class, its images, the share of them that is read as it, and the mean probability of it; then
        the counts of `confusion_columns`.
    """
    rows = []
    for number in np.unique(labels):
        of_class = labels == number
        counts = np.bincount(predicted[of_class], minlength=len(classes))
        row = [classes[number], of_class.sum(), counts[number] / of_class.sum(), probabilities[of_class, number].mean()]
        rows.append([*row, *counts])
    return pd.DataFrame(rows, columns=[*COLUMNS, *confusion_columns(classes)])
