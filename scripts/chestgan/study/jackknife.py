"""Uncertainty over patients without random numbers: every score again without each patient (the jackknife).

For the area under the ROC curve on one image a patient this is the variance of DeLong, DeLong and Clarke-Pearson
(1988); with several it is its form for clusters, and it holds for every other score.
"""

from typing import NamedTuple

import numpy as np

from chestgan.study.strata import by_labels

# of more patients in a stratum, several are left out together
_MOST_GROUPS = 500


class LeftOut(NamedTuple):
    """The test images without each patient in turn.

    Attributes:
        weights: (P, N) float64 of 0 and 1, a row for each patient, or group of patients, that is left out.
        stratum: (P,) int64, which of them are left out of the same stratum.
    """

    weights: np.ndarray
    stratum: np.ndarray


def leave_out(patients: np.ndarray, labels: np.ndarray) -> LeftOut:
    """Leave out each patient in turn, with all images.

    The strata are the sets of labels that patients have, for the number of patients of a class is no chance. A stratum
    of one patient would show no variance; it joins the largest.

    Args:
        patients: (N,) of each image.
        labels: (N,) of each image.
    """
    names, patient_of_image = np.unique(patients, return_inverse=True)
    members = sorted(by_labels(patient_of_image, labels).values(), key=len, reverse=True)
    joined = [members[0] + [one for few in members[1:] if len(few) == 1 for one in few]]
    joined += [many for many in members[1:] if len(many) > 1]
    group_of_patient, stratum = np.empty(len(names), dtype=np.int64), []
    for number, chosen in enumerate(joined):
        n_groups = min(len(chosen), _MOST_GROUPS)
        group_of_patient[chosen] = len(stratum) + np.arange(len(chosen)) % n_groups
        stratum += [number] * n_groups
    weights = group_of_patient[patient_of_image] != np.arange(len(stratum))[:, None]
    return LeftOut(weights.astype(float), np.array(stratum))


def covariance(one: np.ndarray, other: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Estimate the covariance over patients of scores (Efron and Stein 1981, by strata).

    Args:
        one: (S, P) scores without each patient.
        other: (T, P) scores on the same patients.
        stratum: (P,), from `leave_out`.

    Returns:
        (S, T) float64; nan where a score is undefined without a patient.
    """
    a, b = (_deviations(scores, stratum) for scores in (one, other))
    return a @ b.T


def degrees_of_freedom(scores: np.ndarray, stratum: np.ndarray) -> float:
    """Estimate how many degrees of freedom a variance over patients has, by how unequally patients contribute to it.

    Twice the squared variance by the variance of its estimate, from the contributions' fourth moments (Satterthwaite
    1946): patients less strata for normal contributions, 2 where a single patient makes the variance.

    Args:
        scores: (P,) a score without each patient.
        stratum: (P,), from `leave_out`.

    Returns:
        From 2 to patients less strata, or 2 where these are fewer.
    """
    squares = _deviations(scores[None], stratum)[0] ** 2
    most = max(2, len(stratum) - stratum.max() - 1)
    variance = squares.sum()
    spread = sum(np.square(part - part.mean()).sum() for part in _parts(squares, stratum))
    return float(np.clip(2 * variance**2 / spread, 2, most)) if spread > 0 else float(most)


def _deviations(scores: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Centre (S, P) scores in each stratum, scaled so that sums of products are covariances."""
    centred = np.empty(scores.shape)
    for number in range(stratum.max() + 1):
        chosen = stratum == number
        n = chosen.sum()
        centred[:, chosen] = np.sqrt((n - 1) / n) * (scores[:, chosen] - scores[:, chosen].mean(axis=1, keepdims=True))
    return centred


def _parts(values: np.ndarray, stratum: np.ndarray) -> list[np.ndarray]:
    return [values[stratum == number] for number in range(stratum.max() + 1)]
