"""Intervals against closed forms: Student's, Wilson's, sums of normal and of Cauchy variables."""

import numpy as np
import pytest
from scipy import stats

from chestgan.study import intervals
from chestgan.study.intervals import Estimate, Trainings, t_sum_quantile

ONE_STRATUM = np.zeros(4, dtype=np.int64)


@pytest.mark.parametrize("level", [0.8, 0.975, 0.9964])
def test_quantiles_of_sums_that_are_known_in_closed_form(level):
    assert t_sum_quantile((0, 2), (5, 3), level) == pytest.approx(2 * stats.t.ppf(level, 3), rel=1e-6)
    # a sum of Cauchy variables is one, and of normal ones too
    assert t_sum_quantile((1, 2), (1, 1), level) == pytest.approx(3 * stats.cauchy.ppf(level), rel=0.01)
    assert t_sum_quantile((3, 4), (1e7, 1e7), level) == pytest.approx(5 * stats.norm.ppf(level), rel=1e-3)


@pytest.mark.parametrize(("scales", "degrees"), [((1, 0.3), (2, 1)), ((1, 0.9), (9, 1)), ((0.05, 1), (100, 4))])
def test_quantiles_of_other_sums_are_those_of_draws(scales, degrees):
    random = np.random.default_rng(0)
    drawn = sum(scale * random.standard_t(n, 1_000_000) for scale, n in zip(scales, degrees, strict=True))
    assert t_sum_quantile(scales, degrees, 0.95) == pytest.approx(np.quantile(drawn, 0.95), rel=0.01)


def test_without_spread_or_knowledge_there_is_no_quantile():
    assert t_sum_quantile((0, 0), (1, 1), 0.975) == 0
    assert np.isnan(t_sum_quantile((1, np.nan), (5, 1), 0.975))


def test_trainings_that_no_patient_moves_give_students_interval():
    values = np.array([0.1, 0.4, 0.2, 0.5])
    estimate = intervals.of_mean(Trainings(values, np.repeat(values[:, None], 4, 1)), ONE_STRATUM)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert intervals.difference_interval(estimate, 0.9) == pytest.approx(tuple(expected))


def test_trainings_that_are_one_give_the_patients_interval():
    left_out = np.random.default_rng(0).normal(0.5, 0.01, 200)
    trainings = Trainings(np.full(3, 0.5), np.repeat(left_out[None], 3, 0))
    estimate = intervals.of_mean(trainings, np.zeros(200, dtype=np.int64))
    error = np.sqrt(199 / 200 * np.square(left_out - left_out.mean()).sum())
    assert estimate.errors == pytest.approx((error, 0))
    low, high = intervals.difference_interval(Estimate(0.0, estimate.errors, (1e7, 2)), 0.95)
    assert (low, high) == pytest.approx((-1.96 * error, 1.96 * error), rel=1e-3)


def test_a_score_without_chance_of_its_own_has_the_patients_interval():
    left_out = np.random.default_rng(0).normal(0.5, 0.01, 200)
    estimate = intervals.of_one(0.5, left_out, np.zeros(200, dtype=np.int64))
    trainings = Trainings(np.full(3, 0.5), np.repeat(left_out[None], 3, 0))
    expected = intervals.of_mean(trainings, np.zeros(200, dtype=np.int64))
    assert estimate.errors == pytest.approx(expected.errors)
    assert estimate.degrees[0] == expected.degrees[0]
    ends = intervals.score_interval(estimate, 0.95, 100)
    assert ends == pytest.approx(intervals.score_interval(expected, 0.95, 100))


def test_what_patients_do_to_one_training_alone_is_not_counted_twice():
    # each training has noise of its own from the same patients, which is in the spread between trainings, too
    random = np.random.default_rng(0)
    common, own = random.normal(0, 0.01, 500), random.normal(0, 0.02, (5, 500))
    stratum = np.zeros(500, dtype=np.int64)
    estimate = intervals.of_mean(Trainings(random.normal(0.5, 0.1, 5), 0.5 + common + own), stratum)
    assert estimate.errors[0] == pytest.approx(0.01 * np.sqrt(499), rel=0.1)
    assert estimate.degrees[1] == 4


def test_an_interval_does_not_vanish_where_patients_differ():
    # by chance the trainings are equal, and each patient moves them to opposite sides
    left_out = np.array([[0.6, 0.5, 0.5, 0.5], [0.5, 0.6, 0.5, 0.5]])
    estimate = intervals.of_mean(Trainings(np.array([0.5, 0.5]), left_out), ONE_STRATUM)
    error = np.sqrt(3 / 4 * np.square([0.025, 0.025, -0.025, -0.025]).sum() / 2)
    assert estimate.errors == pytest.approx((error, 0))


def test_pairs_take_out_what_both_arms_share():
    random = np.random.default_rng(0)
    shared = Trainings(np.array([0.2, 0.5, 0.8]), random.normal(0.5, 0.1, (3, 4)))
    higher = Trainings(shared.values + 0.05, shared.left_out + 0.05)
    assert intervals.of_difference(higher, shared, True, ONE_STRATUM).errors == pytest.approx((0, 0), abs=1e-12)
    unpaired = intervals.of_difference(higher, shared, False, ONE_STRATUM)
    assert unpaired.value == pytest.approx(0.05)
    # the seeds are other ones, the patients the same
    assert unpaired.errors[1] == pytest.approx(np.sqrt(2 / 3) * 0.3)
    assert unpaired.degrees[1] == pytest.approx(4)


def test_one_training_has_no_interval():
    estimate = intervals.of_mean(Trainings(np.array([0.5]), np.full((1, 4), 0.5)), ONE_STRATUM)
    assert np.isnan(intervals.difference_interval(estimate, 0.95)).all()
    assert np.isnan(intervals.score_interval(estimate, 0.95, 10)).all()
    assert np.isnan(intervals.detectable(estimate, 0.95))


def test_the_interval_of_a_score_is_wilsons():
    # 90 of 100 independent images, known as a normal variable
    estimate = Estimate(0.9, (0.03, 0.0), (1e9, 1))
    expected = stats.binomtest(90, 100).proportion_ci(0.95, method="wilson")
    assert intervals.score_interval(estimate, 0.95, 10_000) == pytest.approx(tuple(expected), rel=1e-3)


def test_a_perfect_score_on_few_patients_is_not_certain():
    low, high = intervals.score_interval(Estimate(1.0, (0.0, 0.0), (10, 4)), 0.95, 10)
    assert 0.8 < low < 0.9
    assert high == 1


def test_intervals_stay_where_scores_do():
    wide = Estimate(0.9, (0.05, 0.4), (20, 1))
    assert intervals.difference_interval(wide, 0.95) == (-1, 1)
    low, high = intervals.score_interval(wide, 0.95, 10)
    assert 0 <= low < 0.9 < high <= 1


def test_the_detectable_difference_is_that_of_the_textbook():
    # 1.96 and 0.84 standard errors, of normal variables
    assert intervals.detectable(Estimate(0.0, (0.01, 0.0), (1e9, 1)), 0.95) == pytest.approx(0.0280, rel=1e-2)
    assert intervals.detectable(Estimate(0.0, (0.01, 0.5), (10, 1)), 0.95) == 1
