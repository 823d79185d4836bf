"""The CovidGAN's networks (Waheed et al., IEEE Access 2020, table 1).

Their shapes follow from the image size: the paper's 112 pixels begin with a feature map of 7 × 7.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from chestgan.base.errors import UserError
from chestgan.gan.conditioning import Head, Logits

# the generator doubles its first feature map four times
_UPSAMPLING = 16
# pixels of a row
_SMALL = 8


class Generator(nn.Module):
    """Turn latents and labels into images.

    The latent becomes the first feature map, the label one more channel of it, and four
    transposed convolutions of 5 × 5 double the size each.
    """

    def __init__(self, n_classes: int, image_size: int, latent_dim: int, width: int, channels: int) -> None:
        super().__init__()
        self.base = base_size(image_size)
        self.width = width
        self.dense = nn.Linear(latent_dim, self.width * self.base**2)
        self.label = nn.Sequential(nn.Embedding(n_classes, 50), nn.Linear(50, self.base**2)) if n_classes > 1 else None
        widths = [self.width + (n_classes > 1), self.width // 2, self.width // 4, self.width // 8]
        blocks: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(widths):
            blocks += [Doubling(n_in, n_out), nn.BatchNorm2d(n_out), nn.ReLU()]
        self.blocks = nn.Sequential(*blocks, Doubling(widths[-1], channels), nn.Tanh())
        self.apply(_initialise)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Turn (N, latent_dim) float32 and (N,) int64 into (N, channels, H, W) in [-1, 1]."""
        features = torch.relu(self.dense(latents)).unflatten(1, (self.width, self.base, self.base))
        if self.label is not None:
            features = torch.cat([features, self.label(labels).unflatten(1, (1, self.base, self.base))], dim=1)
        return self.blocks(features.contiguous(memory_format=torch.channels_last))


class Doubling(nn.ConvTranspose2d):
    """Double the size by a transposed convolution of 5 × 5; small feature maps in bf16 lie side by side meanwhile.

    Rows of a few pixels leave most of a CPU's vector unit idle: at 7 × 7 this takes 0.6 times as long. In float32 the
    weight gradient would lose what the rest wins.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, 5, stride=2, padding=2, output_padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Turn (N, n_in, H, W) into (N, n_out, 2 H, 2 W)."""
        n_images, channels, height, width = features.shape
        if width > _SMALL or features.dtype != torch.bfloat16:
            return super().forward(features)
        # an empty column between two images: what a kernel carries over from one ends in the other's two columns of it
        rows = functional.pad(features, (0, 1)).permute(2, 0, 3, 1).reshape(1, height, n_images * (width + 1), channels)
        doubled = super().forward(rows.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        images = doubled.reshape(2 * height, n_images, 2 * width + 2, -1)[:, :, : 2 * width].permute(1, 3, 0, 2)
        return images.contiguous(memory_format=torch.channels_last)


class Discriminator(nn.Module):
    """Judge images: one trunk of five convolutions, and a head."""

    def __init__(
        self, conditioning: str, n_classes: int, image_size: int, width: int, channels: int, dropout: float
    ) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        n_in = channels
        for level in range(5):
            n_out = width * 2**level
            blocks += [
                nn.Conv2d(n_in, n_out, 3, stride=1 if level == 0 else 2, padding=1),
                # no running statistics: a batch is judged by its own, in training and ever after, and there is no
                # buffer that several processes would have to keep alike
                nn.BatchNorm2d(n_out, track_running_stats=False),
                nn.LeakyReLU(0.2),
                Dropout(dropout),
            ]
            n_in = n_out
        self.trunk = nn.Sequential(*blocks, nn.Flatten())
        self.head = Head(conditioning, n_in * base_size(image_size) ** 2, n_classes)
        self.apply(_initialise)

    def forward(self, images: Tensor, labels: Tensor) -> Logits:
        """Judge (N, channels, H, W) images in [-1, 1]; the labels serve only networks that keep classes apart."""
        return self.head(self.trunk(images.contiguous(memory_format=torch.channels_last)))


class Dropout(nn.Module):
    """Drop activations at random, one random 64-bit word for eight of them.

    Drawing a number an activation, as torch does, takes half the time of a step on a CPU. A byte decides, so the share
    that is dropped is a multiple of 1/256.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.threshold = round(256 * share)

    def forward(self, features: Tensor) -> Tensor:
        """Zero a share of the (N, C, H, W) features and scale the others, so that the mean stays."""
        if not self.training or not self.threshold:
            return features
        words = torch.empty(-(-features.numel() // 8), dtype=torch.int64, device=features.device)
        # from the lowest number on, so that the sign bit is random too
        byte = words.random_(torch.iinfo(torch.int64).min, None).view(torch.uint8)[: features.numel()]
        # bytes are exact in every type of features, and comparing them there takes a third of the time
        scaled = byte.to(features.dtype).ge_(self.threshold).mul_(256 / (256 - self.threshold))
        return features * scaled.as_strided(features.size(), features.stride())


def check(generator_width: int, dropout: float) -> None:
    """Refuse settings that these networks can't have.

    Raises:
        UserError: the width can't be halved three times.
    """
    if generator_width % 8:
        raise UserError(f"generator_width is {generator_width}; expected a multiple of 8: it is halved three times")


def check_size(image_size: int) -> None:
    """Refuse a size that these networks can't make, as `base_size` does."""
    base_size(image_size)


def base_size(image_size: int) -> int:
    """Compute the side of the first feature map, 7 for the paper's 112 pixels.

    Raises:
        UserError: the networks can't make images of this size.
    """
    if image_size % _UPSAMPLING or image_size < 2 * _UPSAMPLING:
        raise UserError(
            f"image_size is {image_size}; expected a multiple of {_UPSAMPLING} from {2 * _UPSAMPLING} on with "
            "architecture covidgan"
        )
    return image_size // _UPSAMPLING


def _initialise(module: nn.Module) -> None:
    """Initialise the weights as DCGAN does (arXiv 1511.06434, section 3)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if getattr(module, "bias", None) is not None:
        nn.init.zeros_(module.bias)
