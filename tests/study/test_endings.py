"""Trainings that ended while they still got better are named."""

import pandas as pd
import pytest

from chestgan.study import endings

SETTINGS = {"patience": 10, "validation_kimg": 0.5, "kimg": 20}


@pytest.mark.parametrize(
    ("selected", "shown", "unfinished"),
    [(8.0, 13.0, False), (20.0, 20.0, True), (18.0, 20.0, True), (17.5, 20.0, False), (0.5, 5.5, False)],
)
def test_a_classifier_is_unfinished_with_its_lowest_loss_close_to_the_limit(selected, shown, unfinished):
    assert endings.is_unfinished(selected, shown, SETTINGS) == unfinished


def test_one_unfinished_run_makes_its_arm_unfinished():
    runs = pd.DataFrame({"arm": ["real", "real", "both"], "generator": ["-", "-", "gan"]})
    assert endings.unfinished_arms(runs.assign(unfinished=[False, True, False])) == [("real", "-")]
    assert endings.unfinished_arms(runs.assign(unfinished=False)) == []


def histories(**distances: list[list[float]]) -> pd.DataFrame:
    rows = [
        {"generator": generator, "seed": seed, "kimg": 10.0 * place, "validation_kd": distance}
        for generator, seeds in distances.items()
        for seed, values in enumerate(seeds)
        for place, distance in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows)


def test_a_generator_that_got_nearer_in_the_last_fifth_is_named():
    falling, flat, turned = [1.0, 0.8, 0.7, 0.6, 0.5], [1.0, 0.4, 0.41, 0.39, 0.38], [1.0, 0.3, 0.4, 0.5, 0.6]
    found = endings.unfinished_generators(
        histories(
            zeta=[falling, falling], flat=[flat, flat], turned=[turned] * 2, half=[falling, turned], short=[[1.0]]
        )
    )
    assert found == ["zeta", "half"]


def test_a_generator_as_near_as_real_patients_is_finished():
    assert endings.unfinished_generators(histories(gan=[[0.1, -0.001, -0.002, -0.002, -0.01]])) == []
