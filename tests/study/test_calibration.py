"""Calibration is that of theory for probabilities that are right, too extreme or too low."""

import numpy as np
import pytest
from scipy.special import expit, logit

from chestgan.study.calibration import calibration, curve, slope_and_intercept
from study_runs import COVIDGAN, REAL, make_runs, right


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    probability = expit(random.normal(0, 1.5, 40_000))
    return random.random(40_000) < probability, probability


def test_right_probabilities_have_slope_1_and_intercept_0(drawn):
    assert slope_and_intercept(*drawn) == pytest.approx((1, 0), abs=0.05)


def test_extreme_and_low_probabilities_are_told(drawn):
    truth, probability = drawn
    assert slope_and_intercept(truth, expit(2 * logit(probability)))[0] == pytest.approx(0.5, abs=0.02)
    assert slope_and_intercept(truth, expit(logit(probability) - 1))[1] == pytest.approx(1, abs=0.05)


def test_without_errors_no_slope_fits():
    assert np.isnan(slope_and_intercept(np.arange(10) < 5, np.linspace(1, 0, 10))).all()


def test_the_points_of_the_curve_have_as_many_images_each(drawn):
    points = curve(*drawn)
    assert [point["n_images"] for point in points] == [4000] * 10
    assert all(point["observed"] == pytest.approx(point["predicted"], abs=0.03) for point in points)
    assert len(curve(*(part[:50] for part in drawn))) == 2


def test_every_arm_has_its_calibration():
    some = right((5, True), (5, False), (10, True))
    told = calibration(make_runs({REAL: [some] * 2, COVIDGAN: [right((20, True))] * 2}))
    assert [(one["arm"], one["generator"]) for one in told] == [REAL, COVIDGAN]
    assert told[0]["slope"] > 0
    assert told[1]["slope"] is None
    assert sum(point["n_images"] for point in told[0]["points"]) == 40
