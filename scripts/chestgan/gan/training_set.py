"""The patients that a training may see, and the refusal of data and settings that can't be trained."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from chestgan.base.errors import UserError
from chestgan.gan import batch_limits
from chestgan.gan.networks.architectures import ARCHITECTURES, DENOISERS
from chestgan.gan.presets import TrainingSettings
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet


@dataclass(frozen=True)
class TrainingSet:
    """The images that a training learns from, and the validation images that choose its generator.

    Attributes:
        manifest: of the images of all splits.
    """

    manifest: pd.DataFrame
    train: ImageSet
    validation: ImageSet
    classes: list[str]
    image_size: int


def read(folder: Path, settings: TrainingSettings, processes: int) -> TrainingSet:
    """Read training and validation patients.

    Raises:
        UserError: there is no such image set, a class has too few images, or the settings can't train on them.
    """
    images = image_set.read(folder)
    if "split" not in images.manifest:
        raise UserError(f"{folder}/manifest.csv has no column 'split'; split_data makes one")
    image_size = images.images.shape[1]
    check(settings, len(images.classes), image_size, processes)
    train_images, validation = images.where(split="train"), images.where(split="validation")
    for name, part in (("train", train_images), ("validation", validation)):
        counts = part.manifest["label"].value_counts()
        few = [label for label in images.classes if counts.get(label, 0) < 2]
        if few:
            raise UserError(f"found fewer than 2 {name} images of {', '.join(few)} in {folder}; expected at least 2")
    return TrainingSet(images.manifest, train_images, validation, images.classes, image_size)


def check(settings: TrainingSettings, n_classes: int, image_size: int, processes: int) -> None:
    """Refuse settings that can't train on these images with this number of processes.

    Raises:
        UserError: with the setting, its value, and those that can.
    """
    # without a discriminator, nothing need tell classes apart
    conditioning = settings.conditioning if settings.kind == "gan" else None
    if n_classes < 2 and conditioning not in ("per_class", None):
        raise UserError(
            f"conditioning is {conditioning!r}, but there is {n_classes} class; expected per_class, or 2 classes or "
            "more"
        )
    batch_limits.check(settings.batch_size, settings.snapshot_kimg, n_classes, processes)
    architecture = (ARCHITECTURES | DENOISERS)[settings.architecture]
    architecture.check_size(image_size)
    for stage in settings.stages_of(image_size):
        try:
            architecture.check_size(stage.image_size)
        except UserError as error:
            told = f"growth_kimg is {settings.growth_kimg:g}, so the training would have a stage of smaller images"
            raise UserError(f"{told}, and there {error}; set growth_kimg to 0") from None
