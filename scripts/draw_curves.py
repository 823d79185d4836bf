"""Draw the split of a study and the curves of its trainings, from the tables that the other stages left.

    python scripts/draw_curves.py --split results/demo/split --train results/demo/covidgan/seed-*/train \\
        --classifier results/demo/classifier/*/seed-* --output results/demo/curves

Any of the three may be left out, so the trainings of an unfinished study can be drawn too.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from chestgan.base import commandline, figure_style, files, settings
from chestgan.base.errors import UserError
from chestgan.base.real_fraction import WHOLE, part
from chestgan.base.settings import argument
from chestgan.base.tables import read_table
from chestgan.classifier import training_curves as classifier_curves
from chestgan.data import split_figure
from chestgan.gan import training_curves as gan_curves
from chestgan.images.image_set import IMAGE_AS_PATIENT


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    split: Path | None = argument("result of split_data", None)
    train: tuple[Path, ...] = argument("results of train_acgan", ())
    classifier: tuple[Path, ...] = argument("results of evaluate_classifier", ())
    output: Path = argument("folder for the figures; those of the same name are replaced")

    def __post_init__(self) -> None:
        settings.check(self)
        if not (self.split or self.train or self.classifier):
            raise UserError("there is nothing to draw; expected --split, --train or --classifier")


def run(config: Config) -> None:
    """Draw a figure for each folder; each appears whole, and replaces one of the same name."""
    figures: dict[str, Figure] = {}
    for name, figure in plots(config):
        if name in figures:
            raise UserError(f"two results would draw {name}: they have one name and seed; name each once")
        figures[name] = figure
    for name, figure in figures.items():
        files.sweep(config.output / name)
        figure_style.save(figure, config.output / name)


def plots(config: Config) -> Iterator[tuple[str, Figure]]:
    """Make the figures, each with its file's name."""
    if config.split:
        yield "split.png", plot_split(config.split)
    for folder in config.train:
        result = read_settings(folder, "train_acgan", "name", "seed", "settings")
        # results of before there was another kind say nothing of it
        kind = result["settings"].get("kind", "gan")
        history = read_history(folder, gan_curves.columns(kind), "validation_kd")
        named = f"{result['name']}-seed-{result['seed']}"
        title = f"{result['name']}, seed {result['seed']}{of_patients(result)}"
        yield f"{part_of(result)}train/{named}.png", gan_curves.plot(history, title, kind)
    for folder in config.classifier:
        result = read_settings(folder, "evaluate_classifier", "arm", "generator", "backbone", "seed")
        history = read_history(folder, classifier_curves.COLUMNS, "validation_loss")
        arm = "-".join(filter(None, [result["arm"], result["generator"]]))
        title = f"{arm}, {result['backbone']}, seed {result['seed']}{of_patients(result)}"
        yield f"{part_of(result)}classifier/{arm}-seed-{result['seed']}.png", classifier_curves.plot(history, title)


def part_of(result: dict[str, Any]) -> str:
    """Name the folder of the figures of a fraction of the patients; of all, nothing."""
    return part(result.get("real_fraction", WHOLE))


def of_patients(result: dict[str, Any]) -> str:
    """Say with which share of the real patients something was trained, where it isn't all."""
    fraction = result.get("real_fraction", WHOLE)
    return "" if fraction == WHOLE else f", {100 * fraction:g} % of the real patients"


def plot_split(folder: Path) -> Figure:
    """Draw who is in which split."""
    seed = read_settings(folder, "split_data", "settings")["settings"].get("seed")
    columns = ["file", "label", "patient", "source", "split"]
    manifest = read_table(folder / "manifest.csv", columns, text=columns)
    unknown = manifest["patient"].str.startswith(IMAGE_AS_PATIENT).all()
    patients = "unknown patients" if unknown else f"{manifest['patient'].nunique()} patients"
    title = f"{len(manifest)} images of {patients}, seed {seed}"
    return split_figure.plot(manifest, title)


def read_settings(folder: Path, stage: str, *keys: str) -> dict[str, Any]:
    """Read the settings.json of a result, which must be one of a stage's.

    Raises:
        UserError: it is missing, or another stage's.
    """
    files.require_folder(folder, f"a result of {stage}")
    result = files.read_json(folder / "settings.json")
    if not isinstance(result, dict) or result.get("script") != stage or not set(keys) <= result.keys():
        raise UserError(f"{folder}/settings.json isn't of a result of {stage}; name its folder")
    return result


def read_history(folder: Path, columns: Sequence[str], selecting: str) -> pd.DataFrame:
    """Read the history of a training.

    Raises:
        UserError: it is missing or damaged, or has no value of the column that selects the weights.
    """
    history = read_table(folder / "history.csv", columns)
    if history[selecting].isna().all():
        raise UserError(f"{folder}/history.csv has no {selecting}; run again what makes {folder}")
    return history


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
