"""The images of one arm of a study: what a classifier is trained on, and the real patients it is judged by."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.images import image_set
from chestgan.images.image_set import SPLITS, ImageSet

TRAIN_ON = ("real", "real_synthetic", "synthetic")


@dataclass(frozen=True)
class Arm:
    """Image sets with the same classes and size, and where the synthetic images come from.

    Attributes:
        real: the real images by split.
        training: real images first, then synthetic ones by class in seed order.
        n_real: real images in `training`; the others are synthetic.
        generator: name of the generator; None without synthetic images.
        generator_seed: seed of its training.
    """

    real: dict[str, ImageSet]
    training: ImageSet
    n_real: int
    generator: str | None
    generator_seed: int | None

    @property
    def classes(self) -> list[str]:
        return self.training.classes

    @property
    def image_size(self) -> int:
        return self.training.images.shape[-1]


def read(real_folder: Path, generated_folder: Path | None, train_on: str, ratio: float) -> Arm:
    """Read the images of an arm.

    Args:
        real_folder: made by split_data.
        generated_folder: a synthetic set made by generate_images; None for real images alone.
        train_on: one of `TRAIN_ON`.
        ratio: synthetic images of each class for each real training image of it.

    Raises:
        UserError: a set is missing or damaged, they don't fit together, or the synthetic set is too small.
    """
    real = _read_real(real_folder)
    if generated_folder is None:
        return Arm(real, real["train"], len(real["train"]), None, None)
    synthetic, origin = _read_synthetic(generated_folder, real["train"], train_on)
    training = _choose(synthetic, real["train"], ratio)
    n_real = 0
    if train_on == "real_synthetic":
        n_real = len(real["train"])
        images = np.concatenate([real["train"].images, training.images])
        training = ImageSet(images, pd.concat([real["train"].manifest, training.manifest], ignore_index=True))
    return Arm(real, training, n_real, origin["generator"], origin["seed"])


def _read_real(folder: Path) -> dict[str, ImageSet]:
    files.require_folder(folder, "an image set made by split_data")
    real = image_set.read(folder)
    missing = {"file", "patient", "source", "split"} - set(real.manifest)
    if missing:
        raise UserError(f"{folder}/manifest.csv has no column {', '.join(sorted(missing))}; expected split_data's")
    if len(real.classes) < 2 or real.images.shape[1] != real.images.shape[2]:
        raise UserError(f"{folder} has {_described(real)}; expected square images of at least 2 classes")
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
    if synthetic.images.shape[1:] != real.images.shape[1:] or unknown or (absent and train_on == "synthetic"):
        raise UserError(
            f"the synthetic images in {folder} have {_described(synthetic)}, the real ones {_described(real)}; "
            "expected a generator of these"
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
    wanted = {label: round(ratio * (real.manifest["label"] == label).sum()) for label in rows}
    if any(wanted[label] > len(rows[label]) for label in wanted):
        needed = ", ".join(f"{n} {label}" for label, n in wanted.items())
        found = ", ".join(f"{len(rows[label])} {label}" for label in wanted)
        raise UserError(
            f"ratio {ratio:g} needs {needed}, but the synthetic set has {found}; generate more, or lower ratio"
        )
    if not all(wanted.values()):
        raise UserError(f"ratio {ratio:g} leaves a class without synthetic images; raise it")
    chosen = np.concatenate([rows[label][:n] for label, n in wanted.items()])
    return ImageSet(synthetic.images[chosen], synthetic.manifest.iloc[chosen].reset_index(drop=True))


def _described(images: ImageSet) -> str:
    return f"{images.images.shape[1]} × {images.images.shape[2]} px and the classes {', '.join(images.classes)}"
