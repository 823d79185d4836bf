"""What the training engine is measured against: the same GANs, written as one writes them at first.

float32, torch's own layers and memory format, each forward by itself, new fakes for the generator's step, Adam as it
comes. Heads, losses and the augmentation are the project's: they take next to no time. Parameters come in the order of
the project's networks, so that one may be loaded into the other.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from chestgan.gan import losses
from chestgan.gan.batches import Batch
from chestgan.gan.conditioning import Head, Logits
from chestgan.gan.networks.residual import doublings
from chestgan.gan.presets import GanSettings
from chestgan.images import augmentation


class CovidganGenerator(nn.Module):
    """Turn latents into images by four transposed convolutions."""

    def __init__(self, gan: GanSettings, n_classes: int, image_size: int) -> None:
        super().__init__()
        self.base, width = image_size // 16, gan.generator_width
        self.dense = nn.Linear(gan.latent_dim, width * self.base**2)
        self.label = nn.Sequential(nn.Embedding(n_classes, 50), nn.Linear(50, self.base**2)) if n_classes > 1 else None
        widths = [width + (n_classes > 1), width // 2, width // 4, width // 8]
        blocks: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(widths):
            blocks += [_doubling(n_in, n_out), nn.BatchNorm2d(n_out), nn.ReLU()]
        self.blocks = nn.Sequential(*blocks, _doubling(widths[-1], gan.channels), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        features = functional.relu(self.dense(latents)).view(len(latents), -1, self.base, self.base)
        if self.label is not None:
            features = torch.cat([features, self.label(labels).view(-1, 1, self.base, self.base)], dim=1)
        return self.blocks(features)


class CovidganDiscriminator(nn.Module):
    """Judge images by five convolutions."""

    def __init__(self, gan: GanSettings, n_classes: int, image_size: int) -> None:
        super().__init__()
        widths = [gan.channels, *(gan.discriminator_width * 2**level for level in range(5))]
        blocks: list[nn.Module] = []
        for level, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
            blocks += [nn.Conv2d(n_in, n_out, 3, stride=1 if level == 0 else 2, padding=1)]
            blocks += [nn.BatchNorm2d(n_out), nn.LeakyReLU(0.2), nn.Dropout(gan.dropout)]
        self.trunk = nn.Sequential(*blocks, nn.Flatten())
        self.head = Head(gan.conditioning, widths[-1] * (image_size // 16) ** 2, n_classes)

    def forward(self, images: Tensor, labels: Tensor) -> Logits:
        return self.head(self.trunk(images))


class ConditionalBatchNorm(nn.Module):
    """Normalise by the batch; the conditions decide scale and offset."""

    def __init__(self, channels: int, n_conditions: int) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(channels, affine=False)
        self.affine = nn.Linear(n_conditions, 2 * channels)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        scales, offsets = self.affine(conditions)[:, :, None, None].chunk(2, dim=1)
        return self.normalise(features) * (1 + scales) + offsets


class UpBlock(nn.Module):
    """Double the size, with a shortcut."""

    def __init__(self, n_in: int, n_out: int, n_conditions: int) -> None:
        super().__init__()
        self.normalise1 = ConditionalBatchNorm(n_in, n_conditions)
        self.convolve1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.normalise2 = ConditionalBatchNorm(n_out, n_conditions)
        self.convolve2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(n_in, n_out, 1, bias=False)
        self.upsample = nn.Upsample(scale_factor=2)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        inner = self.convolve1(self.upsample(functional.relu(self.normalise1(features, conditions))))
        inner = self.convolve2(functional.relu(self.normalise2(inner, conditions)))
        return inner + self.shortcut(self.upsample(features))


class ResidualGenerator(nn.Module):
    """Turn latents into images by residual blocks, each conditioned on latent and class."""

    def __init__(self, gan: GanSettings, n_classes: int, image_size: int) -> None:
        super().__init__()
        n_blocks = doublings(image_size)
        widths = [min(gan.generator_width, gan.generator_width * 2**n // 12) for n in range(n_blocks, -1, -1)]
        self.n_classes, self.shape = n_classes, (widths[0], image_size >> n_blocks, image_size >> n_blocks)
        n_conditions = gan.latent_dim + (n_classes if n_classes > 1 else 0)
        self.dense = nn.Linear(n_conditions, widths[0] * self.shape[1] ** 2)
        self.blocks = nn.ModuleList(UpBlock(*pair, n_conditions) for pair in itertools.pairwise(widths))
        self.normalise = nn.BatchNorm2d(widths[-1])
        self.to_image = nn.Conv2d(widths[-1], gan.channels, 3, padding=1)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        conditions = latents
        if self.n_classes > 1:
            conditions = torch.cat([latents, functional.one_hot(labels, self.n_classes)], dim=1)
        features = self.dense(conditions).view(-1, *self.shape)
        for block in self.blocks:
            features = block(features, conditions)
        return torch.tanh(self.to_image(functional.relu(self.normalise(features))))


class DownBlock(nn.Module):
    """Halve the size, with a shortcut."""

    def __init__(self, n_in: int, n_out: int, activate: bool) -> None:
        super().__init__()
        self.activate = nn.LeakyReLU(0.2) if activate else nn.Identity()
        self.convolve1 = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.convolve2 = nn.Conv2d(n_out, n_out, 4, stride=2, padding=1)
        self.shortcut = nn.Conv2d(n_in, n_out, 1)

    def forward(self, features: Tensor) -> Tensor:
        inner = self.convolve2(functional.leaky_relu(self.convolve1(self.activate(features)), 0.2))
        return inner + self.shortcut(functional.avg_pool2d(features, 2))


class ResidualDiscriminator(nn.Module):
    """Judge images by residual blocks and the minibatch standard deviation."""

    def __init__(self, gan: GanSettings, n_classes: int, image_size: int) -> None:
        super().__init__()
        n_blocks = doublings(image_size)
        widths = [gan.channels, *(gan.discriminator_width * min(8, 2**level) for level in range(n_blocks))]
        self.blocks = nn.Sequential(
            *(DownBlock(*pair, level > 0) for level, pair in enumerate(itertools.pairwise(widths)))
        )
        self.dense = nn.Linear((widths[-1] + 1) * (image_size >> n_blocks) ** 2, widths[-1])
        self.head = Head(gan.conditioning, widths[-1], n_classes)

    def forward(self, images: Tensor, labels: Tensor) -> Logits:
        features = functional.leaky_relu(self.blocks(images), 0.2)
        deviation = (features.var(0, correction=0) + 1e-8).sqrt().mean()
        features = torch.cat([features, deviation.expand(len(features), 1, *features.shape[2:])], dim=1)
        return self.head(functional.leaky_relu(self.dense(features.flatten(1)), 0.2))


class PerClass(nn.Module):
    """Hold one network per class."""

    def __init__(self, networks: list[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor | Logits:
        rows = [torch.where(labels == label)[0] for label in range(len(self.networks))]
        parts = [network(inputs[row], labels[row]) for network, row in zip(self.networks, rows, strict=True)]
        order = torch.cat(rows).argsort()
        if isinstance(parts[0], Logits):
            return Logits(torch.cat([part.source_logits for part in parts])[order], None)
        return torch.cat(parts)[order]


@dataclass
class Gan:
    """Two networks, their optimisers, and the weights of the generator's EMA if there is one."""

    generator: nn.Module
    discriminator: nn.Module
    generator_optimiser: torch.optim.Optimizer
    discriminator_optimiser: torch.optim.Optimizer
    ema: list[Tensor] | None


def build(settings: GanSettings, n_classes: int, image_size: int) -> Gan:
    """Make the networks that the settings describe."""
    kinds = {
        "covidgan": (CovidganGenerator, CovidganDiscriminator),
        "residual": (ResidualGenerator, ResidualDiscriminator),
    }
    generator, discriminator = (
        _network(kind, settings, n_classes, image_size) for kind in kinds[settings.architecture]
    )
    if settings.spectral_norm:
        for module in list(discriminator.modules()):
            if isinstance(module, nn.Conv2d | nn.Linear):
                spectral_norm(module)
    betas = (settings.adam_beta1, settings.adam_beta2)
    return Gan(
        generator,
        discriminator,
        torch.optim.Adam(generator.parameters(), settings.generator_learning_rate, betas),
        torch.optim.Adam(discriminator.parameters(), settings.discriminator_learning_rate, betas),
        [weights.detach().clone() for weights in generator.parameters()] if settings.ema_kimg else None,
    )


def train_step(gan: Gan, batch: Batch, latents: Tensor, settings: GanSettings, step: int) -> Tensor:
    """Take one step of the discriminator and one of the generator; the latents are those of the latter.

    Returns:
        The four losses of `step.LOSSES`.
    """
    labels = batch.labels
    class_weight = settings.class_weight_at(step * settings.batch_size / 1000)
    objective = losses.Objective(settings.source_loss, settings.conditioning, class_weight)
    real_images, fake_images = batch.real_images, gan.generator(batch.latents, labels).detach()
    if settings.augment:
        real_images = augmentation.augment(real_images, batch.real_augmentation)
        fake_images = augmentation.augment(fake_images, batch.fake_augmentation)
    real, fake = gan.discriminator(real_images, labels), gan.discriminator(fake_images, labels)
    source_loss, class_loss = losses.discriminator_loss(real, labels, fake, labels, objective)
    gan.discriminator_optimiser.zero_grad()
    (source_loss + class_loss).backward()
    gan.discriminator_optimiser.step()

    fake_images = gan.generator(latents, labels)
    if settings.augment:
        fake_images = augmentation.augment(fake_images, batch.fake_augmentation)
    judged = gan.discriminator(fake_images, labels)
    generator_source_loss, generator_class_loss = losses.generator_loss(judged, labels, objective)
    gan.generator_optimiser.zero_grad()
    (generator_source_loss + generator_class_loss).backward()
    gan.generator_optimiser.step()
    if gan.ema:
        with torch.no_grad():
            for average, weights in zip(gan.ema, gan.generator.parameters(), strict=True):
                average.lerp_(weights, 0.001)
    return torch.stack([source_loss, class_loss, generator_source_loss, generator_class_loss]).detach()


def _doubling(n_in: int, n_out: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1)


def _network(kind: type[nn.Module], settings: GanSettings, n_classes: int, image_size: int) -> nn.Module:
    if settings.conditioning != "per_class":
        return kind(settings, n_classes, image_size)
    return PerClass([kind(settings, 1, image_size) for _ in range(n_classes)])
