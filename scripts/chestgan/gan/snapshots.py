"""The choice of a generator among its snapshots, by its kernel distance to the validation patients."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from chestgan.gan import sampling
from chestgan.gan.presets import Latents
from chestgan.images.image_set import ImageSet
from chestgan.metrics import efficientnet, frechet_kernel
from chestgan.metrics.extractor import Extractor, extract

EXTRACTOR = efficientnet.NAME
# the kernel distance itself needs no subsets; they are for its standard error, which isn't looked at
_N_SUBSETS = 10
# the latents of every snapshot are the same, so that what changes is the generator
_SEED = 0
_SHEET_COLUMNS = 10
# more would make snapshots slow, and the distance hardly surer
_MOST_IMAGES = 2000


@dataclass(frozen=True)
class Validation:
    """Images of the validation patients as features, and the labels that as many fake images are asked for.

    Attributes:
        features: (N, d) float32.
        fake_labels: (N,) int64, the classes of the validation images.
    """

    extractor: Extractor
    features: np.ndarray
    fake_labels: torch.Tensor


def prepare(validation: ImageSet, classes: list[str], device: torch.device) -> Validation:
    """Compute the features of the validation patients' images, or of 2,000 of them, once a training."""
    extractor = efficientnet.load_extractor(device)
    rows = np.sort(np.random.default_rng(_SEED).permutation(len(validation))[:_MOST_IMAGES])
    fake_labels = torch.from_numpy(validation.class_numbers(classes)[rows])
    return Validation(extractor, extract(extractor, validation.images[rows]), fake_labels)


def validation_kd(generator: nn.Module, of: Latents, validation: Validation) -> float:
    """Compute the kernel distance between the validation images and as many fake images, as many of each class."""
    latents = sampling.latents(np.arange(len(validation.fake_labels)), _SEED, of)
    fake_images = sampling.sample_images(generator, latents, validation.fake_labels)
    fake_features = extract(validation.extractor, fake_images)
    kd, _ = frechet_kernel.kernel_distance(
        validation.features, fake_features, _N_SUBSETS, len(fake_features), seed=_SEED
    )
    return kd


def sample_sheet(generator: nn.Module, of: Latents, n_classes: int, image_size: int) -> np.ndarray:
    """Sample the same latents for every class: (n_classes, columns, image_size, image_size) uint8.

    Smaller images have larger pixels.
    """
    latents = sampling.latents(np.arange(_SHEET_COLUMNS), _SEED, of).repeat(n_classes, 1)
    labels = torch.arange(n_classes).repeat_interleave(_SHEET_COLUMNS)
    images = sampling.sample_images(generator, latents, labels)
    factor = image_size // images.shape[1]
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    return images.reshape(n_classes, _SHEET_COLUMNS, image_size, image_size)


def copied_weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """Copy a network's weights to the CPU, out of the reach of further training."""
    return {name: weight.detach().cpu().clone() for name, weight in network.state_dict().items()}
