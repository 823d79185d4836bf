"""The batch of a step, the same global batch for any number of processes.

Every random number of a step follows from (seed, step), for the whole global batch; a process takes its share of it.
So a training can stop at any step and resume, and shows the same images however many processes there are.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from chestgan.gan.presets import DiffusionSettings, GanSettings, TrainingSettings
from chestgan.images import augmentation, pixels


@dataclass(frozen=True)
class Batch:
    """One process's share of a step of a GAN, on its device.

    Attributes:
        real_images: (n, channels, H, W) float32 in [-1, 1].
        labels: (n,) int64, the classes of the real images.
        latents: (n, latent_dim) float32, of the fake images.
        fake_labels: (n,) int64, the classes of the fake images.
        generator_latents: those of the generator's step; the same ones, unless each network has fakes of its own.
        generator_labels: the classes of the generator's step; the same ones, as the latents.
        real_augmentation: (n, N_NUMBERS) float32, the random numbers of the augmentation of the real images.
        fake_augmentation: (n, N_NUMBERS) float32, those of the fake images; unused without augmentation, as the other.
    """

    real_images: Tensor
    labels: Tensor
    latents: Tensor
    fake_labels: Tensor
    generator_latents: Tensor
    generator_labels: Tensor
    real_augmentation: Tensor
    fake_augmentation: Tensor


@dataclass(frozen=True)
class NoisyBatch:
    """One process's share of a step of a diffusion model, on its device.

    Attributes:
        real_images: (n, channels, H, W) float32 in [-1, 1].
        labels: (n,) int64, the classes of the real images.
        noise: (n, channels, H, W) float32 from N(0, 1).
        levels: (n,) float32 from N(0, 1), from which the levels of the noise follow.
    """

    real_images: Tensor
    labels: Tensor
    noise: Tensor
    levels: Tensor


def make_batch(
    images: Tensor, class_rows: list[np.ndarray], settings: GanSettings, seed: int, step: int, rank: int, n_ranks: int
) -> Batch:
    """Make one process's share of the batch of a GAN's step.

    Args:
        images: (N, H, W) uint8 on the device.
        class_rows: for each class, the rows of its images.
    """
    n_images = settings.batch_size
    rows, labels = _real_rows(class_rows, settings, seed, step)
    random = torch.Generator().manual_seed(step_seed(seed, step))
    latents = generator_latents = _latents(settings, random)
    fake_labels = generator_labels = labels
    real_numbers, fake_numbers = (augmentation.random_numbers(n_images, random) for _ in range(2))
    if settings.separate_fakes:
        generator_latents = _latents(settings, random)
        fake_labels, generator_labels = torch.randint(len(class_rows), (2, n_images), generator=random)
    share = _share(settings, rank, n_ranks)
    real_images = pixels.to_network(images[_to(images.device, rows[share])], settings.channels)
    drawn = (labels, latents, fake_labels, generator_latents, generator_labels, real_numbers, fake_numbers)
    return Batch(real_images, *(_to(images.device, part[share]) for part in drawn))


def make_noisy_batch(
    images: Tensor,
    class_rows: list[np.ndarray],
    settings: DiffusionSettings,
    seed: int,
    step: int,
    rank: int,
    n_ranks: int,
) -> NoisyBatch:
    """Make one process's share of the batch of a diffusion model's step, as `make_batch` does."""
    rows, labels = _real_rows(class_rows, settings, seed, step)
    random = torch.Generator().manual_seed(step_seed(seed, step))
    noise = torch.randn(settings.batch_size, settings.channels, *images.shape[1:], generator=random)
    levels = torch.randn(settings.batch_size, generator=random)
    share = _share(settings, rank, n_ranks)
    real_images = pixels.to_network(images[_to(images.device, rows[share])], settings.channels)
    return NoisyBatch(real_images, *(_to(images.device, part[share]) for part in (labels, noise, levels)))


def step_seed(seed: int, step: int, rank: int = 0) -> int:
    """Derive the seed of all that is random in one process and one step, unrelated to its neighbours."""
    return int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0] >> 1)


def _share(settings: TrainingSettings, rank: int, n_ranks: int) -> slice:
    """Select the images of a process in a global batch."""
    return slice(rank * settings.batch_size // n_ranks, (rank + 1) * settings.batch_size // n_ranks)


def _to(device: torch.device, part: Tensor) -> Tensor:
    """Send a part of a batch to the device, without waiting for the steps that it still has to do."""
    return part.to(device, non_blocking=True)


def _latents(settings: GanSettings, random: torch.Generator) -> Tensor:
    return torch.randn(settings.batch_size, settings.latent_dim, generator=random) * settings.latent_std


def _real_rows(class_rows: list[np.ndarray], settings: TrainingSettings, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """List the rows and the labels of a step's real images.

    Balanced, the classes take turns, so each has its equal part; otherwise all images are shuffled together.
    """
    if settings.balanced:
        rows = _in_turns(class_rows, settings.batch_size, seed, step)
        return torch.from_numpy(rows), torch.arange(settings.batch_size) % len(class_rows)
    all_rows = np.concatenate(class_rows)
    labels = np.repeat(np.arange(len(class_rows)), [len(rows) for rows in class_rows])
    shown = _in_turns([np.arange(len(all_rows))], settings.batch_size, seed, step)
    return torch.from_numpy(all_rows[shown]), torch.from_numpy(labels[shown])


def _in_turns(class_rows: list[np.ndarray], batch_size: int, seed: int, step: int) -> np.ndarray:
    """List the rows of a step, class by class in turns: each goes through its images in a new order every epoch."""
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
