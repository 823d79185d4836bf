"""Resamples of patients, for bands around curves: a row of weights, how often each image counts."""

import numpy as np

from chestgan.study.strata import by_labels


def patient_bootstrap(patients: np.ndarray, labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Resample patients with replacement, all images of a patient together.

    Patients are resampled within strata of the labels that they have, so that every resample has all classes.

    Args:
        patients: (N,) of each image.
        labels: (N,) of each image.
        n: number of resamples.
        seed: resamples depend on it and on the patients, not on the order of the images.

    Returns:
        (n, N) float64, how often each image counts in each resample.
    """
    names, patient_of_image = np.unique(patients, return_inverse=True)
    strata = by_labels(patient_of_image, labels)
    random = np.random.default_rng(seed)
    counts = np.empty((n, len(names)))
    for stratum in sorted(strata):
        members = strata[stratum]
        counts[:, members] = random.multinomial(len(members), np.full(len(members), 1 / len(members)), size=n)
    return counts[:, patient_of_image]
