"""Conversion of grey images: as stored, 0 black to 255 white, and as the GANs' networks take them, -1 to 1."""

import torch
from torch import Tensor


def to_network(images: Tensor, channels: int) -> Tensor:
    """Turn (N, H, W) uint8 into (N, channels, H, W) float32 in [-1, 1]."""
    return (images.to(torch.float32) / 127.5 - 1).unsqueeze(1).expand(-1, channels, -1, -1)


def to_grey(images: Tensor) -> Tensor:
    """Turn (N, channels, H, W) in [-1, 1] into (N, H, W) uint8, the mean of the channels rounded."""
    return ((images.float().mean(1) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
