"""Train one classifier on real, real and synthetic, or synthetic images, and score it on the real test patients.

`pretrained` trains on the synthetic images first, for half of the images shown at most, and then goes on with the real
ones; validation patients stop either training, and its best weights go on. Two arms are controls, which must not help:
`duplicated` trains on real images and again on as many of them as `ratio` asks for, `shuffled` on real images and
synthetic ones whose labels are permuted by `seed`. The images shown are limited to the same number in every arm:
`passes` over the real training images, or `kimg` thousand where that is more. So added images take the place of others
and lengthen no training.

    python scripts/evaluate_classifier.py --real results/demo/split --arm real --train-on real \\
        --output results/demo/classifier/real/seed-0

A plain folder of training images and one of test images, in class folders, may stand in for an image set, and one of
another generator's images for a synthetic set:

    python scripts/evaluate_classifier.py --real TRAIN --test TEST --arm real --output real
    python scripts/evaluate_classifier.py --real TRAIN --test TEST --generated GENERATED --arm both \\
        --train-on real_synthetic --output both

Early stopping and thresholds come from real validation patients. The test patients are used once, at the end. The model
is kept, and classify_images.py reads any labelled set with it.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from chestgan.base import commandline, devices, files, real_fraction, settings
from chestgan.base.arm_kinds import KINDS, TRAIN_ON
from chestgan.base.errors import UserError, unknown_name
from chestgan.base.provenance import versions
from chestgan.base.settings import argument, setting
from chestgan.base.tables import write_table
from chestgan.classifier import model_file, networks, training, training_set
from chestgan.classifier.model_file import Description
from chestgan.classifier.networks import BACKBONES, Classifier
from chestgan.classifier.training import Labelled, Length, Validation
from chestgan.classifier.training_set import Arm
from chestgan.data import plain_split
from chestgan.images.image_set import ImageSet
from chestgan.images.labels import check_labels
from chestgan.metrics import scores
from chestgan.metrics.score_tables import PREDICTION_COLUMNS, SCORE_COLUMNS, probability_columns

PROTOCOL = (
    f"{training.PROTOCOL}; thresholds with the highest balanced accuracy on the validation patients, in the widest "
    "gap; two classes: predicted by the threshold of the positive class; more: predicted by the highest probability, "
    "each class against the rest by its own threshold; accuracy and balanced_accuracy are of all classes together"
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = argument("image set with a split column, made by split_data; or a plain folder, with test")
    arm: str = argument("name of this arm of the study")
    test: Path | None = argument("plain folder of test images, where real is one of training images", None)
    output: Path = argument("new folder for predictions, scores and the model")
    train_on: str = setting("images to train on", "real", choices=TRAIN_ON, section="arms")
    generated: Path | None = argument(
        "synthetic set made by generate_images or import_images, or a plain folder, for arms with synthetic images",
        None,
    )
    ratio: float = setting(
        "synthetic or repeated images of a class per real training image of it",
        1.0,
        minimum=0.001,
        maximum=1e6,
        section="arms",
    )
    augment: bool = setting(
        "standard augmentation: shift and recolour each training image whenever it is shown", False, section="arms"
    )
    backbone: str = setting("network of the classifier", "convnet", choices=tuple(BACKBONES))
    weights: Path | None = setting("state dict of torchvision's resnet18 or vgg16; default: not pretrained", None)
    trainable_blocks: int = setting("last blocks of a pretrained network to train; 0: the head alone", 0, minimum=0)
    passes: float = setting(
        "passes over the real training images that any arm may show, where they are more than kimg", 40.0, minimum=0.0
    )
    kimg: float = setting("thousand images that any arm may show, where they are more than passes", 20.0, minimum=0.001)
    validation_kimg: float = setting("thousand images between validations", 0.5, minimum=0.001)
    patience: int = setting("validations without improvement before the training ends", 10, minimum=1)
    batch_size: int = setting("images per step", 32, minimum=2)
    learning_rate: float = setting("learning rate of AdamW", 0.0005, minimum=1e-8, maximum=1.0)
    positive_class: str | None = setting("class to find; default: the first in the alphabet", None)
    seed: int = argument(
        "seed of the first weights, the images' order and augmentation, the dropout, and what a control draws",
        0,
        minimum=0,
    )
    device: str = argument("compute device", "cpu", choices=devices.DEVICES)
    threads: int = argument("CPU threads; 0: torch's own choice", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)
        check_labels([self.arm], "arm")
        needs_generator = KINDS[self.train_on].needs_generator
        if needs_generator and self.generated is None:
            raise UserError(
                f"train_on is {self.train_on}, which needs generated: a synthetic set made by generate_images"
            )
        if not needs_generator and self.generated is not None:
            raise UserError(
                f"train_on is {self.train_on}, which takes no generated images; found generated {self.generated}"
            )
        self._check_pretraining()

    def _check_pretraining(self) -> None:
        if self.train_on == "pretrained" and self.kimg < 2 * self.validation_kimg:
            raise UserError(
                f"kimg is {self.kimg:g} and validation_kimg {self.validation_kimg:g}, but train_on pretrained trains "
                "twice; expected a kimg of at least two validation_kimg"
            )


def run(config: Config) -> None:
    """Train, choose thresholds, test, and write the results; the folder appears whole."""
    files.require_empty(config.output)
    device = devices.device(config.device)
    arm, made_of = read_arm(config)
    positive = positive_number(config.positive_class, arm.classes)
    devices.use_threads(config.threads)
    torch.manual_seed(config.seed)
    classifier = networks.build(
        config.backbone, len(arm.classes), arm.image_size, config.weights, config.trainable_blocks
    ).to(device)
    with files.new_folder(config.output) as folder:
        history, thresholds = fit(config, classifier, arm, positive)
        test = arm.real["test"]
        probabilities = training.predict(classifier, labelled(classifier, test, arm.classes, "test").encoded)
        tables = {
            "predictions": prediction_table(test.manifest, arm.classes, probabilities, thresholds, positive),
            "scores": score_table(test, arm.classes, probabilities, thresholds, positive),
            "history": pd.DataFrame(map(asdict, history)),
        }
        for name, table in tables.items():
            write_table(folder / f"{name}.csv", table)
        result = provenance(config, arm, positive, classifier, history) | made_of
        model_file.write(folder / "model.safetensors", classifier, described(config, arm, classifier, thresholds))
        files.write_json(folder / "settings.json", result)


def read_arm(config: Config) -> tuple[Arm, dict[str, Any]]:
    """Read the images, and the checksums of their sets; of a plain folder also how its images were prepared."""
    with tempfile.TemporaryDirectory() as scratch:
        real, generated = plain_split.locate(
            config.real, config.test, config.generated, config.seed, config.threads or 2, Path(scratch)
        )
        arm = training_set.read(real, generated, config.train_on, config.ratio, config.seed)
        folders = {"real": real} | ({"generated": generated} if generated else {})
        sha256 = {
            f"{name}/{file}": files.sha256(folder / file)
            for name, folder in folders.items()
            for file in ("images.npy", "manifest.csv")
        }
        made = {
            name: files.read_json(folder / "settings.json")
            for name, folder in folders.items()
            if folder != vars(config)[name]
        }
    return arm, {"sha256": sha256} | ({"plain_folders": made} if made else {})


def positive_number(label: str | None, classes: list[str]) -> int:
    """Number the positive class by its place in `classes`."""
    if label is None:
        return 0
    if label not in classes:
        raise unknown_name("positive_class", label, classes)
    return classes.index(label)


def fit(config: Config, classifier: Classifier, arm: Arm, positive: int) -> tuple[list[Validation], np.ndarray]:
    """Train on the arm's images; validation patients stop it, select the weights and choose the (K,) thresholds.

    Where the arm has images to train on before, they are shown for half of the limit at most, and the others for what
    that leaves of it. The history is of the last training, and counts all images shown.
    """
    limit = limit_kimg(config, arm)
    validation = labelled(classifier, arm.real["validation"], arm.classes, "validation")
    shown_before = 0.0
    if arm.pretraining is not None:
        shown_before = train_on(config, classifier, arm.pretraining, validation, limit / 2)[-1].kimg
    history = train_on(config, classifier, arm.training, validation, limit - shown_before)
    history = [replace(seen, kimg=shown_before + seen.kimg) for seen in history]
    probabilities = training.predict(classifier, validation.encoded)
    return history, scores.class_thresholds(validation.class_numbers.cpu().numpy(), probabilities, positive)


def limit_kimg(config: Config, arm: Arm) -> float:
    """Compute the thousand images that a training may show, whatever it trains on: by the real training images."""
    return max(config.kimg, config.passes * len(arm.real["train"]) / 1000)


def train_on(
    config: Config, classifier: Classifier, images: ImageSet, validation: Labelled, kimg: float
) -> list[Validation]:
    """Train a classifier on images, from the weights that it has."""
    return training.train(
        classifier,
        labelled(classifier, images, images.classes, "training", config.augment),
        validation,
        Length(kimg, config.validation_kimg, config.patience),
        config.batch_size,
        config.learning_rate,
        config.seed,
        config.augment,
    )


def labelled(
    classifier: Classifier, images: ImageSet, classes: list[str], side: str, augment: bool = False
) -> Labelled:
    """Move images, encoded or as they are to be augmented, and classes to the classifier's device."""
    class_numbers = torch.from_numpy(images.class_numbers(classes)).to(classifier.mean.device)
    if augment:
        return Labelled(torch.from_numpy(np.array(images.images)).to(class_numbers.device), class_numbers)
    return Labelled(training.encode(classifier, images.images, f"features of {side} images"), class_numbers)


def prediction_table(
    manifest: pd.DataFrame, classes: list[str], probabilities: np.ndarray, thresholds: np.ndarray, positive: int
) -> pd.DataFrame:
    """Make a row for each test image with its predicted class and the probability of every class."""
    predicted, _ = scores.decide(probabilities, thresholds, positive)
    table = manifest.assign(predicted=np.array(classes)[predicted])[PREDICTION_COLUMNS]
    return table.assign(**dict(zip(probability_columns(classes), probabilities.T, strict=True)))


def score_table(
    test: ImageSet, classes: list[str], probabilities: np.ndarray, thresholds: np.ndarray, positive: int
) -> pd.DataFrame:
    """Make a row for each class held against the rest; counts are of its own images and patients."""
    predicted, decided = scores.decide(probabilities, thresholds, positive)
    class_numbers = test.class_numbers(classes)
    whole = scores.classifier_scores(class_numbers, predicted)
    rows = []
    for number, label in enumerate(classes):
        truth = class_numbers == number
        rows.append({"label": label, "positive": number == positive, "n_images": truth.sum()})
        rows[-1] |= {"n_patients": test.manifest["patient"][truth].nunique(), "prevalence": truth.mean()}
        rows[-1] |= {"threshold": thresholds[number]} | whole
        rows[-1] |= scores.class_scores(truth, decided[:, number], probabilities[:, number])
    return pd.DataFrame(rows)[SCORE_COLUMNS]


def described(config: Config, arm: Arm, classifier: Classifier, thresholds: np.ndarray) -> Description:
    """Describe the classifier that is kept."""
    return Description(
        backbone=config.backbone,
        classes=arm.classes,
        positive_class=arm.classes[positive_number(config.positive_class, arm.classes)],
        image_size=arm.image_size,
        weights_sha256=classifier.weights_sha256,
        trainable_blocks=config.trainable_blocks,
        thresholds=thresholds.tolist(),
    )


def selected(history: list[Validation]) -> Validation:
    """Find the validation whose weights were selected."""
    return min(history, key=lambda validation: validation.validation_loss)


def provenance(
    config: Config, arm: Arm, positive: int, classifier: Classifier, history: list[Validation]
) -> dict[str, Any]:
    """Collect what was trained on what, and how it was tested."""
    images = arm.real | {"training": arm.training}
    images |= {} if arm.pretraining is None else {"pretraining": arm.pretraining}
    return {
        "script": "evaluate_classifier",
        "settings": vars(config),
        "protocol": PROTOCOL,
        "arm": config.arm,
        "train_on": config.train_on,
        "augment": config.augment,
        "generator": arm.generator,
        "generator_seed": arm.generator_seed,
        "seed": config.seed,
        "classes": arm.classes,
        "positive_class": arm.classes[positive],
        "real_fraction": real_fraction.of_set(config.real),
        "n_real_patients": arm.real["train"].manifest["patient"].nunique(),
        "n_train_real": arm.n_real,
        "n_train_synthetic": arm.n_synthetic,
        "counts": {name: one.manifest["label"].value_counts().to_dict() for name, one in images.items()},
        "backbone": config.backbone,
        "weights_sha256": classifier.weights_sha256,
        "image_size": arm.image_size,
        "input_size": classifier.size,
        "limit_kimg": limit_kimg(config, arm),
        "selected_kimg": selected(history).kimg,
        "shown_kimg": history[-1].kimg,
        "versions": versions("torch", "torchvision", "efficientnet-lite-pytorch", "numpy", "scikit-learn"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
