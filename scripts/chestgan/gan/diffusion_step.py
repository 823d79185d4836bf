"""One step of a diffusion model's training, and the denoiser, optimiser and EMA that it moves."""

from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from chestgan.gan import edm
from chestgan.gan.batches import NoisyBatch
from chestgan.gan.ema import unwrapped_copy
from chestgan.gan.networks.denoiser import Sampler, build_denoiser
from chestgan.gan.presets import DiffusionSettings

LOSSES = ("denoising",)


@dataclass
class Diffusion:
    """The denoiser and its optimiser as accelerate prepared them, and the EMA of the denoiser if there is one.

    Attributes:
        generator: the denoiser; what samples images through it has no weights of its own.
    """

    generator: nn.Module
    generator_optimiser: Any
    ema: nn.Module | None


def build(
    settings: DiffusionSettings, n_classes: int, image_size: int, seed: int, accelerator: Accelerator
) -> Diffusion:
    """Build a denoiser with the same first weights in every process, its optimiser and the EMA."""
    torch.manual_seed(seed)
    denoiser = build_denoiser(settings, n_classes, image_size)
    adam = {"betas": (settings.adam_beta1, settings.adam_beta2), "eps": settings.adam_epsilon, "fused": True}
    denoiser, optimiser = accelerator.prepare(
        denoiser, torch.optim.Adam(denoiser.parameters(), settings.generator_learning_rate, **adam)
    )
    ema = unwrapped_copy(denoiser, accelerator) if settings.ema_kimg else None
    return Diffusion(denoiser, optimiser, ema)


def train_step(
    diffusion: Diffusion, batch: NoisyBatch, settings: DiffusionSettings, step: int, accelerator: Accelerator
) -> Tensor:
    """Add noise to the real images, and update the denoiser by how well it takes it away.

    Nothing is augmented: a diffusion model would learn to make augmented images.

    Returns:
        The loss of `LOSSES`, detached, on the device.
    """
    sigmas = edm.noise_levels(batch.levels)
    noisy_images = batch.real_images + sigmas.view(-1, 1, 1, 1) * batch.noise
    with accelerator.autocast():
        denoised = diffusion.generator(noisy_images, sigmas, batch.labels)
    loss = edm.denoising_loss(denoised, batch.real_images, sigmas)
    diffusion.generator_optimiser.zero_grad()
    accelerator.backward(loss)
    diffusion.generator_optimiser.step()
    return loss.detach().unsqueeze(0)


def sampling_generator(
    diffusion: Diffusion, settings: DiffusionSettings, n_classes: int, accelerator: Accelerator
) -> Sampler:
    """Return the generator that the denoiser is, the EMA's or a copy, in evaluation mode."""
    denoiser = unwrapped_copy(diffusion.generator, accelerator) if diffusion.ema is None else diffusion.ema
    return Sampler(denoiser, settings).eval()


def stateful_parts(diffusion: Diffusion, accelerator: Accelerator) -> dict[str, Any]:
    """Name every part whose state a checkpoint saves and restores."""
    parts = {
        "generator": accelerator.unwrap_model(diffusion.generator),
        "generator_optimiser": diffusion.generator_optimiser,
    }
    return parts | ({"ema": diffusion.ema} if diffusion.ema else {})
