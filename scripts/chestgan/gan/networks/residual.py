"""Residual networks: latent and label condition every block of the generator; the discriminator isn't normalised.

After Miyato et al. (arXiv 1802.05957, appendix B.4), with the latent in every block as BigGAN has it (arXiv 1809.11096,
appendix B), and the minibatch standard deviation as a feature of the discriminator (Karras et al., arXiv 1710.10196,
section 3).
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from chestgan.base.errors import UserError
from chestgan.gan.conditioning import Head, Logits

# the sides that a first feature map may have
_BASES = (4, 5, 6, 7)
_FEWEST_DOUBLINGS = 3
# channels of the widest feature map by those of the last
_WIDEST = 12
_SLOPE = 0.2


class Generator(nn.Module):
    """Turn latents and labels into images by residual blocks, each of which doubles the size."""

    def __init__(self, n_classes: int, image_size: int, latent_dim: int, width: int, channels: int) -> None:
        super().__init__()
        n_doublings = doublings(image_size)
        widths = [min(width, width * 2**n // _WIDEST) for n in range(n_doublings, -1, -1)]
        self.n_classes = n_classes
        self.shape = (widths[0], image_size >> n_doublings, image_size >> n_doublings)
        n_conditions = latent_dim + (n_classes if n_classes > 1 else 0)
        self.dense = nn.Linear(n_conditions, self.shape[0] * self.shape[1] * self.shape[2])
        self.blocks = nn.ModuleList(UpBlock(*pair, n_conditions) for pair in itertools.pairwise(widths))
        self.normalise = nn.BatchNorm2d(widths[-1])
        self.to_image = nn.Conv2d(widths[-1], channels, 3, padding=1)
        self.apply(_initialise)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Turn (N, latent_dim) float32 and (N,) int64 into (N, channels, H, W) float32 in [-1, 1]."""
        conditions = latents
        if self.n_classes > 1:
            # one_hot() would look at the labels first, and wait for them
            is_class = labels.unsqueeze(1) == torch.arange(self.n_classes, device=labels.device)
            conditions = torch.cat([latents, is_class.to(latents.dtype)], dim=1)
        features = self.dense(conditions).unflatten(1, self.shape).contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            features = block(features, conditions)
        # real images aren't rounded to bf16, which would give fakes away
        return torch.tanh(self.to_image(functional.relu(self.normalise(features))).float())


class UpBlock(nn.Module):
    """Double the size: two convolutions beside a shortcut."""

    def __init__(self, n_in: int, n_out: int, n_conditions: int) -> None:
        super().__init__()
        # no offsets: normalisation takes them away again
        self.normalise1 = ConditionalBatchNorm(n_in, n_conditions)
        self.convolve1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.normalise2 = ConditionalBatchNorm(n_out, n_conditions)
        self.convolve2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(n_in, n_out, 1, bias=False)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Turn (N, n_in, H, W) into (N, n_out, 2 H, 2 W)."""
        inner = functional.relu(self.normalise1(features, conditions))
        inner = self.convolve1(functional.interpolate(inner, scale_factor=2))
        inner = self.convolve2(functional.relu(self.normalise2(inner, conditions)))
        # a convolution of one pixel and a doubling may change places; this way it costs a quarter
        return inner + functional.interpolate(self.shortcut(features), scale_factor=2)


class ConditionalBatchNorm(nn.Module):
    """Normalise by the batch; the conditions decide scale and offset of every channel."""

    def __init__(self, channels: int, n_conditions: int) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(channels, affine=False)
        self.affine = nn.Linear(n_conditions, 2 * channels)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Normalise (N, C, H, W) features."""
        scales, offsets = self.affine(conditions).unflatten(1, (-1, 1, 1)).chunk(2, dim=1)
        return torch.addcmul(offsets, self.normalise(features), 1 + scales)


class Discriminator(nn.Module):
    """Judge images by residual blocks, each of which halves the size, and a dense layer over what is left."""

    def __init__(
        self, conditioning: str, n_classes: int, image_size: int, width: int, channels: int, dropout: float
    ) -> None:
        super().__init__()
        n_halvings = doublings(image_size)
        # a fifth block and those after it are no wider than the fourth
        widths = [channels, *(width * min(8, 2**level) for level in range(n_halvings))]
        self.blocks = nn.ModuleList(
            # nothing is cut off an image: its signs mean something
            DownBlock(n_in, n_out, activate=level > 0)
            for level, (n_in, n_out) in enumerate(itertools.pairwise(widths))
        )
        self.dense = nn.Linear((widths[-1] + 1) * (image_size >> n_halvings) ** 2, widths[-1])
        self.head = Head(conditioning, widths[-1], n_classes)
        self.apply(_initialise)

    def forward(self, images: Tensor, labels: Tensor) -> Logits:
        """Judge (N, channels, H, W) images in [-1, 1]; the labels serve only networks that keep classes apart."""
        # contiguous() would leave images of one channel as they are, and the shortcut would turn its features round
        features = images.to(memory_format=torch.channels_last)
        for block in self.blocks:
            features = block(features)
        features = functional.leaky_relu(features, _SLOPE)
        features = torch.cat([features, _batch_deviation(features)], dim=1)
        return self.head(functional.leaky_relu(self.dense(features.flatten(1)), _SLOPE))


class DownBlock(nn.Module):
    """Halve the size: two convolutions beside a shortcut."""

    def __init__(self, n_in: int, n_out: int, activate: bool) -> None:
        super().__init__()
        self.activate = activate
        self.convolve1 = nn.Conv2d(n_in, n_out, 3, padding=1)
        # 4 × 4 at stride 2 meets every pixel equally often, so that its gradient draws no checkerboard
        self.convolve2 = nn.Conv2d(n_out, n_out, 4, stride=2, padding=1)
        self.shortcut = nn.Conv2d(n_in, n_out, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Turn (N, n_in, H, W) into (N, n_out, H / 2, W / 2)."""
        inner = functional.leaky_relu(features, _SLOPE) if self.activate else features
        inner = self.convolve2(functional.leaky_relu(self.convolve1(inner), _SLOPE))
        return inner + self.shortcut(functional.avg_pool2d(features, 2))


def check(generator_width: int, dropout: float) -> None:
    """Refuse settings that these networks can't have.

    Raises:
        UserError: dropout was asked for.
    """
    if dropout:
        raise UserError(f"dropout is {dropout:g}; expected 0 with architecture residual, which has none")


def check_size(image_size: int) -> None:
    """Refuse a size that these networks can't make, as `doublings` does."""
    doublings(image_size)


def doublings(image_size: int) -> int:
    """Count how often the first feature map is doubled to give images of this size.

    Raises:
        UserError: the networks can't make images of this size.
    """
    for n in range(_FEWEST_DOUBLINGS, image_size.bit_length()):
        if image_size in [base << n for base in _BASES]:
            return n
    raise UserError(
        f"image_size is {image_size}; expected {', '.join(map(str, _BASES))} doubled at least {_FEWEST_DOUBLINGS} "
        "times, such as 32, 64, 112, 128 or 256, with architecture residual"
    )


def _batch_deviation(features: Tensor) -> Tensor:
    """Compute the mean standard deviation over the batch as one more channel: (N, 1, H, W)."""
    rows = features.flatten(1).float()
    deviation = ((rows - rows.mean(0)).square().mean(0) + 1e-8).sqrt().mean()
    return deviation.to(features.dtype).expand(len(features), 1, *features.shape[2:])


def _initialise(module: nn.Module) -> None:
    """Initialise the weights as BigGAN does: orthogonal matrices (arXiv 1809.11096, section 3)."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.orthogonal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, ConditionalBatchNorm):
        # orthogonal weights would let the conditions drown the features that they scale
        nn.init.normal_(module.affine.weight, 0.0, 0.02)
