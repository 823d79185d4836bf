"""A small UNet: residual blocks with group normalisation, conditioned on the noise level and the class in every block.

After Dhariwal and Nichol (arXiv 2105.05233, section 3) and EDM (arXiv 2206.00364, appendix F.1), with one block a level
and no attention: at 8 × 8 the convolutions see all of an image. It works on tiles of 2 × 2 pixels as channels, which
costs a quarter.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from chestgan.base.errors import UserError

_TILE = 2
# the sides that the smallest feature map may have
_SMALLEST_BASE, _LARGEST_BASE = 4, 8
# the finest levels have this share of the channels of the coarsest
_NARROWEST = 4
_GROUPS = 4
# widths are divided by _NARROWEST, and then into groups
_MULTIPLE = _NARROWEST * _GROUPS
_N_FREQUENCIES = 16
_HIGHEST_FREQUENCY = 32.0


class Denoiser(nn.Module):
    """Map noisy images to images of the same shape, down to a small feature map and up again, with skips between."""

    def __init__(self, n_classes: int, image_size: int, width: int, channels: int) -> None:
        super().__init__()
        n_levels = levels(image_size)
        widths = [max(width // _NARROWEST, width >> level) for level in reversed(range(n_levels))]
        n_tiled = channels * _TILE**2
        self.n_classes = n_classes
        self.embed = nn.Sequential(nn.Linear(2 * _N_FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))
        self.embed_label = nn.Linear(n_classes, width, bias=False) if n_classes > 1 else None
        self.from_image = nn.Conv2d(n_tiled, widths[0], 3, padding=1)
        self.down = nn.ModuleList(Block(*pair, width) for pair in itertools.pairwise([widths[0], *widths]))
        self.middle = Block(width, width, width)
        # each takes what comes from below beside the features of its own level
        self.up = nn.ModuleList(
            Block(below + own, own, width) for below, own in itertools.pairwise([width, *reversed(widths)])
        )
        self.normalise = nn.GroupNorm(_GROUPS, widths[0])
        self.to_image = nn.Conv2d(widths[0], n_tiled, 3, padding=1)
        nn.init.zeros_(self.to_image.weight)
        nn.init.zeros_(self.to_image.bias)

    def forward(self, images: Tensor, noise: Tensor, labels: Tensor) -> Tensor:
        """Map (N, channels, H, W) images of unit variance, by (N,) numbers for their noise and (N,) int64 classes."""
        conditions = self._conditions(noise, labels)
        tiled = functional.pixel_unshuffle(images, _TILE).contiguous(memory_format=torch.channels_last)
        features = self.from_image(tiled)
        finer = []
        for level, block in enumerate(self.down):
            features = block(functional.avg_pool2d(features, 2) if level else features, conditions)
            finer.append(features)
        features = self.middle(features, conditions)
        for level, block in enumerate(self.up):
            features = functional.interpolate(features, scale_factor=2) if level else features
            features = block(torch.cat([features, finer.pop()], dim=1), conditions)
        return functional.pixel_shuffle(self.to_image(functional.silu(self.normalise(features))), _TILE)

    def _conditions(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Embed the noise and the class: (N, width)."""
        exponents = torch.arange(_N_FREQUENCIES, device=noise.device) / (_N_FREQUENCIES - 1)
        angles = noise.unsqueeze(1) * _HIGHEST_FREQUENCY**exponents
        conditions = self.embed(torch.cat([angles.cos(), angles.sin()], dim=1))
        if self.embed_label is not None:
            # one_hot() would look at the labels first, and wait for them
            is_class = labels.unsqueeze(1) == torch.arange(self.n_classes, device=labels.device)
            conditions = conditions + self.embed_label(is_class.to(noise.dtype))
        return functional.silu(conditions)


class Block(nn.Module):
    """Two convolutions beside a shortcut; the conditions decide scale and offset of every channel between them."""

    def __init__(self, n_in: int, n_out: int, n_conditions: int) -> None:
        super().__init__()
        self.normalise1 = nn.GroupNorm(_GROUPS, n_in)
        self.convolve1 = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.affine = nn.Linear(n_conditions, 2 * n_out)
        self.normalise2 = nn.GroupNorm(_GROUPS, n_out)
        self.convolve2 = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.shortcut = nn.Identity() if n_in == n_out else nn.Conv2d(n_in, n_out, 1)
        # a block begins as its shortcut
        nn.init.zeros_(self.convolve2.weight)
        nn.init.zeros_(self.convolve2.bias)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Turn (N, n_in, H, W) into (N, n_out, H, W)."""
        inner = self.convolve1(functional.silu(self.normalise1(features)))
        scales, offsets = self.affine(conditions).unflatten(1, (-1, 1, 1)).chunk(2, dim=1)
        inner = torch.addcmul(offsets, self.normalise2(inner), 1 + scales)
        return self.shortcut(features) + self.convolve2(functional.silu(inner))


def check(width: int) -> None:
    """Refuse a width that these networks can't have.

    Raises:
        UserError: it can't be divided into narrower levels and groups.
    """
    if width % _MULTIPLE:
        raise UserError(
            f"generator_width is {width}; expected a multiple of {_MULTIPLE} with architecture unet, which divides it"
        )


def check_size(image_size: int) -> None:
    """Refuse a size that these networks can't make, as `levels` does."""
    levels(image_size)


def levels(image_size: int) -> int:
    """Count the feature maps of different sides: the tiles of the image, halved until the side is at most 8.

    Raises:
        UserError: the networks can't make images of this size.
    """
    side, n = image_size // _TILE, 1
    while side > _LARGEST_BASE and side % 2 == 0:
        side, n = side // 2, n + 1
    if image_size % _TILE or not _SMALLEST_BASE <= side <= _LARGEST_BASE:
        raise UserError(
            f"image_size is {image_size}; expected {_SMALLEST_BASE} to {_LARGEST_BASE} doubled several times, such as "
            "32, 64, 112, 128 or 256, with architecture unet"
        )
    return n
