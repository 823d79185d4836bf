"""The denoiser of a diffusion model, and the generator that it makes: a sampler from latents to images."""

import math

import torch
from torch import Tensor, nn

from chestgan.gan import edm
from chestgan.gan.networks.architectures import DENOISERS
from chestgan.gan.presets import DiffusionSettings


class Denoiser(nn.Module):
    """Estimate images from noisy ones by a network of unit variance in and out (EDM, equation 7)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, noisy_images: Tensor, sigmas: Tensor, labels: Tensor) -> Tensor:
        """Denoise (N, channels, H, W) float32 images with noise of (N,) float32 levels, of (N,) int64 classes."""
        factors = edm.preconditioning(sigmas)
        c_skip, c_out, c_in = (factor.view(-1, 1, 1, 1) for factor in factors[:3])
        # the sum isn't rounded to bf16: at a low level the network only corrects what it was given
        return c_skip * noisy_images + c_out * self.network(c_in * noisy_images, factors.c_noise, labels).float()


class Sampler(nn.Module):
    """Turn latents into images: the generator that a trained denoiser is."""

    def __init__(self, denoiser: nn.Module, settings: DiffusionSettings) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.channels = settings.channels
        self.n_steps = settings.sampling_steps

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Turn (N, channels × H × W) float32 and (N,) int64 into (N, channels, H, W) float32 in [-1, 1]."""
        side = math.isqrt(latents.shape[1] // self.channels)
        noise = latents.unflatten(1, (self.channels, side, side))
        images = edm.sample(lambda noisy, sigmas: self.denoiser(noisy, sigmas, labels), noise, self.n_steps)
        return images.clamp(-1, 1)


def build_denoiser(settings: DiffusionSettings, n_classes: int, image_size: int) -> nn.Module:
    """Build a denoiser; its weights are drawn from torch's global generator."""
    network = DENOISERS[settings.architecture].Denoiser(
        n_classes, image_size, settings.generator_width, settings.channels
    )
    return Denoiser(network).to(memory_format=torch.channels_last)


def build_sampler(settings: DiffusionSettings, n_classes: int, image_size: int) -> Sampler:
    """Build a generator; its weights are drawn from torch's global generator."""
    return Sampler(build_denoiser(settings, n_classes, image_size), settings)
