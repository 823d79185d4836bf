"""A fraction of the training patients: nested by seed, of each class alike, with nothing else of the split changed."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import take_patients
from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.data import fractions
from chestgan.images import image_set


@pytest.fixture
def train() -> pd.DataFrame:
    """Make 40 patients of covid with two images each, and 20 of normal with one."""
    patients = [("covid", f"c{i:02d}") for i in range(40) for _ in range(2)] + [("normal", f"n{i}") for i in range(20)]
    return pd.DataFrame(patients, columns=["label", "patient"])


def chosen(train: pd.DataFrame, fraction: float, seed: int = 0) -> set[str]:
    return set(train["patient"][fractions.choose(train, fraction, seed)])


def test_each_class_keeps_its_share_and_patients_all_their_images(train) -> None:
    taken = train[fractions.choose(train, 0.25, 0)]
    assert taken.groupby("label")["patient"].nunique().to_dict() == {"covid": 10, "normal": 5}
    assert taken["label"].value_counts().to_dict() == {"covid": 20, "normal": 5}
    assert fractions.choose(train, 1.0, 0).all()


def test_smaller_fractions_lie_within_larger_ones_whatever_the_seed(train) -> None:
    for seed in range(5):
        nested = [chosen(train, fraction, seed) for fraction in (0.1, 0.25, 0.5, 1.0)]
        assert all(few < many for few, many in itertools.pairwise(nested))
    assert len({frozenset(chosen(train, 0.25, seed)) for seed in range(5)}) == 5


def test_the_choice_is_of_patients_and_not_of_rows(train) -> None:
    assert chosen(train, 0.25) == chosen(train.sample(frac=1, random_state=1), 0.25)


def test_a_patient_with_two_labels_is_drawn_once_with_all_images() -> None:
    rows = [("covid", f"c{i}") for i in range(8)] + [("normal", f"n{i}") for i in range(8)]
    table = pd.DataFrame([*rows, ("normal", "c0")], columns=["label", "patient"])
    for seed in range(10):
        taken = table[fractions.choose(table, 0.5, seed)]
        assert taken["patient"].nunique() == 8
        assert (taken["patient"] == "c0").sum() in (0, 2)


@pytest.mark.parametrize(("fraction", "left"), [(0.05, "1 of the 20"), (0.02, "1 of the 40"), (0.01, "0 of the 40")])
def test_a_fraction_that_leaves_a_class_too_few_patients_is_refused(train, fraction: float, left: str) -> None:
    with pytest.raises(UserError, match=f"real_fraction {fraction:g} leaves {left} training patients of class"):
        fractions.choose(train, fraction, 0)


def run(split: Path, output: Path, *flags: str) -> int:
    return take_patients.main(["--real", str(split), "--output", str(output), *flags])


def test_validation_and_test_patients_stay_whole(tiny_split: Path, tmp_path: Path) -> None:
    assert run(tiny_split, tmp_path / "half", "--real-fraction", "0.5", "--seed", "3") == 0
    whole, half = image_set.read(tiny_split), image_set.read(tmp_path / "half")
    for split in ("validation", "test"):
        before, after = whole.where(split=split), half.where(split=split)
        assert before.manifest.equals(after.manifest)
        assert np.array_equal(before.images, after.images)
    assert half.where(split="train").manifest.groupby("label")["patient"].nunique().to_dict() == {
        "covid": 3,
        "normal": 3,
    }
    of_file = dict(zip(whole.manifest["file"], whole.images, strict=True))
    assert all(
        np.array_equal(of_file[file], image) for file, image in zip(half.manifest["file"], half.images, strict=True)
    )
    told = files.read_json(tmp_path / "half" / "settings.json")
    assert (told["real_fraction"], told["seed"], told["n_train_patients"]) == (0.5, 3, {"covid": 3, "normal": 3})


def test_bad_input_is_refused_in_one_line(tiny_split: Path, tmp_path: Path, capsys) -> None:
    for fraction, message in (
        ("0", "real_fraction is 0.0; expected a number from 0.001 to 1.0"),
        ("1.5", "real_fraction is 1.5; expected"),
        ("0.1", "real_fraction 0.1 leaves 1 of the 6 training patients of class 'covid'; expected at least 2"),
    ):
        assert run(tiny_split, tmp_path / "x", "--real-fraction", fraction) == 1
        assert message in capsys.readouterr().err
        assert not (tmp_path / "x").exists()
    assert run(tmp_path, tmp_path / "x", "--real-fraction", "0.5") == 1
    assert "isn't an image set" in capsys.readouterr().err
    without = shutil.copytree(tiny_split, tmp_path / "without")
    text = (without / "manifest.csv").read_text().replace(",train", ",test")
    (without / "manifest.csv").write_text(text)
    assert run(without, tmp_path / "x", "--real-fraction", "0.5") == 1
    assert "has no training image" in capsys.readouterr().err
