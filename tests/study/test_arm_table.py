"""A study's table against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.metrics.score_tables import SCORES
from chestgan.study import arm_table
from chestgan.study.arms import REFERENCE_ARMS
from chestgan.study.inputs import Runs

REAL, COVIDGAN, DCGAN = ("real", "-"), ("real_synthetic", "covidgan"), ("real_synthetic", "dcgan")
AUGMENTED, ALONE = ("real_augmented", "-"), ("synthetic", "covidgan")
AGAINST_AUGMENTED = [f"augmented_{name}" for name in arm_table.DIFFERENCE_COLUMNS]


def make_runs(correct: dict[tuple[str, str], list[np.ndarray]], images_a_patient: int = 1) -> Runs:
    """Make runs on as many covid as normal images, by arm and seed: (N,) bool, which images were predicted rightly."""
    n = len(next(iter(correct.values()))[0])
    labels = np.repeat(["covid", "normal"], n // 2)
    others = np.repeat(["normal", "covid"], n // 2)
    patients = [f"p{i // images_a_patient:04d}" for i in range(n)]
    arms = [(arm, seed, right) for arm, seeds in correct.items() for seed, right in enumerate(seeds)]
    predicted = np.array([np.where(right, labels, others) for _, _, right in arms], dtype=object)
    probabilities = np.where(predicted == "covid", 0.9, 0.1)
    table = pd.DataFrame([{"arm": arm, "generator": generator, "seed": seed} for (arm, generator), seed, _ in arms])
    train_on = table["arm"].str.removesuffix("_augmented")
    table = table.assign(
        train_on=train_on,
        augment=table["arm"] != train_on,
        generator_seed=table["seed"],
        n_train_real=40,
        n_train_synthetic=20,
    )
    runs = Runs(
        table=table,
        scores=pd.DataFrame(),
        test=pd.DataFrame({"file": range(n), "patient": patients, "label": labels}),
        predicted=predicted,
        decided=predicted == "covid",
        probabilities=probabilities,
        classes=["covid", "normal"],
        positive_class="covid",
    )
    ones = np.ones((1, n))
    rows = [
        {"arm": arm, "generator": generator, "label": label, "positive": label == "covid"}
        # what stands in the row of the other class must not be taken
        | {score: arm_table.run_scores(runs, run, score, ones)[0] * (label == "covid") for score in SCORES}
        for run, ((arm, generator), _, _) in enumerate(arms)
        for label in ("covid", "normal")
    ]
    return Runs(**vars(runs) | {"scores": pd.DataFrame(rows)})


def differences(runs: Runs, score: str = "accuracy", n_bootstrap: int = 4000) -> pd.DataFrame:
    table = arm_table.arm_table(runs.table, runs.scores, runs.test)
    return arm_table.with_differences(table, runs, score, 0.95, n_bootstrap, 0).set_index("generator")


def right(*groups: tuple[int, bool]) -> np.ndarray:
    """Say of groups of images whether they are predicted rightly."""
    return np.concatenate([np.full(n, value) for n, value in groups])


def test_the_table_averages_over_the_seeds():
    # 8 covid and 8 normal images of two a patient: 3, then 7 of the covid ones are right, and all normal ones
    runs = make_runs({REAL: [right((3, True), (5, False), (8, True)), right((7, True), (1, False), (8, True))]}, 2)
    (row,) = arm_table.arm_table(runs.table, runs.scores, runs.test).to_dict("records")
    assert (row["arm"], row["generator"], row["train_on"], row["n_seeds"]) == ("real", "-", "real", 2)
    assert (row["n_test_images"], row["n_test_patients"]) == (16, 8)
    assert (row["n_train_real"], row["n_train_synthetic"]) == (40, 20)
    assert row["sensitivity_mean"] == pytest.approx((3 / 8 + 7 / 8) / 2)
    assert row["sensitivity_sd"] == pytest.approx(0.5 / np.sqrt(2))
    assert row["specificity_mean"] == 1
    assert row["specificity_sd"] == 0
    assert row["accuracy_mean"] == pytest.approx((11 / 16 + 15 / 16) / 2)
    assert row["npv_mean"] == pytest.approx((8 / 13 + 8 / 9) / 2)
    # every point of the curve is one threshold: the area is the mean of sensitivity and specificity
    assert row["roc_auc_mean"] == pytest.approx((11 / 16 + 15 / 16) / 2)
    assert row["brier_mean"] == pytest.approx((5 * 0.81 + 11 * 0.01 + 1 * 0.81 + 15 * 0.01) / 32)


def test_one_seed_has_no_spread_and_an_undefined_score_no_mean():
    nothing_positive = right((4, False), (4, True))
    runs = make_runs({REAL: [right((8, True)), nothing_positive], COVIDGAN: [right((8, True))]})
    table = arm_table.arm_table(runs.table, runs.scores, runs.test).set_index("generator")
    assert np.isnan(table["ppv_mean"]["-"])
    assert table["npv_mean"]["-"] == pytest.approx(0.75)
    assert table["ppv_mean"]["covidgan"] == 1
    assert np.isnan(table["accuracy_sd"]["covidgan"])


def test_a_difference_that_no_patient_and_no_seed_moves():
    covid_wrong, all_right = right((10, False), (10, True)), right((20, True))
    found = differences(make_runs({REAL: [covid_wrong] * 2, COVIDGAN: [all_right] * 2}), "balanced_accuracy", 200)
    assert list(found.loc["covidgan", arm_table.DIFFERENCE_COLUMNS]) == [0.5] * 5
    assert list(found.loc["-", arm_table.DIFFERENCE_COLUMNS]) == [0] * 5


def test_the_interval_is_that_of_patients():
    # half of the 100 patients of either class are wrong without synthetic images; their share is binomial
    half = right((50, True), (50, False), (50, True), (50, False))
    found = differences(make_runs({REAL: [half], COVIDGAN: [right((200, True))]})).loc["covidgan"]
    half_width = 1.96 * np.sqrt(0.25 / 200)
    assert found["difference"] == 0.5
    assert found["difference_low"] == pytest.approx(0.5 - half_width, abs=0.01)
    assert found["difference_high"] == pytest.approx(0.5 + half_width, abs=0.01)
    assert found["family_low"] == found["difference_low"]
    # four images a patient that are right or wrong together say no more than one
    four = np.repeat(half, 4)
    found = differences(make_runs({REAL: [four], COVIDGAN: [right((800, True))]}, 4)).loc["covidgan"]
    assert found["difference_low"] == pytest.approx(0.5 - half_width, abs=0.01)


def test_intervals_of_two_comparisons_are_widened():
    half = right((50, True), (50, False), (50, True), (50, False))
    found = differences(make_runs({REAL: [half], COVIDGAN: [right((200, True))], DCGAN: [~half]}))
    # 1.96 and 2.24: the normal quantiles at 0.05 / 2 and at 0.05 / 4
    deviation = np.sqrt(0.25 / 200)
    assert found["difference_low"]["covidgan"] == pytest.approx(0.5 - 1.96 * deviation, abs=0.01)
    assert found["family_low"]["covidgan"] == pytest.approx(0.5 - 2.24 * deviation, abs=0.01)
    # wrong where the other is right: the same patients are drawn for both, so the difference spreads twice as much
    assert found["difference"]["dcgan"] == 0
    assert found["family_high"]["dcgan"] == pytest.approx(2 * 2.24 * deviation, abs=0.02)


def test_the_interval_is_that_of_seeds_too():
    # the same patients wrong in every draw: accuracy 0.5 and 1.0 by seed, whatever patients are drawn
    covid_wrong, all_right = right((10, False), (10, True)), right((20, True))
    runs = make_runs({REAL: [all_right] * 2, COVIDGAN: [covid_wrong, all_right]})
    found = differences(runs, "balanced_accuracy").loc["covidgan"]
    assert found["difference"] == -0.25
    # two seeds give draws of -0.5, -0.25 and 0, stretched by sqrt(2) around the middle
    assert found["difference_low"] == pytest.approx(-0.25 - 0.25 * np.sqrt(2))
    assert found["difference_high"] == pytest.approx(-0.25 + 0.25 * np.sqrt(2))


def test_without_an_arm_to_compare_with_there_is_no_difference():
    found = differences(make_runs({COVIDGAN: [right((20, True))]}), n_bootstrap=100)
    assert found[arm_table.DIFFERENCE_COLUMNS].isna().all(axis=None)
    assert found[AGAINST_AUGMENTED].isna().all(axis=None)


def test_arms_that_add_synthetic_images_are_compared_with_augmented_ones_too():
    # none, 5 or 10 of 10 covid images wrong, and no normal one
    all_right, most, half = (right((n, False), (20 - n, True)) for n in (0, 5, 10))
    runs = make_runs({REAL: [half], AUGMENTED: [most], COVIDGAN: [all_right], ALONE: [all_right]})
    table = arm_table.arm_table(runs.table, runs.scores, runs.test)
    assert [len(arm_table.comparisons(table, reference)) for reference in REFERENCE_ARMS] == [3, 1]
    found = arm_table.with_differences(table, runs, "accuracy", 0.95, 400, 0).set_index(["arm", "generator"])
    assert list(found["difference"]) == [0, 0.25, 0.5, 0.5]
    assert found.loc[COVIDGAN, "augmented_difference"] == 0.25
    assert list(found.loc[[AUGMENTED], AGAINST_AUGMENTED].iloc[0]) == [0] * 5
    assert found.loc[[REAL, ALONE], AGAINST_AUGMENTED].isna().all(axis=None)
    assert found.loc[COVIDGAN, "augmented_difference_low"] < 0.25 < found.loc[COVIDGAN, "augmented_difference_high"]
    assert found.loc[COVIDGAN, "augmented_family_low"] <= found.loc[COVIDGAN, "augmented_difference_low"]


def test_metrics_stand_beside_the_arms():
    values = [("covidgan", 10, 0.3, 0.9), ("covidgan", 20, 0.5, 0.8), ("dcgan", 40, 0.1, 1.4)]
    measured = pd.DataFrame(
        {"generator": generator, "extractor": "lite", "n": 30, "fd": fd, "kd": fd / 100, "real_fd": 2.0}
        | {"real_kd": 0.02, "coverage": coverage, "real_coverage": 0.9, "dcr_ratio": ratio, "real_dcr_ratio": 1.0}
        | {"ms_ssim": 0.6, "real_ms_ssim": 0.4}
        for generator, fd, coverage, ratio in values
    )
    table = pd.DataFrame({"arm": ["real", "synthetic", "synthetic"], "generator": ["-", "covidgan", "dcgan"]})
    found = arm_table.with_metrics(table, measured).set_index("generator")
    assert list(found["fd"]) == [2, 15, 40]
    assert list(found["kd"]) == pytest.approx([0.02, 0.15, 0.4])
    assert list(found["real_fd"]) == [2, 2, 2]
    assert list(found["real_kd"]) == pytest.approx([0.02] * 3)
    assert list(found["coverage"]) == pytest.approx([0.9, 0.4, 0.1])
    assert list(found["dcr_ratio"]) == pytest.approx([1, 0.85, 1.4])
    assert list(found["ms_ssim"]) == pytest.approx([0.4, 0.6, 0.6])
    assert list(found["n_distance"]) == [30] * 3
    assert set(found["extractor"]) == {"lite"}


def test_scores_of_other_predictions_are_refused():
    runs = make_runs({REAL: [right((8, True), (12, False))], COVIDGAN: [right((20, True))]})
    arm_table.require_equal_scores(runs)
    runs.scores.loc[2, "f1"] = 0.9
    with pytest.raises(UserError, match=r"arm real_synthetic with generator covidgan and seed 0.* F1 1\.0.* 0\.9000"):
        arm_table.require_equal_scores(runs)
