"""The intervals of a study's scores and differences, against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from chestgan.study import arm_table, differences, jackknife
from chestgan.study.differences import DETECTABLE, DIFFERENCE_COLUMNS
from chestgan.study.inputs import Runs
from study_runs import ALONE, AUGMENTED, COVIDGAN, DCGAN, REAL, make_runs, right

# of the share of right patients of which half are, 100 of either class, by leaving out each
ERROR = np.sqrt(2 * 99 * 0.25) / 199
AGAINST_AUGMENTED = [f"augmented_{name}" for name in DIFFERENCE_COLUMNS]


def left_out_of(runs: Runs) -> jackknife.LeftOut:
    return jackknife.leave_out(runs.test["patient"].to_numpy(), runs.test["label"].to_numpy())


def compared(runs: Runs, score: str = "accuracy") -> pd.DataFrame:
    table = arm_table.arm_table(runs.table, runs.scores, runs.test)
    made = differences.with_differences(table, runs, left_out_of(runs), score, 0.95)
    return made.set_index(["arm", "generator"])


def half_and_all(images_a_patient: int = 1) -> Runs:
    """Make two seeds of real images that are right of half of 100 patients a class, and of others that always are."""
    half = np.repeat(right((50, True), (50, False), (50, True), (50, False)), images_a_patient)
    return make_runs({REAL: [half] * 2, COVIDGAN: [np.ones_like(half)] * 2}, images_a_patient)


def test_the_interval_is_that_of_patients():
    # the seeds are one
    found = compared(half_and_all()).loc[COVIDGAN]
    half_width = stats.t.ppf(0.975, 198) * ERROR
    assert found["difference"] == 0.5
    assert (found["difference_low"], found["difference_high"]) == pytest.approx((0.5 - half_width, 0.5 + half_width))
    assert found["family_low"] == found["difference_low"]
    assert found[DETECTABLE] == pytest.approx(half_width + stats.t.ppf(0.8, 198) * ERROR)
    # four images a patient that are right or wrong together say no more than one
    four = compared(half_and_all(4)).loc[COVIDGAN]
    assert four["difference_low"] == pytest.approx(found["difference_low"])


def test_the_interval_is_that_of_seeds_too():
    # of the same patients all are right or those of one class, by seed: patients move nothing
    covid_wrong, all_right = right((10, False), (10, True)), right((20, True))
    found = compared(make_runs({REAL: [all_right] * 2, COVIDGAN: [covid_wrong, all_right]}), "balanced_accuracy")
    expected = stats.ttest_1samp([-0.5, 0.0], 0).confidence_interval(0.95)
    row = found.loc[COVIDGAN]
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(
        (max(-1, expected.low), min(1, expected.high))
    )
    three = compared(
        make_runs({REAL: [all_right] * 3, COVIDGAN: [covid_wrong, all_right, all_right]}), "balanced_accuracy"
    )
    expected = stats.ttest_1samp([-0.5, 0.0, 0.0], 0).confidence_interval(0.95)
    row = three.loc[COVIDGAN]
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(tuple(expected))


def test_intervals_of_two_comparisons_are_widened():
    half = right((50, True), (50, False), (50, True), (50, False))
    found = compared(make_runs({REAL: [half] * 2, COVIDGAN: [right((200, True))] * 2, DCGAN: [~half] * 2}))
    covidgan, dcgan = found.loc[COVIDGAN], found.loc[DCGAN]
    assert covidgan["difference_low"] == pytest.approx(0.5 - stats.t.ppf(1 - 0.05 / 2, 198) * ERROR)
    assert covidgan["family_low"] == pytest.approx(0.5 - stats.t.ppf(1 - 0.05 / 4, 198) * ERROR)
    # wrong where the other is right: of the same patients, so the difference spreads twice as much
    assert dcgan["difference"] == 0
    assert dcgan["family_high"] == pytest.approx(2 * stats.t.ppf(1 - 0.05 / 4, 198) * ERROR)


def test_one_seed_has_differences_and_no_interval():
    found = compared(make_runs({REAL: [right((10, True), (10, False))], COVIDGAN: [right((20, True))]})).loc[COVIDGAN]
    assert found["difference"] == 0.5
    assert found[[*DIFFERENCE_COLUMNS[1:], DETECTABLE]].isna().all()


def test_classifiers_that_hardly_err_have_no_interval():
    # of 40 patients one is wrong in one arm: less than half an error in the smaller class
    one_wrong = right((1, False), (39, True))
    found = compared(make_runs({REAL: [right((40, True))] * 5, COVIDGAN: [one_wrong] * 5})).loc[COVIDGAN]
    assert found["difference"] == -1 / 40
    assert np.isnan(found["difference_low"])
    assert differences.too_few_errors(0.98, 20)
    assert not differences.too_few_errors(0.97, 20)
    assert not differences.too_few_errors(0.98, 68)


def test_several_classifiers_of_one_generator_count_as_their_mean():
    patterns = [right((n, False), (40 - n, True)) for n in (2, 4, 6, 8)]
    runs = make_runs({REAL: [right((5, False), (35, True))] * 2, COVIDGAN: patterns})
    nested = runs.table["arm"] == "real_synthetic"
    runs.table.loc[nested, "generator_seed"] = [0, 0, 1, 1]
    arm = differences.trainings(runs, "accuracy", left_out_of(runs))[COVIDGAN]
    assert arm.seeds == ("0", "1")
    assert list(arm.trainings.values) == pytest.approx([1 - 3 / 40, 1 - 7 / 40])
    # images of a single set: then the classifiers are what varies
    runs.table.loc[nested, "generator_seed"] = 0
    assert len(differences.trainings(runs, "accuracy", left_out_of(runs))[COVIDGAN].seeds) == 4


def test_without_an_arm_to_compare_with_there_is_no_difference():
    found = compared(make_runs({COVIDGAN: [right((20, True))] * 2}))
    assert found[[*DIFFERENCE_COLUMNS, *AGAINST_AUGMENTED]].isna().all(axis=None)


def test_arms_that_add_synthetic_images_have_a_difference_to_augmented_ones_too():
    # none, 5 or 10 of 10 covid images wrong, and no normal one
    all_right, most, half = (right((n, False), (20 - n, True)) for n in (0, 5, 10))
    arms = {REAL: [half] * 2, AUGMENTED: [most] * 2, COVIDGAN: [all_right] * 2, ALONE: [all_right] * 2}
    found = compared(make_runs(arms))
    assert list(found["difference"]) == [0, 0.25, 0.5, 0.5]
    assert found.loc[COVIDGAN, "augmented_difference"] == 0.25
    assert list(found.loc[[AUGMENTED], AGAINST_AUGMENTED].iloc[0]) == [0] * 5
    assert found.loc[[REAL, ALONE], AGAINST_AUGMENTED].isna().all(axis=None)
    assert found.loc[COVIDGAN, "augmented_difference_low"] < 0.25 < found.loc[COVIDGAN, "augmented_difference_high"]
    assert found.loc[COVIDGAN, "augmented_family_low"] <= found.loc[COVIDGAN, "augmented_difference_low"]


def test_every_score_has_its_interval():
    runs = half_and_all()
    table = arm_table.arm_table(runs.table, runs.scores, runs.test)
    found = differences.with_score_intervals(table, runs, left_out_of(runs), 0.95).set_index(["arm", "generator"])
    real = found.loc[REAL]
    for score in ("accuracy", "sensitivity", "roc_auc", "pr_auc", "f1", "brier"):
        assert real[f"{score}_low"] < real[f"{score}_mean"] < real[f"{score}_high"], score
    # Wilson's, with the standard error of the share
    assert real["accuracy_high"] - real["accuracy_low"] == pytest.approx(2 * 1.97 * np.sqrt(0.25 / 198), rel=0.02)
    # of images that are always right a perfect score is known to few patients' worth alone
    assert found.loc[COVIDGAN, "sensitivity_high"] == 1
    assert found.loc[COVIDGAN, "sensitivity_low"] == pytest.approx(1 / (1 + 1.972**2 / 300), abs=1e-4)


def test_large_test_sets_are_scored_in_parts(monkeypatch):
    runs = half_and_all()
    whole = differences.trainings(runs, "roc_auc", left_out_of(runs))
    monkeypatch.setattr(differences, "_CELLS", 1000)
    parts = differences.trainings(runs, "roc_auc", left_out_of(runs))
    assert np.array_equal(whole[REAL].trainings.left_out, parts[REAL].trainings.left_out)
