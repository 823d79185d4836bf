"""What is read in synthetic images stands beside what is read in real ones, and a warning where it is far less."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import study_folders
from chestgan.base.errors import UserError
from chestgan.study import label_reading
from chestgan.study.inputs import Runs

CLASSES = ["covid", "normal"]


def make_runs() -> Runs:
    """Make runs of two seeds; that of seed 0 reads 4 of 5 covid and all normal ones, that of seed 1 all but one."""
    test = pd.DataFrame({"label": ["covid"] * 5 + ["normal"] * 5})
    right = test["label"].to_numpy(object)
    first, second = right.copy(), right.copy()
    first[0], second[9] = "normal", "covid"
    table = pd.DataFrame({"arm": ["real", "real", "synthetic"], "seed": [0, 1, 0]})
    predicted = np.stack([first, second, np.full(10, "covid", dtype=object)])
    return Runs(table, None, test, predicted, None, None, CLASSES, "covid")


def make_labels(**recalls: list[tuple[float, float]]) -> pd.DataFrame:
    """Make the recalls of covid and normal, for each generator and seed."""
    return pd.DataFrame(
        [
            {"generator": generator, "seed": seed, "class": label, "recall": recall}
            for generator, seeds in recalls.items()
            for seed, values in enumerate(seeds)
            for label, recall in zip(CLASSES, values, strict=True)
        ]
    )


def test_real_images_are_read_by_the_classifier_of_the_same_seed() -> None:
    labels = label_reading.beside_real(make_labels(strong=[(0.5, 0.6), (0.7, 0.8)]), make_runs())
    assert labels["real_recall"].tolist() == [0.8, 1.0, 1.0, 0.8]


def test_a_generator_is_averaged_over_classes_and_seeds() -> None:
    labels = label_reading.beside_real(make_labels(a=[(0.5, 0.7), (0.7, 0.9)], b=[(1.0, 1.0)]), make_runs())
    table = label_reading.of_generators(labels)
    assert table.loc["a", "label_recall_mean"] == pytest.approx(0.7)
    assert table.loc["a", "label_recall_sd"] == pytest.approx(np.std([0.6, 0.8], ddof=1))
    assert table.loc["a", ["label_recall_least", "label_recall_most"]].tolist() == pytest.approx([0.6, 0.8])
    assert table.loc["a", "real_label_recall"] == pytest.approx(0.9)
    assert np.isnan(table.loc["b", "label_recall_sd"])


def test_only_classes_that_are_hardly_read_as_theirs_are_warned_of() -> None:
    labels = make_labels(swapped=[(0.0, 0.1), (0.1, 0.1)], half=[(1.0, 0.1), (1.0, 0.1)], good=[(0.9, 0.5), (0.9, 0.5)])
    told = label_reading.warnings(label_reading.beside_real(labels, make_runs()))
    assert told == [
        "Of images labelled covid the classifier of real patients reads as covid only 5 % (swapped); of real test "
        "images 90 %.",
        "Of images labelled normal the classifier of real patients reads as normal only 10 % (half), 10 % (swapped); "
        "of real test images 90 %.",
    ]


def test_a_study_without_the_stage_has_an_empty_table() -> None:
    labels = label_reading.beside_real(label_reading.read([], CLASSES), make_runs())
    assert list(labels) == [
        *("generator", "seed", "class", "n", "recall", "mean_probability", "read_as_covid", "read_as_normal"),
        "real_recall",
    ]
    assert labels.empty
    assert label_reading.warnings(labels) == []


def test_a_set_of_one_class_has_one_row(tmp_path: Path) -> None:
    folder = study_folders.make_classified(tmp_path / "a", "one", 0, {"covid": {"covid": 3, "normal": 1}})
    (row,) = label_reading.read([folder], CLASSES).to_dict("records")
    assert (row["generator"], row["seed"], row["class"], row["recall"]) == ("one", 0, "covid", 0.75)


def test_a_generator_and_seed_that_are_there_twice_are_refused(tmp_path: Path) -> None:
    confusion = {"covid": {"covid": 3, "normal": 1}}
    folders = [study_folders.make_classified(tmp_path / name, "one", 0, confusion) for name in "ab"]
    with pytest.raises(UserError, match=r"labels of generator one, seed 0 are there twice: .*a and .*b"):
        label_reading.read(folders, CLASSES)
