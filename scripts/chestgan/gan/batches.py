"""The batch of a step, the same global batch for any number of processes.

Every random number of a step follows from (seed, step), for the whole global batch; a process takes its share of it.
So a training can stop at any step and resume, and shows the same images however many processes there are.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from chestgan.gan.presets import GanSettings
from chestgan.images import augmentation, pixels


@dataclass(frozen=True)
class Batch:
    """One process's share of a step, on its device.

    Attributes:
        real_images: (n, channels, H, W) float32 in [-1, 1].
        labels: (n,) int64, the classes of the real images and those asked of the generator.
        latents: (n, latent_dim) float32.
        real_augmentation: (n, N_NUMBERS) float32, the random numbers of the augmentation of the real images.
        fake_augmentation: (n, N_NUMBERS) float32, those of the fake images; unused without augmentation, as the other.
    """

    real_images: Tensor
    labels: Tensor
    latents: Tensor
    real_augmentation: Tensor
    fake_augmentation: Tensor


def make_batch(
    images: Tensor, class_rows: list[np.ndarray], settings: GanSettings, seed: int, step: int, rank: int, n_ranks: int
) -> Batch:
    """Make one process's share of the batch of a step; classes take turns, so each has its equal part.

    Args:
        images: (N, H, W) uint8 on the device.
        class_rows: for each class, the rows of its images.
    """
    share = slice(rank * settings.batch_size // n_ranks, (rank + 1) * settings.batch_size // n_ranks)
    labels = torch.arange(settings.batch_size)[share] % len(class_rows)
    rows = torch.from_numpy(_real_rows(class_rows, settings.batch_size, seed, step))[share]
    random = torch.Generator().manual_seed(step_seed(seed, step))
    latents = torch.randn(settings.batch_size, settings.latent_dim, generator=random) * settings.latent_std
    real_numbers, fake_numbers = (augmentation.random_numbers(settings.batch_size, random) for _ in range(2))
    real_images = pixels.to_network(images[rows.to(images.device)], settings.channels)
    shared = (part[share].to(images.device) for part in (latents, real_numbers, fake_numbers))
    return Batch(real_images, labels.to(images.device), *shared)


def step_seed(seed: int, step: int, rank: int = 0) -> int:
    """Derive the seed of all that is random in one process and one step, unrelated to its neighbours."""
    return int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0] >> 1)


def _real_rows(class_rows: list[np.ndarray], batch_size: int, seed: int, step: int) -> np.ndarray:
    """List the rows of a step's real images: each class goes through its images in a new order every epoch."""
    n_classes = len(class_rows)
    rows = np.empty(batch_size, dtype=np.int64)
    for label, of_class in enumerate(class_rows):
        places = np.arange(label, batch_size, n_classes)
        shown = step * len(places) + np.arange(len(places))
        epochs, positions = np.divmod(shown, len(of_class))
        for epoch in np.unique(epochs):
            now = epochs == epoch
            order = _epoch_order(seed, label, int(epoch), len(of_class))
            rows[places[now]] = of_class[order[positions[now]]]
    return rows


@lru_cache(maxsize=64)
def _epoch_order(seed: int, label: int, epoch: int, n_images: int) -> np.ndarray:
    return np.random.default_rng((seed, label, epoch)).permutation(n_images)
