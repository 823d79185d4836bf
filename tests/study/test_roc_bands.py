"""The band of a ROC curve is that of the curves of resampled patients."""

import numpy as np
import pytest

from chestgan.metrics.scores import roc_on_grid
from chestgan.study import bootstrap, roc_bands

GRID = np.linspace(0, 1, 101)


@pytest.fixture
def tested() -> tuple[np.ndarray, np.ndarray]:
    """Give the truth of 80 images and their probabilities by 2 seeds, some of them equal."""
    random = np.random.default_rng(0)
    truth = np.arange(80) % 2 == 0
    return truth, (random.normal(size=(2, 80)) + truth).round(1)


def test_weights_of_one_give_the_curve_itself(tested):
    truth, probabilities = tested
    (rates,) = roc_bands.weighted_roc(truth, probabilities[0], np.ones((1, 80)), GRID)
    (expected,) = roc_on_grid(truth, probabilities[:1], len(GRID))[1]
    assert rates == pytest.approx(expected[1:])


def test_whole_weights_are_repeated_images(tested):
    truth, probabilities = tested
    counts = np.random.default_rng(1).integers(0, 4, 80)
    (rates,) = roc_bands.weighted_roc(truth, probabilities[0], counts[None].astype(float), GRID)
    repeated = probabilities[:1].repeat(counts, axis=1)
    assert rates == pytest.approx(roc_on_grid(truth.repeat(counts), repeated, len(GRID))[1][0, 1:])


def test_the_band_holds_the_middle_of_the_means_over_seeds_of_resampled_patients(tested):
    truth, probabilities = tested
    patients = np.arange(80) // 4 * 2 + truth
    weights = bootstrap.patient_bootstrap(patients.astype(str), truth.astype(str), 50, seed=0)
    low, high = roc_bands.mean_roc_band(truth, probabilities, weights, GRID, 0.9)
    means = []
    for counts in weights.astype(int):
        rates = roc_on_grid(truth.repeat(counts), probabilities.repeat(counts, axis=1), len(GRID))[1]
        means.append(rates[:, 1:].mean(axis=0))
    assert low == pytest.approx(np.quantile(means, 0.05, axis=0))
    assert high == pytest.approx(np.quantile(means, 0.95, axis=0))
    assert (high - low).max() > 0.1
