"""Decisions are counted as they were made."""

import numpy as np
import pandas as pd
import pytest

from chestgan.study import decisions
from chestgan.study.inputs import Runs


@pytest.fixture
def runs() -> Runs:
    """Make an arm of two seeds and one of a single seed, on four images."""
    table = pd.DataFrame({"arm": ["real", "real", "synthetic"], "generator": ["-", "-", "strong"], "seed": [0, 1, 0]})
    test = pd.DataFrame(
        {"file": list("abcd"), "patient": list("pqrs"), "label": ["covid", "covid", "normal", "normal"]}
    )
    called = np.array([[1, 0, 0, 1], [0, 0, 0, 1], [0, 1, 1, 1]], dtype=bool)
    return Runs(
        table=table,
        scores=pd.DataFrame(),
        test=test,
        predicted=np.where(called, "covid", "normal").astype(object),
        decided=called,
        probabilities=called.astype(float),
        classes=["covid", "normal"],
        positive_class="covid",
    )


def test_the_four_counts_of_a_run(runs):
    counts = decisions.two_by_two(runs)
    assert list(counts["arm"]) == ["real", "real", "synthetic"]
    assert counts.drop(columns=["arm", "generator", "seed"]).to_numpy().tolist() == [
        [1, 1, 1, 1],
        [0, 2, 1, 1],
        [1, 1, 2, 0],
    ]


def test_only_what_every_seed_of_an_arm_got_wrong_is_listed(runs):
    wrong = decisions.wrong_in_all_seeds(runs)
    assert wrong.to_numpy().tolist() == [
        ["real", "-", "b", "q", "covid"],
        ["real", "-", "d", "s", "normal"],
        ["synthetic", "strong", "a", "p", "covid"],
        ["synthetic", "strong", "c", "r", "normal"],
        ["synthetic", "strong", "d", "s", "normal"],
    ]
