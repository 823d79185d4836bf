"""The images of one arm of a study: what a classifier is trained on, and the real patients it is judged by."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.base.arm_kinds import KINDS
from chestgan.base.errors import UserError
from chestgan.images import image_set
from chestgan.images.image_set import SPLITS, ImageSet


@dataclass(frozen=True)
class Arm:
    """Image sets with the same classes and size, and where the synthetic images come from.

    Attributes:
        real: the real images by split.
        training: real images first, then the added ones by class: synthetic ones in seed order, or real ones again.
        n_real: real images in `training`, repeats counted; the others are synthetic.
        generator: name of the generator; None without synthetic images.
        generator_seed: seed of its training.
        pretraining: the synthetic images to train on before; None where there is no such training.
    """

    real: dict[str, ImageSet]
    training: ImageSet
    n_real: int
    generator: str | None
    generator_seed: int | None
    pretraining: ImageSet | None = None

    @property
    def classes(self) -> list[str]:
        return self.training.classes

    @property
    def n_synthetic(self) -> int:
        return len(self.training) - self.n_real + len(self.pretraining or ())

    @property
    def image_size(self) -> int:
        return self.training.images.shape[-1]


def read(real_folder: Path, generated_folder: Path | None, train_on: str, ratio: float, seed: int) -> Arm:
    """Read the images of an arm.

    Args:
        real_folder: made by split_data.
        generated_folder: a synthetic set made by generate_images; None for an arm that needs no generator.
        train_on: one of `arm_kinds.TRAIN_ON`.
        ratio: synthetic or repeated images of each class for each real training image of it.
        seed: of the choice of the images that `duplicated` repeats, and of the labels of `shuffled`.

    Raises:
        UserError: a set is missing or damaged, they don't fit together, or the synthetic set is too small.
    """
    real = _read_real(real_folder)
    train = real["train"]
    if generated_folder is None:
        training = _joined(train, _repeated(train, ratio, seed)) if train_on == "duplicated" else train
        return Arm(real, training, len(training), None, None)
    synthetic, origin = _read_synthetic(generated_folder, train, train_on)
    chosen = _choose(synthetic, train, ratio)
    if train_on == "synthetic":
        return Arm(real, chosen, 0, origin["generator"], origin["seed"])
    if train_on == "pretrained":
        return Arm(real, train, len(train), origin["generator"], origin["seed"], chosen)
    if train_on == "shuffled":
        chosen = _with_permuted_labels(chosen, seed)
    return Arm(real, _joined(train, chosen), len(train), origin["generator"], origin["seed"])


def _read_real(folder: Path) -> dict[str, ImageSet]:
    files.require_folder(folder, "an image set made by split_data")
    real = image_set.read(folder)
    missing = {"file", "patient", "source", "split"} - set(real.manifest)
    if missing:
        raise UserError(f"{folder}/manifest.csv has no column {', '.join(sorted(missing))}; expected split_data's")
    if len(real.classes) < 2 or real.images.shape[1] != real.images.shape[2]:
        raise UserError(f"{folder} has {real.size_and_classes}; expected square images of at least 2 classes")
    sides = {split: real.where(split=split) for split in SPLITS}
    for split, images in sides.items():
        lacking = sorted(set(real.classes) - set(images.classes))
        if lacking:
            raise UserError(f"{folder} has no {split} image of {', '.join(lacking)}; split with more patients there")
    return sides


def _read_synthetic(folder: Path, real: ImageSet, train_on: str) -> tuple[ImageSet, dict]:
    """Read the synthetic images, of some classes alone where real ones of all stand beside them, and their origin."""
    files.require_folder(folder, "an image set made by generate_images")
    synthetic, origin = image_set.read(folder), files.read_json(folder / "settings.json")
    absent, unknown = (set(real.classes) - set(synthetic.classes), set(synthetic.classes) - set(real.classes))
    if synthetic.images.shape[1:] != real.images.shape[1:] or unknown or (absent and KINDS[train_on].needs_every_class):
        raise UserError(
            f"the synthetic images in {folder} have {synthetic.size_and_classes}, the real ones "
            f"{real.size_and_classes}; expected a generator of these"
        )
    if "seed" not in synthetic.manifest or not synthetic.manifest["seed"].str.isdecimal().all():
        raise UserError(
            f"{folder}/manifest.csv has no column of seeds; expected a synthetic set made by generate_images"
        )
    if not isinstance(origin, dict) or not {"generator", "seed"} <= origin.keys():
        raise UserError(
            f"{folder}/settings.json names no generator and seed; expected a synthetic set made by generate_images"
        )
    return synthetic, origin


def _choose(synthetic: ImageSet, real: ImageSet, ratio: float) -> ImageSet:
    """Choose synthetic images of each class that there is, the lowest seeds first: a lower ratio takes a part of a
    higher one's."""
    rows = {}
    for label in synthetic.classes:
        of_class = np.flatnonzero(synthetic.manifest["label"] == label)
        rows[label] = of_class[np.argsort(synthetic.manifest["seed"].iloc[of_class].astype(int), kind="stable")]
    wanted = _wanted(real, synthetic.classes, ratio)
    if any(wanted[label] > len(rows[label]) for label in wanted):
        needed = ", ".join(f"{n} {label}" for label, n in wanted.items())
        found = ", ".join(f"{len(rows[label])} {label}" for label in wanted)
        raise UserError(
            f"ratio {ratio:g} needs {needed}, but the synthetic set has {found}; generate more, or lower ratio"
        )
    chosen = np.concatenate([rows[label][:n] for label, n in wanted.items()])
    return ImageSet(synthetic.images[chosen], synthetic.manifest.iloc[chosen].reset_index(drop=True))


def _repeated(real: ImageSet, ratio: float, seed: int) -> ImageSet:
    """Choose real images of each class again, each once more before any is there a third time: a lower ratio takes a
    part of a higher one's."""
    random, rows = np.random.default_rng(seed), []
    for label, n in _wanted(real, real.classes, ratio).items():
        rows.append(np.resize(random.permutation(np.flatnonzero(real.manifest["label"] == label)), n))
    chosen = np.concatenate(rows)
    return ImageSet(real.images[chosen], real.manifest.iloc[chosen].reset_index(drop=True))


def _with_permuted_labels(synthetic: ImageSet, seed: int) -> ImageSet:
    """Exchange the labels of images at random; every class keeps its count."""
    labels = np.random.default_rng(seed).permutation(synthetic.manifest["label"])
    return ImageSet(synthetic.images, synthetic.manifest.assign(label=labels))


def _wanted(real: ImageSet, classes: list[str], ratio: float) -> dict[str, int]:
    """Count the images of each class that a ratio to the real ones asks for."""
    wanted = {label: round(ratio * (real.manifest["label"] == label).sum()) for label in classes}
    lacking = [label for label, n in wanted.items() if not n]
    if lacking:
        raise UserError(f"ratio {ratio:g} adds no image of {', '.join(lacking)}; raise it")
    return wanted


def _joined(real: ImageSet, added: ImageSet) -> ImageSet:
    """Put added images behind the real ones."""
    images = np.concatenate([real.images, added.images])
    return ImageSet(images, pd.concat([real.manifest, added.manifest], ignore_index=True))
