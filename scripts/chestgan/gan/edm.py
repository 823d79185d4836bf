"""The mathematics of a diffusion model: EDM (Karras et al., arXiv 2206.00364).

An image y with noise of a level sigma is x = y + sigma n, n from N(0, 1). A denoiser D(x; sigma) that estimates y moves
noise towards the data: dx / dsigma = (x - D(x; sigma)) / sigma (equations 1 and 3), from sigma_max, where x is as good
as noise alone, to 0, where it is an image.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

# the constants of table 1, column "Ours"
SIGMA_DATA = 0.5
SIGMA_MIN, SIGMA_MAX, _RHO = 0.002, 80.0, 7.0
_P_MEAN, _P_STD = -1.2, 1.2


class Preconditioning(NamedTuple):
    """The factors between a network F and the denoiser D(x; sigma) = skip x + out F(in x; noise) (equation 7)."""

    c_skip: Tensor
    c_out: Tensor
    c_in: Tensor
    c_noise: Tensor


def preconditioning(sigmas: Tensor) -> Preconditioning:
    """Compute the factors by which the network sees and answers with unit variance (table 1); each of sigmas' shape."""
    variances = sigmas.square() + SIGMA_DATA**2
    return Preconditioning(
        c_skip=SIGMA_DATA**2 / variances,
        c_out=sigmas * SIGMA_DATA / variances.sqrt(),
        c_in=1 / variances.sqrt(),
        c_noise=sigmas.log() / 4,
    )


def noise_levels(normal: Tensor) -> Tensor:
    """Turn numbers from N(0, 1) into the noise levels of a training, whose logarithm is normal (table 1)."""
    return (_P_MEAN + _P_STD * normal).exp()


def loss_weight(sigmas: Tensor) -> Tensor:
    """Compute lambda(sigma), by which every noise level weighs alike at first: 1 / c_out² (table 1)."""
    return (sigmas.square() + SIGMA_DATA**2) / (sigmas * SIGMA_DATA).square()


def denoising_loss(denoised: Tensor, images: Tensor, sigmas: Tensor) -> Tensor:
    """Compute the weighted mean squared error of denoised (N, channels, H, W) images (equation 8), a mean over all."""
    errors = (denoised - images).square().mean((1, 2, 3))
    return (loss_weight(sigmas) * errors).mean()


def sampling_levels(n_steps: int) -> Tensor:
    """List the noise levels from sigma_max to sigma_min, and 0 (equation 5): (n_steps + 1,) float64."""
    places = torch.arange(n_steps, dtype=torch.float64) / (n_steps - 1)
    first, last = SIGMA_MAX ** (1 / _RHO), SIGMA_MIN ** (1 / _RHO)
    return torch.cat([(first + places * (last - first)) ** _RHO, torch.zeros(1, dtype=torch.float64)])


def sample(denoise: Callable[[Tensor, Tensor], Tensor], noise: Tensor, n_steps: int) -> Tensor:
    """Move noise to images by Heun's method, without randomness (algorithm 1).

    Args:
        denoise: from noisy images and the (N,) float32 levels of their noise to images.
        noise: (N, channels, H, W) float32 from N(0, 1).
    """
    levels = sampling_levels(n_steps).tolist()
    images = levels[0] * noise
    for level, following in itertools.pairwise(levels):
        slope = _slope(denoise, images, level)
        moved = images + (following - level) * slope
        if following:
            slope = (slope + _slope(denoise, moved, following)) / 2
            moved = images + (following - level) * slope
        images = moved
    return images


def _slope(denoise: Callable[[Tensor, Tensor], Tensor], images: Tensor, level: float) -> Tensor:
    return (images - denoise(images, images.new_full((len(images),), level))) / level
