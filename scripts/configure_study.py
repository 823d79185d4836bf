"""Write a configuration for a folder of images from what is found in it: `make new DATA=folder`.

    python scripts/configure_study.py --folder data/mine --name mine

It names the classes, the table and its columns, patients, sizes, and the recipe if it is a public set that one reads.
An existing configuration is left alone.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

import split_data
from chestgan.base import commandline, configuration, files, recipes, settings
from chestgan.base.errors import UserError
from chestgan.base.settings import argument
from chestgan.cluster import gpus
from chestgan.data import draft
from chestgan.data.inspection import Selection
from chestgan.data.survey import Survey, survey
from chestgan.images.image_set import IMAGE_AS_PATIENT

SCHEMA = Path(__file__).resolve().parent.parent / "workflow" / "schemas" / "config.schema.json"


@dataclass(frozen=True)
class Config:
    """The flags of this script."""

    folder: Path = argument("folder of the images")
    name: str | None = argument("name of the study and its file; default: that of the folder", None)
    output: Path | None = argument("file to write; default: config/NAME.yaml", None)

    def __post_init__(self) -> None:
        settings.check(self)

    @property
    def dataset(self) -> str:
        """The study's name, with nothing in it that a path may not have."""
        return re.sub(r"[^A-Za-z0-9_.-]+", "_", self.name or self.folder.resolve().name).strip("._-") or "study"


def run(config: Config) -> None:
    """Look at the folder, write a configuration, and try it on the files."""
    output = config.output or Path("config") / f"{config.dataset}.yaml"
    if output.exists():
        raise UserError(f"{output} exists; give the study another name: --name, or make new DATA=... NAME=...")
    files.require_folder(config.folder, "a folder of images")
    found = survey(config.folder)
    text, selected, remarks = write(config, found)
    with files.new_file(output) as partial:
        partial.write_text(text, encoding="utf-8")
    for line in [*described(found, selected), *remarks]:
        print(line)
    print(f"\nwritten: {output}; read it, then see what would run and what the data are:")
    print(f"  snakemake --profile profiles/local --configfile {output} --dry-run")


def write(config: Config, found: Survey) -> tuple[str, Selection, list[str]]:
    """Write the first text whose configuration is sound and can be read: with a recipe, or else with what was guessed.

    Returns:
        The text, the files that it selects, and why recipes were passed over.

    Raises:
        UserError: nothing in the folder can be read as classes of images.
    """
    remarks = []
    for recipe in found.recipes:
        try:
            return *tried(config, found, draft.recipe_keys(recipe)), remarks
        except UserError as error:
            remarks.append(f"recipe   not {recipe}, which it looks like: {error}")
    keys, labels = draft.split_keys(found)
    if len(labels) < 2:
        raise UserError(
            f"{config.folder} has no class folders and no table that could be recognised: {found.n_images} images, "
            f"folders {', '.join(found.classes) or 'none'}; put each class into a folder of its own, or write a table "
            "with the columns file, label, patient, source"
        )
    return *tried(config, found, keys), remarks


def tried(config: Config, found: Survey, keys: list[str]) -> tuple[str, Selection]:
    """Write a configuration, check it, and list the files as split_data would.

    Raises:
        UserError: it isn't sound, or the files aren't what it says.
    """
    folder, n_gpus = config.folder, len(gpus.present())
    section = yaml.safe_load(draft.write(config.dataset, folder, found, keys, ["?"], n_gpus))["split_data"]
    completed = recipes.complete(section) | {"output": "unused"}
    selected = split_data.select(commandline.from_settings(split_data.Config, completed))
    text = draft.write(config.dataset, folder, found, keys, selected.classes, n_gpus)
    configuration.check(yaml.safe_load(text), SCHEMA)
    return text, selected


def described(found: Survey, selected: Selection) -> list[str]:
    """Say in a few lines what was found."""
    table = selected.table
    n_patients = 0 if table["patient"].str.startswith(IMAGE_AS_PATIENT).all() else table["patient"].nunique()
    sources = sorted(set(table["source"]) - {""})
    counts = table["label"].value_counts().sort_index()
    left_out = selected.rejected["reason"].value_counts()
    lines = [
        f"images   {len(table)} of {found.n_images + found.n_masks} files",
        f"classes  {', '.join(f'{label} {n}' for label, n in counts.items())}",
        f"patients {n_patients or 'unknown: each image will count as one, and scores may be too good'}",
        f"sources  {', '.join(sources[:6]) + (' ...' if len(sources) > 6 else '') or 'unknown'}",
    ]
    if len(left_out):
        lines.append(f"unused   {', '.join(f'{reason} {n}' for reason, n in left_out.items())}")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
