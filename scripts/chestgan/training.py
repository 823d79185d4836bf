"""The training of a GAN: batches, the step, and the state between steps.

Every random number of a step is drawn from (seed, step), for the whole global batch; a process takes its share of it.
So a training can stop anywhere and go on, and shows the same images however many processes there are.
"""

import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from chestgan import augmentation, imageset, losses, networks, pixels
from chestgan.errors import UserError
from chestgan.imageset import ImageSet
from chestgan.presets import GanSettings

# the averaged weights forget the first, useless images: their half-life is at most this share of the images seen
_EMA_RAMP = 0.1
# what the averaged generator's batch statistics are estimated from
_ESTIMATION_BATCHES = 8
_ESTIMATION_BATCH_SIZE = 64
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
        real_draws: (n, N_DRAWS) float32, the augmentation of the real images; unused without one.
        fake_draws: (n, N_DRAWS) float32, the augmentation of the fake images.
    """

    real_images: Tensor
    labels: Tensor
    latents: Tensor
    real_draws: Tensor
    fake_draws: Tensor


@dataclass
class Gan:
    """The networks and optimisers as accelerate prepared them, and the averaged generator if there is one."""

    generator: nn.Module
    discriminator: nn.Module
    generator_optimiser: Any
    discriminator_optimiser: Any
    averaged: nn.Module | None


def read_data(folder: Path, gan_settings: GanSettings, processes: int) -> Data:
    """Read training and validation patients.

    Raises:
        UserError: there is no such image set, a class has too few images, or the settings can't train on them.
    """
    images = imageset.read(folder)
    if "split" not in images.manifest:
        raise UserError(f"{folder}/manifest.csv has no column 'split'; split_data makes one")
    image_size = images.images.shape[1]
    check(gan_settings, len(images.classes), image_size, processes)
    train_images, validation = images.where(split="train"), images.where(split="validation")
    for name, part in (("train", train_images), ("validation", validation)):
        counts = part.manifest["label"].value_counts()
        few = [label for label in images.classes if counts.get(label, 0) < 2]
        if few:
            raise UserError(f"found fewer than 2 {name} images of {', '.join(few)} in {folder}; expected at least 2")
    return Data(train_images, validation, images.classes, image_size)


def check(gan_settings: GanSettings, n_classes: int, image_size: int, processes: int) -> None:
    """Refuse settings that can't train on such images in so many processes.

    Raises:
        UserError: with the setting, its value, and those that can.
    """
    batch_size, conditioning = gan_settings.batch_size, gan_settings.conditioning
    if n_classes < 2 and conditioning != "separate":
        raise UserError(
            f"conditioning is {conditioning!r}, but there is {n_classes} class; expected separate, or 2 classes or more"
        )
    if batch_size % processes or batch_size // processes < 2 * n_classes:
        raise UserError(
            f"batch_size is {batch_size}; expected a multiple of the {processes} processes that leaves each at least "
            f"two images of each of the {n_classes} classes"
        )
    networks.check_size(gan_settings, image_size)


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
        averaged = copy.deepcopy(accelerator.unwrap_model(generator)).requires_grad_(False)
    return Gan(generator, discriminator, generator_optimiser, discriminator_optimiser, averaged)


def train_step(gan: Gan, batch: Batch, gan_settings: GanSettings, step: int, accelerator: Accelerator) -> Tensor:
    """Take one step of the discriminator and one of the generator on the same fakes.

    Returns:
        The four losses of `LOSSES`, detached, on the device.
    """
    labels = batch.labels
    class_weight = gan_settings.class_weight_at(step * gan_settings.batch_size / 1000)
    objective = losses.Objective(gan_settings.source_loss, gan_settings.conditioning, class_weight)
    real_images = batch.real_images
    with accelerator.autocast():
        fake_images = gan.generator(batch.latents, labels)
    if gan_settings.augment:
        real_images = augmentation.augment(real_images, batch.real_draws)
        fake_images = augmentation.augment(fake_images, batch.fake_draws)

    gan.discriminator.requires_grad_(True)
    with accelerator.autocast():
        real = gan.discriminator(real_images, labels)
        fake = gan.discriminator(fake_images.detach(), labels)
    source_loss, class_loss = losses.discriminator_loss(real, labels, fake, labels, objective)
    gan.discriminator_optimiser.zero_grad()
    accelerator.backward(source_loss + class_loss)
    gan.discriminator_optimiser.step()

    # frozen, so that the generator's gradient passes through and leaves nothing behind
    gan.discriminator.requires_grad_(False)
    with accelerator.autocast():
        judged = gan.discriminator(fake_images, labels)
    generator_source_loss, generator_class_loss = losses.generator_loss(judged, labels, objective)
    gan.generator_optimiser.zero_grad()
    accelerator.backward(generator_source_loss + generator_class_loss)
    gan.generator_optimiser.step()
    return torch.stack([source_loss, class_loss, generator_source_loss, generator_class_loss]).detach()


def update_average(gan: Gan, generator: nn.Module, steps: int, settings: GanSettings) -> None:
    """Move the averaged weights towards the generator's, with a half-life counted in images."""
    half_life = min(1000 * settings.ema_kimg, _EMA_RAMP * steps * settings.batch_size)
    average = get_ema_multi_avg_fn(0.5 ** (settings.batch_size / half_life))
    average(list(gan.averaged.parameters()), list(generator.parameters()), None)


def drawing_generator(gan: Gan, gan_settings: GanSettings, n_classes: int, accelerator: Accelerator) -> nn.Module:
    """Give the generator that draws, the averaged one if there is one, in evaluation mode."""
    if gan.averaged is None:
        return accelerator.unwrap_model(gan.generator).eval()
    estimate_statistics(gan.averaged, gan_settings, n_classes)
    return gan.averaged.eval()


@torch.no_grad()
def estimate_statistics(generator: nn.Module, gan_settings: GanSettings, n_classes: int) -> None:
    """Give a generator with averaged weights the batch statistics that it has, for it was never trained with any."""
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            # all batches count alike
            module.momentum = None
    device = next(generator.parameters()).device
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(_ESTIMATION_BATCH_SIZE, device=device) % n_classes
    generator.train()
    for _ in range(_ESTIMATION_BATCHES):
        latents = torch.randn(_ESTIMATION_BATCH_SIZE, gan_settings.latent_dim, generator=random)
        generator((latents * gan_settings.latent_std).to(device), labels)


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
    latents = torch.randn(gan.batch_size, gan.latent_dim, generator=random) * gan.latent_std
    real_draws, fake_draws = (augmentation.draw(gan.batch_size, random) for _ in range(2))
    real_images = pixels.to_network(images[rows.to(images.device)], gan.channels)
    drawn = (part[share].to(images.device) for part in (latents, real_draws, fake_draws))
    return Batch(real_images, labels.to(images.device), *drawn)


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
