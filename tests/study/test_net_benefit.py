"""The net benefit of decisions, by hand and by its definition."""

import numpy as np
import pytest

from chestgan.study.net_benefit import THRESHOLDS, decision_curves, net_benefit, of_calling_all
from study_runs import COVIDGAN, REAL, make_runs, right


def at(threshold: float) -> int:
    return int(np.flatnonzero(np.isclose(THRESHOLDS, threshold))[0])


def test_by_hand() -> None:
    truth = np.array([True, True, False, False, False])
    found = net_benefit(truth, np.array([[0.9, 0.3, 0.6, 0.1, 0.0]]))
    # at .2: two of two found, one of three called in vain, each of which weighs a quarter
    assert found[at(0.2)] == pytest.approx(2 / 5 - 1 / 5 / 4)
    assert found[at(0.5)] == pytest.approx(1 / 5 - 1 / 5)
    assert found[at(0.8)] == pytest.approx(1 / 5)
    assert found[at(0.95)] == 0


def test_of_several_runs_it_is_the_mean() -> None:
    random = np.random.default_rng(0)
    truth, probabilities = random.random(50) < 0.4, random.random((3, 50))
    each = [net_benefit(truth, run[None]) for run in probabilities]
    np.testing.assert_allclose(net_benefit(truth, probabilities), np.mean(each, axis=0))


def test_calling_all_is_worth_nothing_where_the_threshold_is_the_share_of_positive_images() -> None:
    truth = np.arange(20) < 6
    assert of_calling_all(truth)[at(0.3)] == pytest.approx(0)
    assert of_calling_all(truth)[at(0.1)] == pytest.approx(0.3 - 0.7 / 9)


def test_without_errors_it_is_the_share_of_positive_images_at_every_threshold() -> None:
    truth = np.arange(20) < 6
    np.testing.assert_allclose(net_benefit(truth, truth[None].astype(float)), 0.3)


def test_every_arm_has_its_curve() -> None:
    some = right((5, True), (5, False), (10, True))
    curves = decision_curves(make_runs({REAL: [some] * 2, COVIDGAN: [right((20, True))] * 2}))
    assert [(one["arm"], one["generator"]) for one in curves] == [REAL, COVIDGAN]
    assert all(len(one["net_benefit"]) == len(THRESHOLDS) for one in curves)
    better = np.array(curves[1]["net_benefit"]) - curves[0]["net_benefit"]
    assert better[at(0.5)] > 0
