"""The generators of a configuration whose images come from elsewhere: their folders, and what the arms ask of them."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chestgan.base import files
from chestgan.base.arm_kinds import KINDS
from chestgan.base.errors import UserError, unknown_name
from chestgan.base.seeds import in_path


def is_imported(generator: Mapping[str, Any] | None) -> bool:
    """Check whether a generator of the configuration has images from elsewhere, and isn't trained."""
    return bool(generator) and "images" in generator


def folders(generators: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]) -> dict[str, dict[int, Path]]:
    """Locate the images of the generators that have some, by name and seed.

    Raises:
        UserError: a folder doesn't exist, or holds no file, or settings of a training stand beside it.
    """
    found = {}
    for name, settings in generators.items():
        if is_imported(settings):
            others = [key for key, value in settings.items() if key != "images" and value is not None]
            if others:
                raise UserError(f"generators.{name} has images, so it isn't trained, and {others[0]} sets nothing")
            found[name] = {seed: in_path(settings["images"], seed) for seed in seeds}
            for folder in dict.fromkeys(found[name].values()):
                if not folder.is_dir():
                    raise UserError(f"{_key(name, folder)}, and there is no such folder in {Path.cwd()}")
                if not files.below(folder):
                    raise UserError(f"{_key(name, folder)}, and that folder is empty; expected a folder for each class")
    return found


def arms_with(arms: Mapping[str, Mapping[str, Any]], generators: Sequence[str]) -> dict[str, list[str | None]]:
    """List the generators of each arm: its own choice, or all; one None for an arm that needs no generator.

    Raises:
        UserError: an arm names a generator that isn't there, or names generators and needs none.
    """
    found: dict[str, list[str | None]] = {}
    for name, arm in arms.items():
        chosen = arm.get("generators")
        for generator in chosen or ():
            if generator not in generators:
                raise UserError(f"arms.{name}.generators: {unknown_name('generator', generator, generators)}")
        needs_generator = KINDS[arm["train_on"]].needs_generator
        if chosen is not None and not needs_generator:
            raise UserError(f"arms.{name}.train_on is {arm['train_on']}, which takes no generators; found generators")
        found[name] = sorted(chosen or generators) if needs_generator else [None]
    return found


def require_enough(config: Mapping[str, Any], classes: Sequence[str], split: Path) -> None:
    """Refuse folders of images with which an arm can't be trained, from the numbers of their files.

    Args:
        config: of the study.
        classes: of the study.
        split: the result of split_data; where there is none yet, the numbers of training images aren't known.

    Raises:
        UserError: a class folder is missing or too small; the message names the keys.
    """
    train = training_images(split)
    generators_of = arms_with(config["arms"], list(config["generators"]))
    images = folders(config["generators"], config["seeds"])
    for name, folder in [(name, folder) for name, by_seed in images.items() for folder in set(by_seed.values())]:
        counts = Counter(file.relative_to(folder).parts[0] for file in files.below(folder))
        if not any(counts[label] for label in classes):
            raise UserError(f"{_key(name, folder)}, which has no folder for any class of {', '.join(classes)}")
        for arm in (arm for arm, generators in generators_of.items() if name in generators):
            for label in classes:
                _require_class(name, folder, label, counts[label], arm, config["arms"][arm], train.get(label))


def _require_class(
    name: str, folder: Path, label: str, n_files: int, arm: str, settings: Mapping[str, Any], n_train: int | None
) -> None:
    """Refuse a class folder that is missing or too small for an arm."""
    leave = f"or leave {name} out of arms.{arm}.generators"
    if n_files == 0 and KINDS[settings["train_on"]].needs_every_class:
        raise UserError(
            f"arms.{arm}.train_on is {settings['train_on']}, which takes synthetic images of every class, but "
            f"{_key(name, folder)}, which has none of {label}; add them, {leave}"
        )
    ratio = settings.get("ratio", 1.0)
    if n_train is not None and 0 < n_files < round(ratio * n_train):
        raise UserError(
            f"arms.{arm}.ratio is {ratio:g}, which takes {round(ratio * n_train)} images of {label} for the {n_train} "
            f"that it is trained on, but {_key(name, folder)}, which has {n_files}; add some, lower the ratio, {leave}"
        )


def training_images(split: Path) -> dict[str, int]:
    """Count the training images of each class; empty where the split isn't made yet."""
    path = split / "manifest.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return dict(Counter(row["label"] for row in csv.DictReader(file) if row.get("split") == "train"))


def _key(name: str, folder: Path) -> str:
    return f"generators.{name}.images is {folder}"
