"""The verdict and its caveats, line by line."""

import numpy as np
import pandas as pd
import pytest

from chestgan.study import verdict
from chestgan.study.verdict import caveats, confounded_share, generator_warnings


def table_of(*changes: tuple[str, float, float, float], n_seeds: int = 2) -> pd.DataFrame:
    """Make the columns that a verdict reads: real, then for each train_on a difference and its interval."""
    rows = [{"arm": "real", "generator": "-", "train_on": "real", "augment": False, "n_train_synthetic": 0}]
    for place, (train_on, difference, low, high) in enumerate(changes):
        rows.append({"arm": train_on, "generator": f"gan{place}", "train_on": train_on, "n_train_synthetic": 530})
        rows[-1] |= {"augment": False}
        rows[-1] |= {"difference": difference, "family_low": low, "family_high": high}
    varied = {"ms_ssim": 0.45, "real_ms_ssim": 0.4, "dcr_ratio": 1.0, "real_dcr_ratio": 1.0}
    varied |= {
        "coverage": 0.5,
        "real_coverage": 0.9,
        "real_dcr_ratio": 1.0,
        "fd": 30.0,
        "real_fd": 10.0,
        "kd": 0.1,
        "real_kd": 0.0,
    }
    return pd.DataFrame(rows).assign(
        n_seeds=n_seeds, n_test_images=237, n_test_patients=137, n_train_real=530, **varied
    )


TESTED = "ROC AUC on 237 images of 137 test patients, 2 seeds; 95 % intervals"


@pytest.mark.parametrize(
    ("difference", "low", "high", "answer", "item"),
    [
        (0.004, -0.011, 0.020, "No benefit of", "+0.004 (-0.011 to +0.020), no difference shown"),
        (0.030, 0.010, 0.050, "Synthetic images of gan0 made", "+0.030 (+0.010 to +0.050), better"),
        (-0.030, -0.050, -0.010, "No benefit of", "-0.030 (-0.050 to -0.010), worse"),
        (0.030, 0.000, 0.060, "No benefit of", "+0.030 (+0.000 to +0.060), no difference shown"),
        (0.030, 0.00004, 0.060, "Synthetic images of gan0 made", "+0.030 (+0.00004 to +0.060), better"),
    ],
)
def test_one_comparison(difference, low, high, answer, item):
    lines = verdict.verdict(table_of(("real_synthetic", difference, low, high)), "roc_auc", 0.95)
    assert lines[0].startswith(answer)
    assert lines[1:] == [
        f"{TESTED} for the one comparison.",
        "Against real images alone:",
        f"- adding 530 images of gan0 to 530 real ones: {item}",
    ]


def test_a_lower_brier_score_is_better():
    lines = verdict.verdict(table_of(("synthetic", -0.03, -0.05, -0.01)), "brier", 0.9)
    assert lines[1].startswith("Brier score on 237 images of 137 test patients, 2 seeds; 90 % intervals")
    assert lines[-1] == "- training on 530 images of gan0 alone: -0.030 (-0.050 to -0.010), better"


def test_several_comparisons_say_how_many_they_are():
    table = table_of(("real_synthetic", 0.03, 0.01, 0.05), ("synthetic", -0.1, -0.2, 0.01), n_seeds=1)
    assert verdict.verdict(table, "roc_auc", 0.95) == [
        "Synthetic images of gan0 made the classifier better than real images alone; the study has no arm "
        "real_augmented to compare with.",
        "ROC AUC on 237 images of 137 test patients, 1 seed; 95 % intervals for all 2 comparisons together "
        "(Bonferroni).",
        "Against real images alone:",
        "- adding 530 images of gan0 to 530 real ones: +0.030 (+0.010 to +0.050), better",
        "- training on 530 images of gan1 alone: -0.100 (-0.200 to +0.010), no difference shown",
    ]


def test_of_many_comparisons_those_that_show_nothing_are_counted():
    nothing, worse = ("real_synthetic", 0.0, -0.1, 0.1), ("synthetic", -0.2, -0.3, -0.1)
    lines = verdict.verdict(table_of(*[nothing] * 5, worse), "roc_auc", 0.95)
    assert lines[-2:] == [
        "- training on 530 images of gan5 alone: -0.200 (-0.300 to -0.100), worse",
        "- the other 5: no difference shown",
    ]
    lines = verdict.verdict(table_of(*[nothing] * 6), "roc_auc", 0.95)
    assert lines[-1] == "- all 6: no difference shown"


def test_an_arm_of_real_images_of_another_name_is_compared_too():
    table = table_of(("real", 0.03, 0.01, 0.05)).assign(arm=["real", "slower"], generator="-")
    lines = verdict.verdict(table, "roc_auc", 0.95)
    assert lines[0] == "No benefit of synthetic images was shown."
    assert lines[-1].startswith("- training as in arm slower: +0.030")


def augmented_table(low: float) -> pd.DataFrame:
    """Make a study whose synthetic images help, and against augmentation by an interval that begins at `low`."""
    changes = [("real", 0.02, -0.01, 0.04), ("real_synthetic", 0.03, 0.01, 0.05), ("synthetic", 0.0, -0.1, 0.1)]
    against = {"difference": 0.01, "family_low": low, "family_high": 0.02}
    return table_of(*changes).assign(
        arm=["real", "real_augmented", "real_synthetic", "synthetic"],
        generator=["-", "-", "gan1", "gan2"],
        augment=[False, True, False, True],
        **{f"augmented_{name}": [np.nan, 0, value, np.nan] for name, value in against.items()},
    )


def test_the_answer_says_whether_it_is_more_than_standard_augmentation():
    assert verdict.verdict(augmented_table(0.001), "roc_auc", 0.95) == [
        "Synthetic images of gan1 made the classifier better than real images alone, and those of gan1 better than "
        "standard augmentation.",
        f"{TESTED} for all 4 comparisons together (Bonferroni).",
        "Against real images alone:",
        "- augmenting 530 real images: +0.020 (-0.010 to +0.040), no difference shown",
        "- adding 530 images of gan1 to 530 real ones: +0.030 (+0.010 to +0.050), better",
        "- training on 530 images of gan2 alone (augmented): +0.000 (-0.100 to +0.100), no difference shown",
        "Against standard augmentation of the real images:",
        "- adding 530 images of gan1 to 530 real ones: +0.010 (+0.001 to +0.020), better",
    ]
    answer = verdict.verdict(augmented_table(-0.001), "roc_auc", 0.95)[0]
    assert answer.endswith("but no benefit beyond standard augmentation was shown.")


def test_the_answer_names_generators_that_harm():
    table = table_of(("real_synthetic", -0.03, -0.05, -0.01), ("synthetic", -0.1, -0.2, -0.01))
    assert verdict.verdict(table, "roc_auc", 0.95)[0] == (
        "No benefit of synthetic images was shown, and adding those of gan0 made the classifier worse."
    )


def test_nothing_to_compare_with():
    table = table_of(("real_synthetic", 0.03, 0.01, 0.05))
    assert verdict.verdict(table.iloc[1:], "roc_auc", 0.95) == [
        "There is nothing to compare with.",
        "Tested on 237 images of 137 test patients; the study has no arm real.",
    ]
    assert verdict.verdict(table.iloc[:1], "roc_auc", 0.95)[1].endswith("the study has no arm but real.")


def test_the_text_has_the_caveats_below():
    assert verdict.as_text(["No.", "Tested."], []) == "No.\nTested.\n"
    assert verdict.as_text(["No."], ["One.", "Two."]) == "No.\nRead with care:\n- One.\n- Two.\n"


def images_of(**patients: int) -> pd.DataFrame:
    """Make images of so many patients by label, two each."""
    rows = [(label, f"{label}-{i // 2}") for label, n in patients.items() for i in range(2 * n)]
    return pd.DataFrame(rows, columns=["label", "patient"])


@pytest.mark.parametrize(
    ("n_seeds", "expected"),
    [
        (1, ["With one seed the variance over trainings is unknown."]),
        (2, ["2 seeds are few to know the variance over trainings."]),
        (5, []),
    ],
)
def test_few_seeds_are_a_caveat(n_seeds, expected):
    images = images_of(covid=30, normal=40)
    assert caveats(table_of(n_seeds=n_seeds), images, images) == expected


def test_few_patients_and_sources_of_one_class_are_caveats():
    test = images_of(covid=29, normal=40)
    sources = images_of(covid=10, normal=10).assign(source=["a"] * 15 + ["b"] * 10 + ["c"] * 15)
    assert caveats(table_of(n_seeds=5), test, sources) == [
        "Class covid has only 29 test patients.",
        "75 % of the images come from a source with one class alone, so a classifier can tell the source instead of "
        "the class.",
    ]


def test_a_collapsed_generator_is_a_caveat():
    images = images_of(covid=30, normal=40)
    table = table_of(("synthetic", 0.0, -0.1, 0.1), n_seeds=5).assign(ms_ssim=[0.4, 0.99])
    assert caveats(table, images, images) == [
        "Images of a class from gan0 are nearly all alike (MS-SSIM 0.99, of real ones 0.40)."
    ]


def arms(**values: tuple[float, float, float]) -> pd.DataFrame:
    """Make the arm of real images, and two arms a generator from its MS-SSIM, that of real images and DCR ratio."""
    rows = [("-", 0.4, 0.4, 1.0)] + 2 * [(generator, *numbers) for generator, numbers in values.items()]
    return pd.DataFrame(rows, columns=["generator", "ms_ssim", "real_ms_ssim", "dcr_ratio"]).assign(real_dcr_ratio=1.0)


def test_nothing_is_said_of_generators_that_vary():
    varied = arms(strong=(0.45, 0.4, 0.95), early=(0.8, 0.4, 1.3), phantoms=(0.875, 0.725, 1.1))
    assert generator_warnings(varied) == []
    assert generator_warnings(arms()) == []


def test_a_collapsed_generator_is_named_once():
    assert generator_warnings(arms(covidgan=(0.934, 0.354, 1.2), strong=(0.5, 0.354, 1.0))) == [
        "Images of a class from covidgan are nearly all alike (MS-SSIM 0.93, of real ones 0.35)."
    ]


def test_several_collapsed_generators_share_a_line():
    collapsed = arms(a=(0.9, 0.4, 1.2), b=(0.99, 0.4, 1.2), c=(0.93, 0.4, 1.2), d=(0.5, 0.4, 1.0))
    assert generator_warnings(collapsed) == [
        "Images of a class from a, b and c are nearly all alike (MS-SSIM 0.90 to 0.99, of real ones 0.40)."
    ]


def test_a_generator_that_copies_is_named():
    assert generator_warnings(arms(a=(0.9, 0.4, 0.5), b=(0.5, 0.4, 0.61))) == [
        "Images of a and b lie nearer to the training images than other patients do (at 0.50 to 0.61 of their "
        "distance).",
        "Images of a class from a are nearly all alike (MS-SSIM 0.90, of real ones 0.40).",
    ]


def test_the_share_of_images_from_sources_of_one_class():
    images = images_of(covid=10, normal=10)
    assert confounded_share(images) == 0
    assert confounded_share(images.assign(source="")) == 0
    assert confounded_share(images.assign(source="a")) == 0
    assert confounded_share(images.assign(source=images["label"])) == 1
    # source a has both classes, b the other five images
    assert confounded_share(images.assign(source=["a"] * 35 + ["b"] * 5)) == 5 / 40
