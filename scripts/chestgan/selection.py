"""The choice of a generator among its snapshots, by its distance to the validation patients."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from chestgan import distances, features, generation
from chestgan.imageset import ImageSet
from chestgan.presets import GanSettings

EXTRACTOR = "fd_efficientnet_lite0"
N_SUBSETS = 10
# the latents of every snapshot are the same, so that what changes is the generator
_SEED = 0
_SHEET_COLUMNS = 10


@dataclass(frozen=True)
class Selection:
    """The validation patients as features, and the labels that as many fakes are asked for.

    Attributes:
        validation_features: (N, d) float32.
        labels: (N,) int64, the classes of the validation images.
    """

    extractor: features.Extractor
    validation_features: np.ndarray
    labels: torch.Tensor


def prepare(validation: ImageSet, classes: list[str], device: str) -> Selection:
    """Compute the features of the validation patients, once a training."""
    extractor = features.load_extractor(EXTRACTOR, device=device)
    labels = torch.from_numpy(validation.class_numbers(classes))
    return Selection(extractor, features.extract(extractor, validation.images), labels)


def distance(generator: nn.Module, gan: GanSettings, selection: Selection) -> float:
    """Give the kernel distance between the validation patients and as many fakes, class by class as many."""
    latents = generation.latents(np.arange(len(selection.labels)), _SEED, gan)
    fake_images = generation.draw(generator, latents, selection.labels)
    fake_features = features.extract(selection.extractor, fake_images)
    mean, _ = distances.kernel_distance(
        selection.validation_features, fake_features, N_SUBSETS, len(fake_features), seed=_SEED
    )
    return mean


def sample_sheet(generator: nn.Module, gan: GanSettings, n_classes: int) -> np.ndarray:
    """Draw the same latents for every class: (n_classes, columns, H, W) uint8."""
    latents = generation.latents(np.arange(_SHEET_COLUMNS), _SEED, gan).repeat(n_classes, 1)
    labels = torch.arange(n_classes).repeat_interleave(_SHEET_COLUMNS)
    images = generation.draw(generator, latents, labels)
    return images.reshape(n_classes, _SHEET_COLUMNS, *images.shape[1:])
