"""A study's table and verdict against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from chestgan import statistics, study
from chestgan.errors import UserError
from chestgan.study_inputs import Runs

REAL, COVIDGAN, DCGAN = ("real", "-"), ("real_synthetic", "covidgan"), ("real_synthetic", "dcgan")
AUGMENTED, ALONE = ("real_augmented", "-"), ("synthetic", "covidgan")
AGAINST_AUGMENTED = [f"augmented_{name}" for name in study.DIFFERENCE_COLUMNS]


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
        | {score: study.run_scores(runs, run, score, ones)[0] * (label == "covid") for score in study.SCORES}
        for run, ((arm, generator), _, _) in enumerate(arms)
        for label in ("covid", "normal")
    ]
    return Runs(**vars(runs) | {"scores": pd.DataFrame(rows)})


def differences(runs: Runs, score: str = "accuracy", n_bootstrap: int = 4000) -> pd.DataFrame:
    table = study.arm_table(runs.table, runs.scores, runs.test)
    return study.with_differences(table, runs, score, 0.95, n_bootstrap, 0).set_index("generator")


def right(*groups: tuple[int, bool]) -> np.ndarray:
    """Say of groups of images whether they are predicted rightly."""
    return np.concatenate([np.full(n, value) for n, value in groups])


def test_every_score_has_a_name():
    assert set(study.SCORES) == set(statistics.SCORES)


def test_the_table_averages_over_the_seeds():
    # 8 covid and 8 normal images of two a patient: 3, then 7 of the covid ones are right, and all normal ones
    runs = make_runs({REAL: [right((3, True), (5, False), (8, True)), right((7, True), (1, False), (8, True))]}, 2)
    (row,) = study.arm_table(runs.table, runs.scores, runs.test).to_dict("records")
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
    table = study.arm_table(runs.table, runs.scores, runs.test).set_index("generator")
    assert np.isnan(table["ppv_mean"]["-"])
    assert table["npv_mean"]["-"] == pytest.approx(0.75)
    assert table["ppv_mean"]["covidgan"] == 1
    assert np.isnan(table["accuracy_sd"]["covidgan"])


def test_a_difference_that_no_patient_and_no_seed_moves():
    covid_wrong, all_right = right((10, False), (10, True)), right((20, True))
    found = differences(make_runs({REAL: [covid_wrong] * 2, COVIDGAN: [all_right] * 2}), "balanced_accuracy", 200)
    assert list(found.loc["covidgan", study.DIFFERENCE_COLUMNS]) == [0.5] * 5
    assert list(found.loc["-", study.DIFFERENCE_COLUMNS]) == [0] * 5


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
    assert found[study.DIFFERENCE_COLUMNS].isna().all(axis=None)
    assert found[AGAINST_AUGMENTED].isna().all(axis=None)


def test_arms_that_add_synthetic_images_are_compared_with_augmented_ones_too():
    # none, 5 or 10 of 10 covid images wrong, and no normal one
    all_right, most, half = (right((n, False), (20 - n, True)) for n in (0, 5, 10))
    runs = make_runs({REAL: [half], AUGMENTED: [most], COVIDGAN: [all_right], ALONE: [all_right]})
    table = study.arm_table(runs.table, runs.scores, runs.test)
    assert [len(study.comparisons(table, reference)) for reference in study.REFERENCES] == [3, 1]
    found = study.with_differences(table, runs, "accuracy", 0.95, 400, 0).set_index(["arm", "generator"])
    assert list(found["difference"]) == [0, 0.25, 0.5, 0.5]
    assert found.loc[COVIDGAN, "augmented_difference"] == 0.25
    assert list(found.loc[[AUGMENTED], AGAINST_AUGMENTED].iloc[0]) == [0] * 5
    assert found.loc[[REAL, ALONE], AGAINST_AUGMENTED].isna().all(axis=None)
    assert found.loc[COVIDGAN, "augmented_difference_low"] < 0.25 < found.loc[COVIDGAN, "augmented_difference_high"]
    assert found.loc[COVIDGAN, "augmented_family_low"] <= found.loc[COVIDGAN, "augmented_difference_low"]


def test_distances_and_variety_stand_beside_the_arms():
    values = [("covidgan", 10, 0.3, 0.9), ("covidgan", 20, 0.5, 0.8), ("dcgan", 40, 0.1, 1.4)]
    measured = pd.DataFrame(
        {"generator": generator, "extractor": "lite", "n": 30, "fd": fd, "kid": fd / 100, "real_fd": 2.0}
        | {"real_kid": 0.02, "coverage": coverage, "real_coverage": 0.9, "nearest_ratio": ratio}
        | {"ms_ssim": 0.6, "real_ms_ssim": 0.4}
        for generator, fd, coverage, ratio in values
    )
    table = pd.DataFrame({"arm": ["real", "synthetic", "synthetic"], "generator": ["-", "covidgan", "dcgan"]})
    found = study.with_distances(table, measured).set_index("generator")
    assert list(found["fd"]) == [2, 15, 40]
    assert list(found["kid"]) == pytest.approx([0.02, 0.15, 0.4])
    assert list(found["real_fd"]) == [2, 2, 2]
    assert list(found["real_kid"]) == pytest.approx([0.02] * 3)
    assert list(found["coverage"]) == pytest.approx([0.9, 0.4, 0.1])
    assert list(found["nearest_ratio"]) == pytest.approx([1, 0.85, 1.4])
    assert list(found["ms_ssim"]) == pytest.approx([0.4, 0.6, 0.6])
    assert list(found["n_distance"]) == [30] * 3
    assert set(found["extractor"]) == {"lite"}


def test_scores_of_other_predictions_are_refused():
    runs = make_runs({REAL: [right((8, True), (12, False))], COVIDGAN: [right((20, True))]})
    study.require_equal_scores(runs)
    runs.scores.loc[2, "f1"] = 0.9
    with pytest.raises(UserError, match=r"arm real_synthetic with generator covidgan and seed 0.* F1 1\.0.* 0\.9000"):
        study.require_equal_scores(runs)


def table_of(*changes: tuple[str, float, float, float], n_seeds: int = 2) -> pd.DataFrame:
    """Make the columns that a verdict reads: real, then for each train_on a difference and its interval."""
    rows = [{"arm": "real", "generator": "-", "train_on": "real", "augment": False, "n_train_synthetic": 0}]
    for place, (train_on, difference, low, high) in enumerate(changes):
        rows.append({"arm": train_on, "generator": f"gan{place}", "train_on": train_on, "n_train_synthetic": 530})
        rows[-1] |= {"augment": False}
        rows[-1] |= {"difference": difference, "family_low": low, "family_high": high}
    varied = {"ms_ssim": 0.45, "real_ms_ssim": 0.4, "nearest_ratio": 1.0}
    return pd.DataFrame(rows).assign(
        n_seeds=n_seeds, n_test_images=237, n_test_patients=137, n_train_real=530, **varied
    )


@pytest.mark.parametrize(
    ("difference", "low", "high", "told"),
    [
        (0.004, -0.011, 0.020, "by +0.004 (95 % interval -0.011 to +0.020, 2 seeds): no difference was shown."),
        (0.030, 0.010, 0.050, "by +0.030 (95 % interval +0.010 to +0.050, 2 seeds): better."),
        (-0.030, -0.050, -0.010, "by -0.030 (95 % interval -0.050 to -0.010, 2 seeds): worse."),
        (0.030, 0.000, 0.060, "by +0.030 (95 % interval +0.000 to +0.060, 2 seeds): no difference was shown."),
        (0.030, 0.00004, 0.060, "by +0.030 (95 % interval +0.00004 to +0.060, 2 seeds): better."),
    ],
)
def test_the_verdict_on_one_comparison(difference, low, high, told):
    table = table_of(("real_synthetic", difference, low, high))
    expected = "On 237 images of 137 test patients, adding 530 images of gan0 to 530 real ones changed ROC AUC "
    assert study.verdict(table, "roc_auc", 0.95) == expected + told


def test_a_lower_brier_score_is_better():
    assert study.verdict(table_of(("synthetic", -0.03, -0.05, -0.01)), "brier", 0.9) == (
        "On 237 images of 137 test patients, training on 530 images of gan0 alone changed Brier score by -0.030 "
        "(90 % interval -0.050 to -0.010, 2 seeds): better."
    )


def test_the_verdict_on_several_comparisons_says_how_many_they_are():
    table = table_of(("real_synthetic", 0.03, 0.01, 0.05), ("synthetic", -0.1, -0.2, 0.01), n_seeds=1)
    assert study.verdict(table, "roc_auc", 0.95) == (
        "On 237 images of 137 test patients, 2 comparisons of ROC AUC with real images alone (1 seed; 95 % intervals "
        "for all 2 together, after Bonferroni): adding 530 images of gan0 to 530 real ones +0.030 (+0.010 to +0.050), "
        "better; training on 530 images of gan1 alone -0.100 (-0.200 to +0.010), no difference was shown."
    )


def test_of_many_comparisons_those_that_show_nothing_are_counted():
    nothing, worse = ("real_synthetic", 0.0, -0.1, 0.1), ("synthetic", -0.2, -0.3, -0.1)
    told = study.verdict(table_of(*[nothing] * 5, worse), "roc_auc", 0.95)
    assert told.endswith(
        ": training on 530 images of gan5 alone -0.200 (-0.300 to -0.100), worse; "
        "no difference was shown in the other 5."
    )
    told = study.verdict(table_of(*[nothing] * 6), "roc_auc", 0.95)
    assert told.endswith("6 together, after Bonferroni): no difference was shown in any of them.")


def test_an_arm_of_real_images_of_another_name_is_compared_too():
    table = table_of(("real", 0.03, 0.01, 0.05)).assign(arm=["real", "slower"])
    assert "training as in arm slower changed" in study.verdict(table, "roc_auc", 0.95)


def test_the_verdict_says_whether_it_is_more_than_plain_augmentation():
    changes = [("real", 0.02, -0.01, 0.04), ("real_synthetic", 0.03, 0.01, 0.05), ("synthetic", 0.0, -0.1, 0.1)]
    against = {"difference": 0.01, "family_low": 0.001, "family_high": 0.02}
    table = table_of(*changes).assign(
        arm=["real", "real_augmented", "real_synthetic", "synthetic"],
        augment=[False, True, False, True],
        **{f"augmented_{name}": [np.nan, 0, value, np.nan] for name, value in against.items()},
    )
    assert study.verdict(table, "roc_auc", 0.95) == (
        "On 237 images of 137 test patients, 3 comparisons of ROC AUC with real images alone and 1 with these "
        "augmented (2 seeds; 95 % intervals for all 4 together, after Bonferroni): augmenting 530 real images +0.020 "
        "(-0.010 to +0.040), no difference was shown; adding 530 images of gan1 to 530 real ones +0.030 (+0.010 to "
        "+0.050), better; training on 530 images of gan2 alone (augmented) +0.000 (-0.100 to +0.100), no difference "
        "was shown. Against plain augmentation of the real images: adding 530 images of gan1 to 530 real ones +0.010 "
        "(+0.001 to +0.020), better."
    )


def test_nothing_to_compare_with():
    table = table_of(("real_synthetic", 0.03, 0.01, 0.05))
    assert study.verdict(table.iloc[1:], "roc_auc", 0.95) == (
        "On 237 images of 137 test patients there is nothing to compare with: the study has no arm real, of real "
        "images alone."
    )
    assert study.verdict(table.iloc[:1], "roc_auc", 0.95).endswith(
        "there is nothing to compare: the study has no arm but real."
    )


def images_of(**patients: int) -> pd.DataFrame:
    """Make images of so many patients by label, two each."""
    rows = [(label, f"{label}-{i // 2}") for label, n in patients.items() for i in range(2 * n)]
    return pd.DataFrame(rows, columns=["label", "patient"])


@pytest.mark.parametrize(
    ("n_seeds", "told"),
    [
        (1, "Read it with care: with one seed the spread over trainings is not known."),
        (2, "Read it with care: 2 seeds tell little of the spread over trainings."),
        (5, ""),
    ],
)
def test_few_seeds_are_told(n_seeds, told):
    images = images_of(covid=30, normal=40)
    assert study.caveats(table_of(n_seeds=n_seeds), images, images) == told


def test_few_patients_and_sources_of_one_class_are_told():
    test = images_of(covid=29, normal=40)
    sources = images_of(covid=10, normal=10).assign(source=["a"] * 15 + ["b"] * 10 + ["c"] * 15)
    told = study.caveats(table_of(n_seeds=5), test, sources)
    assert told == (
        "Read it with care: class covid has only 29 test patients; 75 % of the images come from a source with one "
        "class alone, so a classifier can tell the source instead of the class."
    )


def test_a_generator_that_hardly_varies_is_told_among_the_caveats():
    images = images_of(covid=30, normal=40)
    table = table_of(("synthetic", 0.0, -0.1, 0.1), n_seeds=5).assign(ms_ssim=[0.4, 0.99])
    assert study.caveats(table, images, images) == (
        "Read it with care: gan0 draws nearly the same image of a class again and again (MS-SSIM 0.99, of real ones "
        "0.40)."
    )


def test_the_share_of_images_from_sources_of_one_class():
    images = images_of(covid=10, normal=10)
    assert study.confounded_share(images) == 0
    assert study.confounded_share(images.assign(source="")) == 0
    assert study.confounded_share(images.assign(source="a")) == 0
    assert study.confounded_share(images.assign(source=images["label"])) == 1
    # source a has both classes, b the other five images
    assert study.confounded_share(images.assign(source=["a"] * 35 + ["b"] * 5)) == 5 / 40
