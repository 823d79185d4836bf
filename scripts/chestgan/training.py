"""The training of a GAN: batches, the step, and the state between steps.

Every random number of a step is drawn from (seed, step), for the whole global batch; a process takes its share of it.
So a training can stop anywhere and go on, and shows the same images however many processes there are.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from chestgan import imageset, losses, networks
from chestgan.errors import UserError
from chestgan.imageset import ImageSet
from chestgan.presets import GanSettings

# the averaged weights forget the first, useless images: their half-life is at most this share of the images seen
_EMA_RAMP = 0.1
LOSSES = ("discriminator_source", "discriminator_class", "generator_source", "generator_class")


@dataclass(frozen=True)
class Data:
    """The patients that a training may see: those it learns from and those that choose its checkpoint."""

    train: ImageSet
    validation: ImageSet
    classes: list[str]
    image_size: int


@dataclass(frozen=True)
class Batch:
    """One process's share of a step, on its device.

    Attributes:
        real_images: (n, channels, H, W) float32 in [-1, 1].
        labels: (n,) int64, the classes of the real images and those asked of the generator.
        latents: (n, latent_dim) float32.
    """

    real_images: Tensor
    labels: Tensor
    latents: Tensor


@dataclass
class Gan:
    """The networks and optimisers as accelerate prepared them, and the averaged generator if there is one."""

    generator: nn.Module
    discriminator: nn.Module
    generator_optimiser: Any
    discriminator_optimiser: Any
    averaged: AveragedModel | None


def read_data(folder: Path, gan_settings: GanSettings, processes: int) -> Data:
    """Read training and validation patients.

    Raises:
        UserError: there is no such image set, a class has too few images, or the settings can't train on them.
    """
    images = imageset.read(folder)
    if "split" not in images.manifest:
        raise UserError(f"{folder}/manifest.csv has no column 'split'; split_data makes one")
    train_images, validation = images.where(split="train"), images.where(split="validation")
    for name, part in (("train", train_images), ("validation", validation)):
        counts = part.manifest["label"].value_counts()
        few = [label for label in images.classes if counts.get(label, 0) < 2]
        if few:
            raise UserError(f"found fewer than 2 {name} images of {', '.join(few)} in {folder}; expected at least 2")
    n_classes, batch_size = len(images.classes), gan_settings.batch_size
    if batch_size % processes or batch_size // processes < 2 * n_classes:
        raise UserError(
            f"batch_size is {batch_size}; expected a multiple of the {processes} processes that leaves each at least "
            f"two images of each of the {n_classes} classes"
        )
    image_size = images.images.shape[1]
    networks.base_size(image_size)
    return Data(train_images, validation, images.classes, image_size)


def build(gan: GanSettings, n_classes: int, image_size: int, seed: int, accelerator: Accelerator) -> Gan:
    """Make networks with the same first weights in every process, their optimisers and the average."""
    torch.manual_seed(seed)
    generator = networks.build_generator(gan, n_classes, image_size)
    discriminator = networks.build_discriminator(gan, n_classes, image_size)
    betas = (gan.adam_beta1, gan.adam_beta2)
    generator, discriminator, generator_optimiser, discriminator_optimiser = accelerator.prepare(
        generator,
        discriminator,
        torch.optim.Adam(generator.parameters(), gan.generator_learning_rate, betas, fused=True),
        torch.optim.Adam(discriminator.parameters(), gan.discriminator_learning_rate, betas, fused=True),
    )
    averaged = None
    if gan.ema_kimg:
        averaged = AveragedModel(accelerator.unwrap_model(generator), use_buffers=True)
    return Gan(generator, discriminator, generator_optimiser, discriminator_optimiser, averaged)


def train_step(gan: Gan, batch: Batch, class_weight: float, accelerator: Accelerator) -> Tensor:
    """Take one step of the discriminator and one of the generator on the same fakes.

    Returns:
        The four losses of `LOSSES`, detached, on the device.
    """
    labels = batch.labels
    with accelerator.autocast():
        fake_images = gan.generator(batch.latents, labels)

    gan.discriminator.requires_grad_(True)
    with accelerator.autocast():
        real = gan.discriminator(batch.real_images, labels)
        fake = gan.discriminator(fake_images.detach(), labels)
    source_loss, class_loss = losses.discriminator_loss(real, labels, fake, labels, class_weight)
    gan.discriminator_optimiser.zero_grad()
    accelerator.backward(source_loss + class_loss)
    gan.discriminator_optimiser.step()

    # frozen, so that the generator's gradient passes through and leaves nothing behind
    gan.discriminator.requires_grad_(False)
    with accelerator.autocast():
        judged = gan.discriminator(fake_images, labels)
    generator_source_loss, generator_class_loss = losses.generator_loss(judged, labels, class_weight)
    gan.generator_optimiser.zero_grad()
    accelerator.backward(generator_source_loss + generator_class_loss)
    gan.generator_optimiser.step()
    return torch.stack([source_loss, class_loss, generator_source_loss, generator_class_loss]).detach()


def update_average(gan: Gan, generator: nn.Module, steps: int, settings: GanSettings) -> None:
    """Move the averaged weights towards the generator's, with a half-life counted in images."""
    half_life = min(1000 * settings.ema_kimg, _EMA_RAMP * steps * settings.batch_size)
    gan.averaged.multi_avg_fn = get_ema_multi_avg_fn(0.5 ** (settings.batch_size / half_life))
    gan.averaged.update_parameters(generator)


def drawing_generator(gan: Gan, accelerator: Accelerator) -> nn.Module:
    """Give the generator that draws, the averaged one if there is one, in evaluation mode."""
    return (gan.averaged.module if gan.averaged else accelerator.unwrap_model(gan.generator)).eval()


def copied_weights(generator: nn.Module) -> dict[str, Tensor]:
    """Copy a generator's weights to the CPU, out of the reach of further training."""
    return {name: weight.detach().cpu().clone() for name, weight in generator.state_dict().items()}


def parts(gan: Gan, accelerator: Accelerator) -> dict[str, Any]:
    """Name everything that has a state to be saved and restored."""
    named = {
        "generator": accelerator.unwrap_model(gan.generator),
        "discriminator": accelerator.unwrap_model(gan.discriminator),
        "generator_optimiser": gan.generator_optimiser,
        "discriminator_optimiser": gan.discriminator_optimiser,
    }
    return named | ({"averaged": gan.averaged} if gan.averaged else {})


def draw_batch(
    images: Tensor, class_rows: list[np.ndarray], gan: GanSettings, seed: int, step: int, rank: int, n_ranks: int
) -> Batch:
    """Draw one process's share of the batch of a step; classes take turns, so each has its equal part.

    Args:
        images: (N, H, W) uint8 on the device.
        class_rows: for each class, the rows of its images.
    """
    share = slice(rank * gan.batch_size // n_ranks, (rank + 1) * gan.batch_size // n_ranks)
    labels = torch.arange(gan.batch_size)[share] % len(class_rows)
    rows = torch.from_numpy(_real_rows(class_rows, gan.batch_size, seed, step))[share]
    random = torch.Generator().manual_seed(step_seed(seed, step))
    latents = torch.randn(gan.batch_size, gan.latent_dim, generator=random)[share] * gan.latent_std
    real_images = networks.to_network(images[rows.to(images.device)], gan.channels)
    return Batch(real_images, labels.to(images.device), latents.to(images.device))


def step_seed(seed: int, step: int, rank: int = 0) -> int:
    """Give a seed for all that one process draws in one step, unrelated to its neighbours."""
    return int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0] >> 1)


def _real_rows(class_rows: list[np.ndarray], batch_size: int, seed: int, step: int) -> np.ndarray:
    """Give the rows of a step's real images: each class goes through its images in a new order every epoch."""
    n_classes = len(class_rows)
    rows = np.empty(batch_size, dtype=np.int64)
    for label, of_class in enumerate(class_rows):
        places = np.arange(label, batch_size, n_classes)
        drawn = step * len(places) + np.arange(len(places))
        epochs, positions = np.divmod(drawn, len(of_class))
        for epoch in np.unique(epochs):
            now = epochs == epoch
            order = _epoch_order(seed, label, int(epoch), len(of_class))
            rows[places[now]] = of_class[order[positions[now]]]
    return rows


@lru_cache(maxsize=64)
def _epoch_order(seed: int, label: int, epoch: int, n_images: int) -> np.ndarray:
    return np.random.default_rng((seed, label, epoch)).permutation(n_images)
