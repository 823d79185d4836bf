"""The simulation of studies does what a summary does, and its intervals hold the truth."""

import numpy as np
import pandas as pd
import pytest

import simulation
from chestgan.study import differences, jackknife
from chestgan.study.inputs import Runs
from simulation import Cell

NULL = (0.7, 0.7)


def test_its_closed_form_is_the_summarys_scoring():
    scores, positive, patient = simulation.draw(Cell(NULL, 12, 3, 1.0), 0.3, np.random.default_rng(0))
    labels, shape = np.where(positive, "covid", "normal"), (6, len(positive))
    rows = [(arm, "-", seed, seed) for arm in ("real", "other") for seed in range(3)]
    runs = Runs(
        table=pd.DataFrame(rows, columns=["arm", "generator", "generator_seed", "seed"]),
        scores=pd.DataFrame(),
        test=pd.DataFrame({"patient": patient, "label": labels}),
        predicted=np.broadcast_to(labels.astype(object), shape),
        decided=np.broadcast_to(positive, shape),
        probabilities=scores.reshape(shape),
        classes=["covid", "normal"],
        positive_class="covid",
    )
    left_out = jackknife.leave_out(patient, labels)
    expected = differences.trainings(runs, "roc_auc", left_out)
    found, stratum = simulation.trainings(scores, positive, patient)
    for arm, name in zip(found, ("real", "other"), strict=True):
        np.testing.assert_allclose(arm.values, expected[name, "-"].trainings.values)
        np.testing.assert_allclose(arm.left_out, expected[name, "-"].trainings.left_out)
    assert np.array_equal(stratum, left_out.stratum)


@pytest.mark.parametrize(
    "cell", [Cell(NULL, 40, 2, 3.0), Cell((0.7, 0.75), 40, 5, 0.3), Cell((0.98, 0.96), 136, 5, 1.0)]
)
def test_intervals_hold_the_truth(cell):
    row = simulation.measure((cell, 200, 0))
    assert row["covered"] > 0.92
    assert row["score_covered"] > 0.92
    assert row["with_interval"] > 0.95


def test_seven_arms_that_are_alike_are_seldom_called_better_or_worse():
    assert simulation.measure((Cell((0.7,) * 8, 40, 3, 3.0), 60, 0))["better_or_worse"] <= 0.06


def test_classifiers_that_hardly_err_mostly_have_no_interval():
    row = simulation.measure((Cell((0.98, 0.96), 20, 5, 0.3), 100, 0))
    assert row["with_interval"] < 0.5


def test_the_tables_have_a_row_for_each_kind_of_study():
    names = ["auc_real", "auc", "arms", "test_patients", "seeds", "covered", "with_interval", "better_or_worse"]
    rows = [
        (0.7, 0.7, 1, 20, 2, 0.95, 1.0, 0.01),
        (0.7, 0.7, 1, 20, 5, None, 0.5, 0.01),
        (0.7, 0.7, 7, 20, 2, 0.9, 1, 0.025),
    ]
    made = simulation.tables(pd.DataFrame(rows, columns=names))
    assert made["coverage"].splitlines()[-1] == "| 0.7 | 0.7 | 20 | 95 | – | 50 / 100 |"
    assert made["verdicts"].splitlines()[-1] == "| 0.7 | 20 | 2.5 |"
