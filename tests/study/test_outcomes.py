"""What each comparison shows: by the whole interval, and not where a training or the errors are too few."""

import numpy as np
import pandas as pd
import pytest

from chestgan.study.outcomes import with_outcomes

ARM = ("real_synthetic", "gan")


def outcome(
    low: float,
    high: float,
    score: str = "roc_auc",
    n_seeds: int = 5,
    arms: tuple = (),
    generators: tuple = (),
) -> tuple[str, str]:
    rows = [("real", "-", "real", 0.0, 0.0), (*ARM, "real_synthetic", low, high)]
    table = pd.DataFrame(rows, columns=["arm", "generator", "train_on", "family_low", "family_high"])
    made = with_outcomes(table.assign(n_seeds=n_seeds), score, arms, generators)
    assert made.loc[0, ["outcome", "reason"]].isna().all()
    assert made["augmented_outcome"].isna().all()
    return tuple(None if pd.isna(told) else told for told in made.loc[1, ["outcome", "reason"]])


@pytest.mark.parametrize(
    ("low", "high", "score", "expected"),
    [
        (0.01, 0.05, "roc_auc", "better"),
        (-0.05, -0.01, "roc_auc", "worse"),
        (-0.05, -0.01, "brier", "better"),
        (0.0, 0.05, "roc_auc", "no difference shown"),
        (-0.01, 0.05, "brier", "no difference shown"),
    ],
)
def test_the_whole_interval_decides(low, high, score, expected):
    assert outcome(low, high, score) == (expected, None)


def test_without_an_interval_it_says_what_is_missing():
    assert outcome(np.nan, np.nan) == ("can't be told", "too few errors; test more patients")
    assert outcome(np.nan, np.nan, n_seeds=1) == ("can't be told", "one seed; raise seeds")


@pytest.mark.parametrize("arm", [ARM, ("real", "-")])
def test_an_unfinished_classifier_answers_nothing(arm):
    expected = ("can't be told", "classifiers unfinished; raise evaluate_classifier.kimg or passes")
    assert outcome(0.01, 0.05, arms=[arm]) == expected
    assert outcome(-0.05, -0.01, arms=[arm]) == expected
    assert outcome(0.01, 0.05, arms=[("other", "-")]) == ("better", None)


def test_an_unfinished_generator_may_help_but_not_harm():
    expected = ("can't be told", "generator unfinished; raise generators.gan.kimg")
    assert outcome(-0.05, -0.01, generators=["gan"]) == expected
    assert outcome(-0.05, 0.01, generators=["gan"]) == expected
    assert outcome(0.01, 0.05, generators=["gan"]) == ("better", None)
    assert outcome(-0.05, -0.01, generators=["other"]) == ("worse", None)
