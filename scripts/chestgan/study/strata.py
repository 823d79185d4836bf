"""The strata of patients: those whose images have the same set of labels."""

import numpy as np


def by_labels(patient_of_image: np.ndarray, labels: np.ndarray) -> dict[tuple[str, ...], list[int]]:
    """Group the numbers of patients by the labels that they have, in alphabetical order.

    Args:
        patient_of_image: (N,) int64, the number of each image's patient, from 0 on.
        labels: (N,) of each image.
    """
    strata: dict[tuple[str, ...], list[int]] = {}
    for patient in range(patient_of_image.max() + 1):
        strata.setdefault(tuple(np.unique(labels[patient_of_image == patient])), []).append(patient)
    return strata
