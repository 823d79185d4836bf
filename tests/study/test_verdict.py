"""The verdict line by line."""

import numpy as np
import pandas as pd
import pytest

from chestgan.study import verdict
from chestgan.study.outcomes import with_outcomes


def table_of(*changes: tuple[str, float, float, float], n_seeds: int = 2, score: str = "roc_auc") -> pd.DataFrame:
    """Make the columns that a verdict reads: real, then for each train_on a difference and its interval."""
    return with_outcomes(compared(*changes, n_seeds=n_seeds), score, [], [])


def compared(*changes: tuple[str, float, float, float], n_seeds: int = 2) -> pd.DataFrame:
    """Make these columns before anything is concluded from them."""
    rows = [{"arm": "real", "generator": "-", "train_on": "real", "augment": False, "n_train_synthetic": 0}]
    for place, (train_on, difference, low, high) in enumerate(changes):
        rows.append({"arm": train_on, "generator": f"gan{place}", "train_on": train_on, "n_train_synthetic": 530})
        rows[-1] |= {"augment": False}
        rows[-1] |= {"difference": difference, "family_low": low, "family_high": high}
    return pd.DataFrame(rows).assign(
        n_seeds=n_seeds, n_test_images=237, n_test_patients=137, n_train_real=530, detectable=0.0234
    )


TESTED = "ROC AUC on 237 images of 137 test patients, 2 seeds; 95 % intervals"


@pytest.mark.parametrize(
    ("difference", "low", "high", "answer", "item"),
    [
        (
            *(0.004, -0.011, 0.020, "No benefit of"),
            "+0.004 (-0.011 to +0.020), no difference shown (could have shown 0.023)",
        ),
        (0.030, 0.010, 0.050, "Synthetic images of gan0 made", "+0.030 (+0.010 to +0.050), better"),
        (-0.030, -0.050, -0.010, "No benefit of", "-0.030 (-0.050 to -0.010), worse"),
        (
            *(0.030, 0.000, 0.060, "No benefit of"),
            "+0.030 (+0.000 to +0.060), no difference shown (could have shown 0.023)",
        ),
        (0.030, 0.00004, 0.060, "Synthetic images of gan0 made", "+0.030 (+0.00004 to +0.060), better"),
    ],
)
def test_one_comparison(difference, low, high, answer, item):
    lines = verdict.verdict(table_of(("real_synthetic", difference, low, high)), "roc_auc", 0.95)
    assert lines[0].startswith(answer)
    assert lines[2:] == [
        f"{TESTED} for the one comparison.",
        "Against real images alone:",
        f"- adding 530 images of gan0 to 530 real ones: {item}",
    ]


def test_a_lower_brier_score_is_better():
    lines = verdict.verdict(table_of(("synthetic", -0.03, -0.05, -0.01), score="brier"), "brier", 0.9)
    assert lines[2].startswith("Brier score on 237 images of 137 test patients, 2 seeds; 90 % intervals")
    assert lines[-1] == "- training on 530 images of gan0 alone: -0.030 (-0.050 to -0.010), better"


def test_several_comparisons_say_how_many_they_are():
    table = table_of(("real_synthetic", 0.03, 0.01, 0.05), ("synthetic", -0.1, -0.2, 0.01))
    assert verdict.verdict(table, "roc_auc", 0.95) == [
        "Synthetic images of gan0 made the classifier better than real images alone.",
        "Whether that is more than standard augmentation isn't known: the study has no arm real_augmented.",
        f"{TESTED} for all 2 comparisons together (Bonferroni).",
        "Against real images alone:",
        "- adding 530 images of gan0 to 530 real ones: +0.030 (+0.010 to +0.050), better",
        "- training on 530 images of gan1 alone: -0.100 (-0.200 to +0.010), no difference shown (could have shown "
        "0.023)",
    ]


def test_without_an_interval_it_cannot_be_told():
    table = table_of(("real_synthetic", 0.03, np.nan, np.nan), n_seeds=1)
    assert verdict.verdict(table, "roc_auc", 0.95) == [
        "Whether synthetic images help can't be told from this study.",
        "Why: one seed; raise seeds.",
        "ROC AUC on 237 images of 137 test patients, 1 seed; 95 % intervals for the one comparison.",
        "Against real images alone:",
        "- adding 530 images of gan0 to 530 real ones: +0.030, can't be told: one seed; raise seeds",
    ]


def test_unknown_patients_are_said_first():
    lines = verdict.verdict(table_of(("real_synthetic", 0.0, -0.1, 0.1)), "roc_auc", 0.95, patients_known=False)
    assert lines[0] == "Patients unknown: images are counted as patients; the true intervals are wider."
    assert lines[3].startswith("ROC AUC on 237 images of unknown patients, 2 seeds")
    assert verdict.verdict(table_of(), "roc_auc", 0.95, patients_known=False)[0] == lines[0]


def test_a_study_that_could_have_shown_nothing_says_so():
    table = table_of(("real_synthetic", 0.0, -0.9, 0.9)).assign(detectable=1.0)
    lines = verdict.verdict(table, "roc_auc", 0.95)
    assert lines[1] == "With these patients and seeds it could have shown no difference at all."
    assert lines[-1].endswith("no difference shown (could have shown none)")


def test_of_many_comparisons_those_that_show_nothing_are_counted():
    nothing, worse = ("real_synthetic", 0.0, -0.1, 0.1), ("synthetic", -0.2, -0.3, -0.1)
    lines = verdict.verdict(table_of(*[nothing] * 5, worse), "roc_auc", 0.95)
    assert lines[-2:] == [
        "- training on 530 images of gan5 alone: -0.200 (-0.300 to -0.100), worse",
        "- the other 5: no difference shown",
    ]
    unknown = ("real_synthetic", 0.0, np.nan, np.nan)
    lines = verdict.verdict(table_of(*[nothing] * 4, *[unknown] * 2), "roc_auc", 0.95)
    assert lines[-1] == "- all 6: 4 no difference shown and 2 can't be told"
    lines = verdict.verdict(table_of(*[nothing] * 6), "roc_auc", 0.95)
    assert lines[-1] == "- all 6: no difference shown"


def test_an_arm_of_real_images_of_another_name_is_compared_too():
    table = table_of(("real", 0.03, 0.01, 0.05)).assign(arm=["real", "slower"], generator="-")
    lines = verdict.verdict(table, "roc_auc", 0.95)
    assert lines[0] == "The study has no arm with synthetic images."
    assert lines[-1].startswith("- training as in arm slower: +0.030")


def test_a_pretrained_arm_is_an_answer():
    lines = verdict.verdict(table_of(("pretrained", 0.03, 0.01, 0.05)), "roc_auc", 0.95)
    assert lines[0] == "Synthetic images of gan0 made the classifier better than real images alone."
    assert (
        lines[-1] == "- training on 530 images of gan0 first, then on 530 real ones: +0.030 (+0.010 to +0.050), better"
    )


def test_controls_are_told_in_plain_words_and_are_no_answer():
    table = table_of(("shuffled", 0.03, 0.01, 0.05), ("duplicated", 0.0, -0.1, 0.1))
    table.loc[2, "generator"], table.loc[2, "n_train_real"], table.loc[2, "n_train_synthetic"] = "-", 1060, 0
    lines = verdict.verdict(table, "roc_auc", 0.95)
    assert lines[0] == "The study has no arm with synthetic images but a control."
    assert lines[-2:] == [
        "- adding 530 images of gan0 with permuted labels to 530 real ones: +0.030 (+0.010 to +0.050), better",
        "- training on 1060 real images, repeats among them: +0.000 (-0.100 to +0.100), no difference shown (could "
        "have shown 0.023)",
    ]
    beside = table_of(("shuffled", 0.03, 0.01, 0.05), ("real_synthetic", 0.0, -0.1, 0.1))
    assert verdict.answer(beside)[0] == "No benefit of synthetic images was shown."


def augmented_table(low: float) -> pd.DataFrame:
    """Make a study whose synthetic images help, and against augmentation by an interval that begins at `low`."""
    changes = [("real", 0.02, -0.01, 0.04), ("real_synthetic", 0.03, 0.01, 0.05), ("synthetic", 0.0, -0.1, 0.1)]
    against = {"difference": 0.01, "family_low": low, "family_high": 0.02}
    table = compared(*changes).assign(
        arm=["real", "real_augmented", "real_synthetic", "synthetic"],
        generator=["-", "-", "gan1", "gan2"],
        augment=[False, True, False, True],
        augmented_detectable=0.01,
        **{f"augmented_{name}": [np.nan, 0, value, np.nan] for name, value in against.items()},
    )
    return with_outcomes(table, "roc_auc", [], [])


def test_the_answer_says_whether_it_is_more_than_standard_augmentation():
    assert verdict.verdict(augmented_table(0.001), "roc_auc", 0.95) == [
        "Synthetic images of gan1 made the classifier better than real images alone.",
        "Those of gan1 made it better than standard augmentation, too.",
        f"{TESTED} for all 4 comparisons together (Bonferroni).",
        "Against real images alone:",
        "- augmenting 530 real images: +0.020 (-0.010 to +0.040), no difference shown (could have shown 0.023)",
        "- adding 530 images of gan1 to 530 real ones: +0.030 (+0.010 to +0.050), better",
        "- training on 530 images of gan2 alone (augmented): +0.000 (-0.100 to +0.100), no difference shown (could "
        "have shown 0.023)",
        "Against standard augmentation of the real images:",
        "- adding 530 images of gan1 to 530 real ones: +0.010 (+0.001 to +0.020), better",
    ]
    second = verdict.verdict(augmented_table(-0.001), "roc_auc", 0.95)[1]
    assert second == "A benefit beyond standard augmentation was not shown."
    second = verdict.verdict(augmented_table(np.nan), "roc_auc", 0.95)[1]
    assert second == "Whether that is more than standard augmentation can't be told."


def test_the_answer_names_generators_that_harm():
    table = table_of(("real_synthetic", -0.03, -0.05, -0.01), ("synthetic", -0.1, -0.2, -0.01))
    assert verdict.verdict(table, "roc_auc", 0.95)[:2] == [
        "No benefit of synthetic images was shown, and adding those of gan0 made the classifier worse.",
        "All its comparisons show a difference.",
    ]


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


@pytest.mark.parametrize(("names", "text"), [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")])
def test_names_are_listed_in_a_sentence(names: str, text: str) -> None:
    assert verdict.listed(names) == text
