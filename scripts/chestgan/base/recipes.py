"""Recipes: settings of split_data for a public data set as it is distributed, as YAML files that a user can copy."""

import argparse
import fnmatch
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from chestgan.base import commandline, yaml_files
from chestgan.base.errors import UserError, did_you_mean

FOLDER = Path(__file__).resolve().parents[3] / "config" / "recipes"
# the key of a recipe, and none of split_data's: globs of files by which the set is known
_SIGNS = "signs"


def names() -> list[str]:
    """List the recipes that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read(recipe: str) -> dict[str, Any]:
    """Read the settings of a recipe.

    Args:
        recipe: the name of one that comes with the project, or the path of a YAML file.

    Raises:
        UserError: there is none of that name, or it isn't a mapping.
    """
    return {key: value for key, value in _read(recipe).items() if key != _SIGNS}


def complete(section: dict[str, Any]) -> dict[str, Any]:
    """Replace `recipe` in the settings of split_data by what the recipe sets; settings of their own win over it."""
    if section.get("recipe") is None:
        return section
    own = {key: value for key, value in section.items() if key != "recipe"}
    return read(section["recipe"]) | own


def expand(words: Sequence[str]) -> list[str]:
    """Put the flags that a recipe stands for before the words of a command line, of which the last ones win."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--recipe")
    recipe = parser.parse_known_args(words)[0].recipe
    return [*(commandline.flags(read(recipe)) if recipe else []), *words]


def recognise(files: Iterable[str]) -> list[str]:
    """Name the recipes whose signs are all among the files of a folder, given relative to it."""
    files = list(files)
    known = {name: _read(name).get(_SIGNS, []) for name in names()}
    return [name for name, signs in known.items() if signs and all(fnmatch.filter(files, sign) for sign in signs)]


def _read(recipe: str) -> dict[str, Any]:
    path = FOLDER / f"{recipe}.yaml"
    if not path.is_file():
        path = Path(recipe)
    if not path.is_file():
        raise UserError(
            f"split_data.recipe is {recipe!r}, and there is no such recipe or file; the recipes are "
            f"{', '.join(names())}" + did_you_mean(recipe, names())
        )
    content = yaml_files.read(path)
    if not content:
        raise UserError(f"the recipe {path} holds no settings; expected keys of split_data, such as file_column: name")
    return content
