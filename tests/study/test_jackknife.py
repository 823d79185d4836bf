"""The jackknife over patients against closed forms: DeLong's variance, that of a share, and what clusters tell."""

import numpy as np
import pytest

from chestgan.study import jackknife
from chestgan.study.weighted_scores import weighted_roc_auc


def delong(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Compute the covariance of AUCs on independent images: DeLong, DeLong and Clarke-Pearson (1988), equation 4."""
    positive, negative = probabilities[:, truth], probabilities[:, ~truth]
    order = (positive[:, :, None] > negative[:, None]) + 0.5 * (positive[:, :, None] == negative[:, None])
    return np.cov(order.mean(axis=2)) / truth.sum() + np.cov(order.mean(axis=1)) / (~truth).sum()


def test_on_one_image_a_patient_it_is_delongs_variance():
    random = np.random.default_rng(0)
    truth = np.arange(50) < 22
    probabilities = (random.normal(size=50) + random.normal(size=(3, 50)) + truth).round(1)
    left_out = jackknife.leave_out(np.arange(50), truth)
    scored = np.stack([weighted_roc_auc(truth, probability, left_out.weights) for probability in probabilities])
    found = jackknife.covariance(scored, scored, left_out.stratum)
    np.testing.assert_allclose(found, delong(truth, probabilities), rtol=1e-10)


def test_many_like_images_of_a_patient_tell_no_more_than_one():
    random = np.random.default_rng(1)
    right = random.random(30) < 0.7
    one, many = (jackknife.leave_out(np.repeat(np.arange(30), n), np.full(30 * n, "covid")) for n in (1, 10))
    alone, together = (
        (left.weights @ np.repeat(right, n) / left.weights.sum(axis=1))[None] for left, n in ((one, 1), (many, 10))
    )
    expected = right.mean() * (1 - right.mean()) / 29
    assert jackknife.covariance(alone, alone, one.stratum) == pytest.approx(expected)
    assert jackknife.covariance(together, together, many.stratum) == pytest.approx(expected)


def test_each_patient_is_left_out_once_with_all_images():
    patients = np.array(["a", "a", "b", "c", "d"])
    left_out = jackknife.leave_out(patients, np.array(["x", "x", "x", "y", "y"]))
    assert sorted(map(tuple, 1 - left_out.weights)) == sorted(
        tuple((patients == name).astype(float)) for name in np.unique(patients)
    )
    assert list(np.bincount(left_out.stratum)) == [2, 2]


def test_a_patient_alone_with_both_labels_counts_in_the_largest_stratum():
    patients = np.array(["a", "b", "c", "d", "e", "f", "f"])
    left_out = jackknife.leave_out(patients, np.array(["x", "x", "x", "y", "y", "x", "y"]))
    assert sorted(np.bincount(left_out.stratum)) == [2, 4]
    (row,) = np.flatnonzero(left_out.weights[:, 5] == 0)
    assert left_out.weights[row, 6] == 0


def test_of_very_many_patients_several_are_left_out_together():
    left_out = jackknife.leave_out(np.arange(1300), np.full(1300, "x"))
    assert left_out.weights.shape == (500, 1300)
    assert (left_out.weights == 0).sum() == 1300
    random = np.random.default_rng(0).random(1300)
    means = (left_out.weights @ random / left_out.weights.sum(axis=1))[None]
    assert jackknife.covariance(means, means, left_out.stratum).item() == pytest.approx(random.var() / 1300, rel=0.1)


def test_degrees_of_freedom_are_the_patients_that_matter():
    stratum = np.zeros(2000, dtype=np.int64)
    normal = np.random.default_rng(0).normal(size=2000)
    assert jackknife.degrees_of_freedom(normal, stratum) == pytest.approx(1999, rel=0.06)
    assert jackknife.degrees_of_freedom(np.eye(2000)[0], stratum) == pytest.approx(2, abs=0.01)
    assert jackknife.degrees_of_freedom(np.zeros(2000), stratum) == 1999
