"""What a study trains follows from its configuration: arms by generator and fraction, and the generators they take."""

import json
import re

import pytest

from chestgan.base import branches, files
from chestgan.base.errors import UserError
from chestgan.base.real_fraction import of_set, part


@pytest.fixture
def config(tmp_path) -> dict:
    """Give a study with a generator that is trained and one that isn't, and arms with and without one."""
    return {
        "real_fraction": [0.1, 1, 0.5],
        "generators": {"strong": {}, "mine": {"images": "mine"}},
        "arms": {
            "real": {"train_on": "real"},
            "both": {"train_on": "real_synthetic", "ratio": 1.0},
            "alone": {"train_on": "synthetic", "generators": ["strong"], "real_fraction": [1]},
        },
    }


def test_without_fractions_everything_is_of_all_patients(config) -> None:
    del config["real_fraction"], config["arms"]["alone"]["real_fraction"]
    assert branches.parts(config) == []
    assert branches.classifiers(config) == [("", name) for name in ("alone-strong", "both-mine", "both-strong", "real")]
    assert branches.trainings(config) == [("", "strong")]


def test_every_arm_is_trained_with_every_fraction_or_with_its_own(config) -> None:
    assert branches.parts(config) == ["real_fraction-0.5/", "real_fraction-0.1/"]
    assert branches.classifiers(config) == [
        ("", "alone-strong"),
        *(
            (of, name)
            for of in ("", "real_fraction-0.5/", "real_fraction-0.1/")
            for name in ("both-mine", "both-strong", "real")
        ),
    ]


def test_a_generator_is_trained_for_the_fractions_at_which_an_arm_takes_its_images(config) -> None:
    parts = ["", "real_fraction-0.5/", "real_fraction-0.1/"]
    assert branches.trainings(config) == [(of, "strong") for of in parts]
    config["arms"]["both"]["real_fraction"] = [0.5]
    assert branches.trainings(config) == [(of, "strong") for of in parts[:2]]
    config["arms"]["both"]["generators"] = ["mine"]
    assert branches.trainings(config) == [("", "strong")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"real_fraction": [0.5, 0.25]}, "real_fraction is 0.5, 0.25, without 1: .*; add 1"),
        ({"arms": {"mine": {"train_on": "real"}}}, "real_fraction is 0.1, 1, 0.5, but the study has no arm real"),
        (
            {"arms": {"real": {"train_on": "real", "real_fraction": [1]}}},
            "arms.real.real_fraction is 1, but others are compared with this arm at every fraction",
        ),
        (
            {"arms": {"real": {"train_on": "real"}, "own": {"train_on": "real", "real_fraction": [0.2]}}},
            "arms.own.real_fraction has 0.2, with which no arm real is trained; expected some of 0.1, 1, 0.5",
        ),
    ],
)
def test_fractions_that_nothing_can_be_compared_at_are_refused(config, changes, message) -> None:
    with pytest.raises(UserError, match=re.compile(message)):
        branches.classifiers(config | changes)


def test_an_image_set_says_which_fraction_of_the_patients_it_has(tmp_path) -> None:
    assert of_set(tmp_path) == 1
    files.write_json(tmp_path / "settings.json", {"script": "split_data"})
    assert of_set(tmp_path) == 1
    files.write_json(tmp_path / "settings.json", {"real_fraction": 0.25})
    assert of_set(tmp_path) == 0.25
    for wrong in ("half", None, 0, 2, float("nan")):
        (tmp_path / "settings.json").write_text(json.dumps({"real_fraction": wrong}))
        with pytest.raises(UserError, match="has the real_fraction "):
            of_set(tmp_path)
    assert (part(1), part(0.25), part(0.001)) == ("", "real_fraction-0.25/", "real_fraction-0.001/")


def test_a_training_begins_from_its_own_file_or_from_that_of_all() -> None:
    config = {
        "seeds": [0, 3],
        "train_acgan": {"start_from": "pre/generator.safetensors"},
        "generators": {
            "own": {"start_from": "pre/seed-{seed}/generator.safetensors"},
            "common": {},
            "anew": {"start_from": None},
            "mine": {"images": "mine"},
        },
    }
    assert {pair: str(path) for pair, path in branches.starts(config).items()} == {
        ("own", 0): "pre/seed-0/generator.safetensors",
        ("own", 3): "pre/seed-3/generator.safetensors",
        ("common", 0): "pre/generator.safetensors",
        ("common", 3): "pre/generator.safetensors",
    }
    del config["train_acgan"], config["generators"]["own"]
    assert branches.starts(config) == {}
