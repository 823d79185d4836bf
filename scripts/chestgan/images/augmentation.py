"""Differentiable augmentation of what a discriminator sees (DiffAugment, Zhao et al., arXiv 2006.10738).

Augmenting both real and fake images doesn't leak into the samples as long as augmented images can't be taken for
originals. So chests are neither flipped, since the heart has a side, nor rotated. The training images of a classifier
are augmented in the same way, but less.
"""

import torch
from torch import Tensor
from torch.nn import functional

# shares of the images' side
_TRANSLATION = 1 / 8
_CUTOUT = 0.3
_BLACK = -1.0
# the share of these changes, and of those of brightness and contrast, that a classifier sees
_GENTLE = 0.4
N_NUMBERS = 6


def random_numbers(n_images: int, random: torch.Generator) -> Tensor:
    """Draw the random numbers that the augmentation of N images takes: (n_images, N_NUMBERS) float32 in [0, 1)."""
    return torch.rand(n_images, N_NUMBERS, generator=random)


def augment(images: Tensor, numbers: Tensor) -> Tensor:
    """Change brightness and contrast, move, and cut out a square; a gradient passes through all of it.

    Args:
        images: (N, channels, H, W) float32 in [-1, 1].
        numbers: (N, N_NUMBERS) float32 in [0, 1), on the same device.

    Returns:
        (N, channels, H, W) float32, by up to a half beyond [-1, 1].
    """
    brightness, contrast, down, right, top, left = numbers.unbind(1)
    return _cut_out(_move(_recolour(images, brightness, contrast), down, right), top, left)


def augment_gently(images: Tensor, numbers: Tensor) -> Tensor:
    """Change brightness and contrast, and move, by two fifths of what `augment` does; nothing is cut out.

    A classifier has to know its class by what is left: classes may differ in exposure.

    Args:
        images: (N, channels, H, W) float32 in [-1, 1].
        numbers: (N, N_NUMBERS) float32 in [0, 1), on the same device.

    Returns:
        (N, channels, H, W) float32, some of it beyond [-1, 1].
    """
    brightness, contrast, down, right = (0.5 + _GENTLE * (numbers[:, :4] - 0.5)).unbind(1)
    return _move(_recolour(images, brightness, contrast), down, right)


def _recolour(images: Tensor, brightness: Tensor, contrast: Tensor) -> Tensor:
    """Add -0.5 to 0.5, after scaling what differs from the image's mean by 0.5 to 1.5."""
    means = images.mean((1, 2, 3), keepdim=True)
    factors, offsets = (contrast + 0.5).view(-1, 1, 1, 1), (brightness - 0.5).view(-1, 1, 1, 1)
    return torch.addcmul(means + offsets, images - means, factors)


def _move(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Move each image by whole pixels; what comes in from outside is black."""
    n_images, channels, height, width = images.shape
    rows, columns = _moved(height, down), _moved(width, right)
    margin = _margin(max(height, width))
    padded = functional.pad(images, (margin,) * 4, value=_BLACK)
    places = (rows + margin).unsqueeze(2) * padded.shape[3] + (columns + margin).unsqueeze(1)
    places = places.view(n_images, 1, -1).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, places).view(images.shape)


def _margin(side: int) -> int:
    return round(_TRANSLATION * side)


def _moved(side: int, numbers: Tensor) -> Tensor:
    """List for each image the rows, or columns, that come to 0, 1, ...: (N, side) int64."""
    margin = _margin(side)
    shifts = (numbers * (2 * margin + 1)).long() - margin
    return torch.arange(side, device=numbers.device) - shifts.unsqueeze(1)


def _cut_out(images: Tensor, top: Tensor, left: Tensor) -> Tensor:
    """Set a square to mid-grey; its centre lies anywhere in the image, so a part of it may lie outside."""
    in_rows, in_columns = (
        _in_square(side, numbers) for side, numbers in zip(images.shape[2:], (top, left), strict=True)
    )
    kept = ~(in_rows.unsqueeze(2) & in_columns.unsqueeze(1))
    return images * kept.unsqueeze(1)


def _in_square(side: int, numbers: Tensor) -> Tensor:
    """Compute for each image which rows, or columns, the square covers: (N, side) bool."""
    square = round(_CUTOUT * side)
    # as in the paper's code: the square's first row lies from half a square before the image on
    first = (numbers * (side + 1 - square % 2)).long() - square // 2
    places = torch.arange(side, device=numbers.device) - first.unsqueeze(1)
    return (places >= 0) & (places < square)
