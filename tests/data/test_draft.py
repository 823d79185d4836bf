"""The draft of a configuration names what was found, and chooses a class and a size that make sense."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from chestgan.data import draft
from chestgan.data.survey import Survey


def found(**changes) -> Survey:
    usual = {"n_images": 20, "n_masks": 0, "classes": {"covid": 10, "normal": 10}, "classes_below": False}
    usual |= {"table": None, "recipes": [], "sides": np.full((9, 2), 256), "window": None}
    usual["patients_in_folders"] = False
    return Survey(**(usual | changes))


@pytest.mark.parametrize(
    ("classes", "positive"),
    [
        (["covid", "normal"], "covid"),
        (["Control", "Pneumonia"], "Pneumonia"),
        (["COVID", "non-COVID"], "COVID"),
        (["CT_COVID", "CT_NonCOVID"], "CT_COVID"),
        (["effusion", "other"], "effusion"),
        (["No Finding", "nodule"], "nodule"),
        (["negative", "positive"], "positive"),
        (["0", "1"], "1"),
        (["a", "b"], "a"),
    ],
)
def test_the_class_to_find_is_the_one_that_sounds_ill(classes: list[str], positive: str) -> None:
    assert draft.positive_class(classes) == positive


@pytest.mark.parametrize(("side", "size"), [(2000, 64), (64, 64), (63, 32), (32, 32), (28, 28), (20, 20), (19, 16)])
def test_images_are_not_enlarged(side: int, size: int) -> None:
    assert draft.image_size(found(sides=np.full((5, 2), side))) == size
    assert draft.image_size(found(sides=np.empty((0, 2)))) == 64


def test_images_too_small_for_a_gan_have_another_generator() -> None:
    for side, preset in ((32, "strong"), (28, "diffusion")):
        text = draft.write("x", Path("x"), found(sides=np.full((5, 2), side)), [], ["a", "b"], 0)
        assert yaml.safe_load(text)["generators"] == {preset: {"preset": preset}}


@pytest.mark.parametrize("dataset", ["2024", "2024-07-01", "true", "mine"])
def test_a_name_that_yaml_would_read_as_something_else_is_quoted(dataset: str) -> None:
    assert yaml.safe_load(draft.write(dataset, Path("x"), found(), [], ["a", "b"], 0))["dataset"] == dataset


def test_odd_names_are_written_so_that_yaml_reads_them_as_they_are() -> None:
    classes = {"No": 10, "1": 10, "a: b": 10, 'q"': 10}
    keys, names = draft.split_keys(found(classes=classes))
    text = draft.write("odd", Path("/data/my films"), found(classes=classes), keys, names, 0)
    config = yaml.safe_load(text)
    assert config["split_data"]["folder"] == "/data/my films"
    assert config["evaluate_classifier"]["positive_class"] in classes


def test_gpus_are_asked_for_where_there_are_any() -> None:
    for n_gpus, gpus in ((0, 0), (1, 1), (4, 1)):
        assert yaml.safe_load(draft.write("x", Path("x"), found(), [], ["a", "b"], n_gpus))["gpus"] == gpus
