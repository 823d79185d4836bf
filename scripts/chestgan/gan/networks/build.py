"""The generator and the discriminator that the settings describe."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from chestgan.gan.conditioning import Logits
from chestgan.gan.networks.architectures import ARCHITECTURES
from chestgan.gan.presets import GanSettings


def build_generator(settings: GanSettings, n_classes: int, image_size: int) -> nn.Module:
    """Build a generator; its weights are drawn from torch's global generator."""

    def build(n_classes: int) -> nn.Module:
        return ARCHITECTURES[settings.architecture].Generator(
            n_classes, image_size, settings.latent_dim, settings.generator_width, settings.channels
        )

    generator = PerClassGenerator(build, n_classes) if settings.conditioning == "per_class" else build(n_classes)
    return _adjusted(generator, settings).to(memory_format=torch.channels_last)


def build_discriminator(settings: GanSettings, n_classes: int, image_size: int) -> nn.Module:
    """Build a discriminator; its weights are drawn from torch's global generator."""

    def build(n_classes: int) -> nn.Module:
        return ARCHITECTURES[settings.architecture].Discriminator(
            settings.conditioning,
            n_classes,
            image_size,
            settings.discriminator_width,
            settings.channels,
            settings.dropout,
        )

    per_class = settings.conditioning == "per_class"
    discriminator = PerClassDiscriminator(build, n_classes) if per_class else build(n_classes)
    discriminator = _adjusted(discriminator, settings).to(memory_format=torch.channels_last)
    if settings.spectral_norm:
        discriminator.apply(_normalise_spectrum)
    return discriminator


class PerClassGenerator(nn.Module):
    """Hold an unconditional generator for each class, and ask the one that the label names."""

    def __init__(self, build: Callable[[int], nn.Module], n_classes: int) -> None:
        super().__init__()
        self.generators = nn.ModuleList(build(1) for _ in range(n_classes))

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Turn (N, latent_dim) float32 and (N,) int64 into (N, channels, H, W) in [-1, 1]."""
        parts = [(labels == label).nonzero().squeeze(1) for label in range(len(self.generators))]
        images = [
            generator(latents[part], labels[part])
            for generator, part in zip(self.generators, parts, strict=True)
            if len(part)
        ]
        return torch.cat(images)[torch.cat(parts).argsort()]


class PerClassDiscriminator(nn.Module):
    """Hold a discriminator for each class, which sees only its class."""

    def __init__(self, build: Callable[[int], nn.Module], n_classes: int) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(build(1) for _ in range(n_classes))

    def forward(self, images: Tensor, labels: Tensor) -> Logits:
        """Judge (N, channels, H, W) images in [-1, 1], each by the discriminator of its label."""
        parts = [(labels == label).nonzero().squeeze(1) for label in range(len(self.discriminators))]
        logits = [
            discriminator(images[part], labels[part]).source_logits
            for discriminator, part in zip(self.discriminators, parts, strict=True)
            if len(part)
        ]
        return Logits(torch.cat(logits)[torch.cat(parts).argsort()], None)


def _adjusted(network: nn.Module, settings: GanSettings) -> nn.Module:
    """Set the epsilon of BatchNorm, and where it was asked for, draw the first weights anew."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = settings.batch_norm_epsilon
    return network.apply(_initialise_as_keras) if settings.initialisation == "glorot" else network


def _initialise_as_keras(module: nn.Module) -> None:
    """Initialise the weights as Keras does by default: those of layers as Glorot and Bengio (2010), equation 16."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
    elif isinstance(module, nn.Embedding):
        nn.init.uniform_(module.weight, -0.05, 0.05)
    elif isinstance(module, nn.BatchNorm2d) and module.affine:
        nn.init.ones_(module.weight)
    if getattr(module, "bias", None) is not None:
        nn.init.zeros_(module.bias)


def _normalise_spectrum(module: nn.Module) -> None:
    """Divide a layer's weights by their largest singular value (Miyato et al., arXiv 1802.05957, equation 8)."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        spectral_norm(module)
        normalisation = module.parametrizations.weight
        normalisation[0] = _InFullPrecision(normalisation[0])


class _InFullPrecision(nn.Module):
    """Keep autocast out: a GPU would multiply in bf16, and the singular value would have two digits."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            return self.inner(weight)
