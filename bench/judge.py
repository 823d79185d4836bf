"""How near generated images are to real ones for networks that have seen no training of a generator and chosen none.

    python bench/judge.py --real split --models real/seed-{0,1,2}/model.safetensors \\
        --generated strong=strong/seed-0/generated strong_ac=strong_ac/seed-0/generated

The networks are classifiers of real training patients (`evaluate_classifier --train-on real --backbone convnet`); their
features are what the last layer sees. Printed are, for real training images and each set of generated ones, against as
many test images of each class: the kernel distance × 1000 and the coverage, of each network.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from bench import table
from sizes import SCRIPTS

sys.path.insert(0, str(SCRIPTS))

from chestgan.classifier import model_file
from chestgan.classifier.networks import Classifier
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.metrics.diversity import coverage
from chestgan.metrics.frechet_kernel import kernel_distance

_BATCH_SIZE = 64


def main(argv: Sequence[str] | None = None) -> int:
    """Judge every set by every network and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True, help="image set made by split_data")
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="ConvNets of real training patients")
    parser.add_argument("--generated", nargs="+", required=True, help="NAME=FOLDER")
    arguments = parser.parse_args(argv)
    real = image_set.read(arguments.real)
    named = dict(words.split("=") for words in arguments.generated)
    sides = {"real training images": real.where(split="train")}
    sides |= {name: image_set.read(Path(folder)) for name, folder in named.items()}
    test = real.where(split="test")
    models = [model_file.read(path, None)[0] for path in arguments.models]
    rows = [[name, *map(_cell, zip(*judge(side, test, models), strict=True))] for name, side in sides.items()]
    print(table(["images", "KD", "coverage"], rows))
    return 0


def judge(side: ImageSet, test: ImageSet, models: list[Classifier]) -> list[tuple[float, float]]:
    """Measure the kernel distance × 1000 and the coverage between a set and the test images, by each network."""
    chosen = _as_many_of_each_class(side, test)
    found = []
    for model in models:
        reference, features = (penultimate(model, images) for images in (test.images, side.images[chosen]))
        # the kernel is of features whose squares are about 1
        scale = np.sqrt(np.mean(reference**2))
        distance, _ = kernel_distance(reference / scale, features / scale, 2, 2, 0)
        found.append((1000 * distance, coverage(reference, features)))
    return found


@torch.inference_mode()
def penultimate(model: Classifier, images: np.ndarray) -> np.ndarray:
    """Compute what a ConvNet's last layer sees of (N, H, W) uint8 images: (N, F)."""
    *body, head = model.trained
    network = nn.Sequential(*body, *head[:-1]).eval()
    blocks = torch.from_numpy(np.ascontiguousarray(images)).split(_BATCH_SIZE)
    return np.concatenate([network(model._prepare(block)).numpy() for block in blocks])


def _as_many_of_each_class(side: ImageSet, test: ImageSet) -> np.ndarray:
    labels = side.manifest["label"].to_numpy()
    counts = test.manifest["label"].value_counts()
    return np.concatenate([np.flatnonzero(labels == label)[:count] for label, count in counts.items()])


def _cell(values: Sequence[float]) -> str:
    digits = 0 if max(map(abs, values)) > 2 else 2
    return f"{np.mean(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    sys.exit(main())
