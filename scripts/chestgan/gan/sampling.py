"""Images sampled from a generator: one seed an image, the same bits whatever is sampled beside it."""

import numpy as np
import torch
from torch import Tensor, nn

from chestgan.gan.presets import Latents
from chestgan.images import pixels

# Arithmetic on batches of different sizes differs in the last bit, so images are always sampled this many at a time.
CHUNK = 32


def latents(seeds: np.ndarray, stream: int, of: Latents) -> Tensor:
    """Sample a latent for each seed from N(0, std²): (N, dim) float32.

    The same seed gives another latent in another stream, so that two classes don't share theirs.
    """
    normal = np.stack([np.random.default_rng((stream, int(seed))).standard_normal(of.dim) for seed in seeds])
    return torch.from_numpy((normal * of.std).astype(np.float32))


@torch.inference_mode()
def sample_images(generator: nn.Module, latents: Tensor, labels: Tensor) -> np.ndarray:
    """Turn latents into images in whole chunks; the last one is filled up with repeats that are thrown away.

    Args:
        generator: in evaluation mode.
        latents: (N, dim) float32.
        labels: (N,) int64.

    Returns:
        (N, H, W) uint8.
    """
    device = next(generator.parameters()).device
    images = []
    for start in range(0, len(latents), CHUNK):
        rows = torch.arange(start, start + CHUNK) % len(latents)
        chunk = generator(latents[rows].to(device), labels[rows].to(device))
        images.append(pixels.to_grey(chunk).cpu().numpy()[: len(latents) - start])
    return np.concatenate(images)
