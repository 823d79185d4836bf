"""The second reading takes what every arm of a seed was shown, and nothing that came later."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from chestgan.study.equal_steps import COLUMNS, with_equal_steps

REAL, BOTH = ("real", "-"), ("real_synthetic", "gan")
# validations of each seed, every thousand images
LOSSES = {
    (*REAL, 0): [0.9, 0.7, 0.8],
    (*REAL, 1): [0.8, 0.6],
    (*BOTH, 0): [0.9, 0.8, 0.5, 0.2],
    (*BOTH, 1): [0.7, 0.65, 0.1],
}


def histories(losses: dict) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"arm": arm, "generator": generator, "seed": seed, "kimg": place, "validation_loss": loss}
            for (arm, generator, seed), of_run in losses.items()
            for place, loss in enumerate(of_run, start=1)
        ]
    )


def read(losses: dict, *arms: tuple[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(arms, columns=["arm", "generator"])
    return with_equal_steps(table, histories(losses), 0.9).set_index("arm")


def test_the_lowest_loss_is_of_the_images_that_all_arms_were_shown() -> None:
    found = read(LOSSES, REAL, BOTH)
    assert list(found["equal_kimg"]) == [2.5, 2.5]
    assert list(found["equal_loss"]) == pytest.approx([(0.7 + 0.6) / 2, (0.5 + 0.65) / 2])


def test_differences_are_of_the_same_seeds_with_their_interval() -> None:
    found = read(LOSSES, REAL, BOTH).loc["real_synthetic"]
    differences = [-0.2, 0.05]
    low, high = stats.t.interval(0.9, 1, loc=np.mean(differences), scale=stats.sem(differences))
    assert found[COLUMNS[2:]].to_list() == pytest.approx([np.mean(differences), low, high])


def test_what_was_not_shown_by_then_has_no_reading() -> None:
    late = histories({key: losses for key, losses in LOSSES.items()})
    late.loc[late["arm"] == "real_synthetic", "kimg"] += 3
    table = pd.DataFrame([REAL, BOTH], columns=["arm", "generator"])
    found = with_equal_steps(table, late, 0.95).set_index("arm").loc["real_synthetic"]
    assert found[["equal_loss", "equal_difference", "equal_low"]].isna().all()


def test_one_seed_has_no_interval_and_a_study_without_real_no_difference() -> None:
    one = {key: losses for key, losses in LOSSES.items() if key[2] == 0}
    found = read(one, REAL, BOTH).loc["real_synthetic"]
    assert found["equal_difference"] == pytest.approx(-0.2)
    assert np.isnan(found["equal_low"])
    alone = {key: losses for key, losses in LOSSES.items() if key[0] != "real"}
    assert np.isnan(read(alone, BOTH).loc["real_synthetic", "equal_difference"])
