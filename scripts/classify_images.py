"""Classify the images of any labelled set by a kept classifier: do the labels say what the images show?

    python scripts/classify_images.py --model results/demo/classifier/real/seed-0/model.safetensors \\
        --images results/demo/covidgan/seed-0/generated --output results/demo/covidgan/seed-0/classified

Of synthetic images it tells, class by class, how many a classifier of real patients reads as what the generator was
asked for. An image set made by split_data can be read too, of one split or whole.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import commandline, devices, files, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.settings import argument
from chestgan.base.tables import write_table
from chestgan.classifier import model_file, training
from chestgan.classifier.model_file import Description
from chestgan.images import image_set
from chestgan.images.image_set import SPLITS, ImageSet
from chestgan.metrics import scores
from chestgan.metrics.label_table import label_table
from chestgan.metrics.score_tables import PREDICTION_COLUMNS, probability_columns

PROTOCOL = (
    "two classes: read by the threshold of the positive class that the validation patients chose; more: by the highest "
    "probability; recall: the share of a class's images that is read as it"
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    model: Path = argument("classifier that evaluate_classifier kept: model.safetensors")
    images: Path = argument("labelled image set, made by generate_images or split_data")
    output: Path = argument("new folder for the predictions and the table of labels")
    split: str | None = argument("split of the images; default: all of them", None, choices=SPLITS)
    weights: Path | None = argument("pretrained weights that the classifier began with, if it took a file", None)
    device: str = argument("compute device", "cpu", choices=devices.DEVICES)
    threads: int = argument("CPU threads; 0: torch's own choice", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)


def run(config: Config) -> None:
    """Classify, and write the results; the folder appears whole."""
    files.require_empty(config.output)
    device = devices.device(config.device)
    classifier, description = model_file.read(config.model, config.weights)
    images = read_images(config, description)
    devices.use_threads(config.threads)
    encoded = training.encode(classifier.to(device), images.images, "features of the images")
    probabilities = training.predict(classifier, encoded)
    positive = description.classes.index(description.positive_class)
    predicted, _ = scores.decide(probabilities, np.array(description.thresholds), positive)
    labels = images.class_numbers(description.classes)
    table = label_table(labels, predicted, probabilities, description.classes)
    with files.new_folder(config.output) as folder:
        predictions = prediction_table(images.manifest, description.classes, predicted, probabilities)
        write_table(folder / "predictions.csv", predictions)
        write_table(folder / "labels.csv", table)
        files.write_json(folder / "settings.json", provenance(config, description, table))


def read_images(config: Config, description: Description) -> ImageSet:
    """Read the images, and refuse those that the classifier doesn't know.

    Raises:
        UserError: there are none, or they have other classes or another size than the classifier's.
    """
    files.require_folder(config.images, "an image set made by generate_images or split_data")
    images = image_set.read(config.images)
    if config.split is not None:
        if "split" not in images.manifest:
            raise UserError(f"{config.images}/manifest.csv has no column 'split'; leave --split out")
        images = images.where(split=config.split)
    unknown = sorted(set(images.classes) - set(description.classes))
    if unknown:
        raise UserError(
            f"{config.images} has the classes {', '.join(images.classes)}, and {config.model} knows "
            f"{', '.join(description.classes)}; expected no other"
        )
    height, width = images.images.shape[1:]
    if (height, width) != (description.image_size, description.image_size):
        raise UserError(
            f"{config.images} has images of {height} × {width} px, and {config.model} was trained on "
            f"{description.image_size} × {description.image_size}; expected the same"
        )
    if not len(images):
        raise UserError(f"{config.images} has no image{f' of split {config.split}' if config.split else ''}")
    return images


def prediction_table(
    manifest: pd.DataFrame, classes: list[str], predicted: np.ndarray, probabilities: np.ndarray
) -> pd.DataFrame:
    """Make a row for each image with what is known of it, its predicted class, and the probability of every class."""
    table = manifest.assign(predicted=np.array(classes)[predicted])
    table = table[[column for column in ("seed", *PREDICTION_COLUMNS) if column in table]]
    return table.assign(**dict(zip(probability_columns(classes), probabilities.T, strict=True)))


def provenance(config: Config, description: Description, table: pd.DataFrame) -> dict[str, Any]:
    """Collect what classified which images."""
    made_by = files.read_json(config.images / "settings.json") if (config.images / "settings.json").is_file() else {}
    return {
        "script": "classify_images",
        "settings": vars(config),
        "protocol": PROTOCOL,
        "generator": made_by.get("generator"),
        "seed": made_by.get("seed"),
        "classes": description.classes,
        "backbone": description.backbone,
        "counts": dict(zip(table["class"], table["n"].tolist(), strict=True)),
        "sha256": {
            "model": files.sha256(config.model),
            **{f"images/{name}": files.sha256(config.images / name) for name in ("images.npy", "manifest.csv")},
        },
        "versions": versions("torch", "torchvision", "efficientnet-lite-pytorch", "numpy"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
