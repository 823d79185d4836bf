"""Scores by group, with counts, and without intervals where patients are few."""

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.study.groups import group_table, require_columns
from study_runs import COVIDGAN, REAL, make_runs, right


def grouped(columns: tuple[str, ...] = (), **values: list[str]) -> pd.DataFrame:
    # 40 patients: of the first 20, covid, a quarter is wrong
    runs = make_runs({REAL: [right((5, False), (35, True))] * 3, COVIDGAN: [right((40, True))] * 3})
    manifest = runs.test.assign(**values)
    return group_table(runs, manifest[::-1], columns, "sensitivity", 0.95).set_index(["column", "value", "generator"])


def test_every_arm_is_scored_in_every_group():
    source = ["a"] * 10 + ["b"] * 20 + ["a"] * 10
    found = grouped(("sex",), source=source, sex=["f", ""] * 20)
    assert list(found.index.get_level_values("column").unique()) == ["source", "sex"]
    assert found.loc["source", "a", "-"]["score"] == 0.5
    assert found.loc["source", "b", "-"]["score"] == 1
    assert found.loc["source", "a", "covidgan"]["score"] == 1
    row = found.loc["source", "a", "-"]
    assert (row["n_images"], row["n_patients"], row["n_positive_patients"]) == (20, 20, 10)
    assert row["low"] < 0.5 < row["high"]
    assert found.loc["sex", "unknown", "-"]["n_images"] == 20


def test_few_patients_leave_no_interval_and_a_missing_class_no_score():
    found = grouped(("view",), view=["lateral"] * 9 + ["frontal"] * 11 + ["lateral"] * 9 + ["portable"] * 11)
    lateral = found.loc["view", "lateral", "-"]
    assert (lateral["n_images"], lateral["score"]) == (18, pytest.approx(4 / 9))
    assert np.isnan(lateral["low"])
    assert found.loc["view", "frontal", "-"]["n_positive_patients"] == 11
    assert np.isnan(found.loc["view", "portable", "-"]["score"])


def test_what_the_images_do_not_have_is_refused():
    manifest = pd.DataFrame({"file": ["a"], "age": ["1"]})
    with pytest.raises(
        UserError, match=r"summarise_study.group_by has sex, but the images have only file, age.*columns"
    ):
        require_columns(manifest, ["sex"])
    many = pd.DataFrame({"age": range(21)})
    with pytest.raises(UserError, match=r"summarise_study.group_by has age, which has 21 values; expected at most 20"):
        require_columns(many, ["age"])
