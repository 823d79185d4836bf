"""A study's table against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.metrics.catalogue import METRICS
from chestgan.study import arm_table
from chestgan.study.arms import REFERENCE_ARMS
from study_runs import ALONE, AUGMENTED, COVIDGAN, REAL, make_runs, right


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


def test_arms_that_add_synthetic_images_are_compared_with_augmented_ones_too():
    some = right((20, True))
    runs = make_runs({REAL: [some], AUGMENTED: [some], COVIDGAN: [some], ALONE: [some]})
    table = arm_table.arm_table(runs.table, runs.scores, runs.test)
    assert [len(arm_table.comparisons(table, reference)) for reference in REFERENCE_ARMS] == [3, 1]
    assert arm_table.n_comparisons(table) == 4
    # controls are compared with real images alone
    controls = make_runs(
        {REAL: [some], AUGMENTED: [some], ("shuffled", "covidgan"): [some], ("duplicated", "-"): [some]}
    )
    table = arm_table.arm_table(controls.table, controls.scores, controls.test)
    assert [len(arm_table.comparisons(table, reference)) for reference in REFERENCE_ARMS] == [3, 0]
    first = make_runs({REAL: [some], AUGMENTED: [some], ("pretrained", "covidgan"): [some]})
    table = arm_table.arm_table(first.table, first.scores, first.test)
    assert [len(arm_table.comparisons(table, reference)) for reference in REFERENCE_ARMS] == [2, 1]


def test_metrics_stand_beside_the_arms():
    values = [("covidgan", 10, 0.3, 0.9), ("covidgan", 20, 0.5, 0.8), ("dcgan", 40, 0.1, 1.4)]
    measured = pd.DataFrame(
        {"generator": generator, "extractor": "lite", "n": 30, "n_classes": 2, "fd": fd, "kd": fd / 100, "real_fd": 2.0}
        | {"real_kd": 0.02, "coverage": coverage, "real_coverage": 0.9, "dcr_ratio": ratio, "real_dcr_ratio": 1.0}
        | {"ms_ssim": 0.6, "real_ms_ssim": 0.4, "n_images": 50, "n_copies": 10 * ratio}
        | {f"{of}{name}": 0.5 for name in ("precision", "recall", "density") for of in ("", "real_")}
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
    assert list(found["copies_share"]) == pytest.approx([np.nan, 17 / 100, 14 / 50], nan_ok=True)
    assert list(found["n_distance"]) == [30] * 3
    assert set(found["extractor"]) == {"lite"}


def test_real_images_of_all_classes_stand_beside_real_arms():
    names = [name for metric in METRICS for name in (metric.name, metric.real_name)]
    measured = pd.DataFrame({"generator": ["covidgan", "covid_alone"], "n": [30, 12], "n_classes": [2, 1]})
    measured = measured.assign(extractor="lite", n_images=50, n_copies=0, **{name: [2.0, 1000.0] for name in names})
    table = pd.DataFrame({"arm": ["real", "real_synthetic"], "generator": ["-", "covid_alone"]})
    found = arm_table.with_metrics(table, measured)
    assert list(found["n_distance"]) == [30, 12]
    assert list(found["real_kd"]) == [2, 1000]


def test_scores_of_other_predictions_are_refused():
    runs = make_runs({REAL: [right((8, True), (12, False))], COVIDGAN: [right((20, True))]})
    arm_table.require_equal_scores(runs)
    runs.scores.loc[2, "f1"] = 0.9
    with pytest.raises(UserError, match=r"arm real_synthetic with generator covidgan and seed 0.* F1 1\.0.* 0\.9000"):
        arm_table.require_equal_scores(runs)
