"""Recipes are read by name or path, and what is set besides wins."""

from pathlib import Path

import pytest
import yaml

from chestgan.base import configuration, recipes
from chestgan.base.errors import UserError
from project import ROOT

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_fits_the_schema(name: str) -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    config["split_data"] = {"folder": "data/set", "recipe": name}
    configuration.check(config, SCHEMA)
    assert config["split_data"] == {"folder": "data/set"} | recipes.read(name)


def test_own_settings_win_and_the_recipe_is_gone() -> None:
    section = recipes.complete({"recipe": "nih", "patient_column": "", "classes": ["normal"]})
    assert section == recipes.read("nih") | {"patient_column": "", "classes": ["normal"]}
    assert recipes.complete({"folder": "x"}) == {"folder": "x"}


def test_a_recipe_becomes_flags_before_the_others() -> None:
    words = recipes.expand(["--recipe", "siim", "--source-column", "Hospital"])
    assert words[-4:] == ["--recipe", "siim", "--source-column", "Hospital"]
    assert words[words.index("--labels") + 2] == "pneumothorax=EncodedPixels is not -1"
    assert recipes.expand(["--folder", "x"]) == ["--folder", "x"]


def test_a_recipe_of_ones_own_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("signs: ['*.png']\nfile_column: name\n")
    assert recipes.read(str(tmp_path / "mine.yaml")) == {"file_column": "name"}


@pytest.mark.parametrize(("text", "message"), [("- a", "holds no settings"), ("a: [", "isn't YAML"), ("", "no sett")])
def test_a_file_that_is_no_recipe_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        recipes.read(str(tmp_path / "mine.yaml"))


def test_an_unknown_recipe_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"split_data.recipe is 'chexprt', .*did you mean 'chexpert'\?"):
        recipes.read("chexprt")
