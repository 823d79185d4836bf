"""Every public set, as distributed, is read by its recipe: the right images, labels, patients and sources."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import public_sets
import split_data
from chestgan.base import commandline, recipes

# of 28 films: the images by label, patients, sources, images without a patient, and the reasons of what is left out
EXPECTED = {
    "radiography": (
        {"COVID": 7, "Lung_Opacity": 7, "Normal": 7, "Viral Pneumonia": 7},
        *(28, 2, 28, {"excluded": 28}),
    ),
    "covidx": ({"negative": 14, "positive": 14}, 28, 2, 0, {}),
    "nih": ({"effusion": 14, "normal": 10}, 12, 1, 0, {"no label rule": 4}),
    "chexpert": ({"effusion": 13, "normal": 13}, 14, 1, 0, {"row left out": 2}),
    "rsna": ({"other": 14, "pneumonia": 14}, 28, 1, 0, {}),
    "bimcv": ({"covid": 14, "normal": 14}, 14, 1, 0, {"excluded": 28, "not in the folder": 2}),
    "cohen": ({"covid": 12, "normal": 12}, 14, 1, 0, {"row left out": 2}),
    "vindr": ({"cardiomegaly": 13, "normal": 14}, 27, 1, 27, {"several labels": 1}),
    "siim": ({"normal": 14, "pneumothorax": 14}, 28, 1, 0, {}),
    "sars_ct": ({"COVID": 14, "non-COVID": 14}, 28, 1, 28, {}),
    "ucsd_ct": ({"CT_COVID": 14, "CT_NonCOVID": 14}, 21, 1, 14, {"not in the folder": 1}),
    "midrc": ({"covid": 13, "other": 14}, 14, 1, 0, {"row left out": 1}),
}


def configured(folder: Path, *flags: str) -> split_data.Config:
    words = recipes.expand(["--folder", str(folder), "--output", str(folder) + "-split", *flags])
    return split_data.Config(**vars(commandline.parser(split_data.Config, "").parse_args(words)))


def test_every_recipe_is_tried() -> None:
    assert recipes.names() == sorted(EXPECTED)


@pytest.mark.parametrize("recipe", EXPECTED)
def test_a_set_is_read_by_its_recipe(tmp_path: Path, recipe: str) -> None:
    getattr(public_sets, recipe)(tmp_path)
    images, n_patients, n_sources, n_without, left_out = EXPECTED[recipe]
    selected = split_data.select(configured(tmp_path, "--recipe", recipe))
    assert dict(Counter(selected.table["label"])) == images
    assert selected.table["patient"].nunique() == n_patients
    assert selected.table["source"].nunique() == n_sources
    assert selected.table["patient"].str.startswith("image:").sum() == n_without
    assert dict(Counter(selected.rejected["reason"])) == left_out
    assert not selected.table["file"].str.contains("mask").any()
    assert recipes.recognise(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [recipe]


@pytest.mark.parametrize("recipe", EXPECTED)
def test_a_set_becomes_an_image_set(tmp_path: Path, recipe: str) -> None:
    getattr(public_sets, recipe)(tmp_path / "data")
    flags = ["--folder", str(tmp_path / "data"), "--output", str(tmp_path / "out"), "--image-size", "16"]
    assert split_data.main([*flags, "--recipe", recipe, "--allow-small", "--max-rejected", "0"]) == 0
    made = pd.read_csv(tmp_path / "out" / "manifest.csv", dtype=str, keep_default_na=False)
    assert dict(Counter(made["label"])) == EXPECTED[recipe][0]
    carried = recipes.read(recipe).get("columns", [])
    named = [*split_data.MANIFEST_COLUMNS, *carried]
    assert list(made)[: len(named)] == named
    assert (made[carried] != "").any(axis=None) or not carried


def test_keys_of_ones_own_win_over_a_recipe(tmp_path: Path) -> None:
    public_sets.nih(tmp_path)
    rules = ["--labels", "mass=Finding Labels lists Mass", "normal=Finding Labels is No Finding"]
    selected = split_data.select(configured(tmp_path, "--recipe", "nih", *rules))
    assert selected.classes == ["mass", "normal"]
