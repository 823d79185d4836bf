"""A step of the preset `covidgan_paper` is the one of the sources' code, written here with torch's own layers.

docs/covidgan.md says what is different: BatchNorm's statistics where the sources have those of the last batch, so the
generator's fakes are judged beside real images here; and dropout, which is left out.
"""

import dataclasses
import itertools
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional

from chestgan.gan import presets
from chestgan.gan.batches import Batch
from chestgan.gan.step import build, train_step

N_CLASSES, SIZE, WIDTH, DISCRIMINATOR_WIDTH, LATENT_DIM = 2, 32, 32, 4, 8
RATE, EPSILON, BATCH_NORM_EPSILON = 2e-4, 1e-7, 1e-3
N_IMAGES = 6


class Generator(nn.Module):
    """Latents and labels to images, layer by layer as the sources' code has them, but for the embedding of 50."""

    def __init__(self) -> None:
        super().__init__()
        self.noise = nn.Linear(LATENT_DIM, WIDTH * (SIZE // 16) ** 2)
        self.embedding, self.label = nn.Embedding(N_CLASSES, 50), nn.Linear(50, (SIZE // 16) ** 2)
        layers: list[nn.Module] = []
        for n_in, n_out in ((WIDTH + 1, WIDTH // 2), (WIDTH // 2, WIDTH // 4), (WIDTH // 4, WIDTH // 8)):
            layers += [nn.ConvTranspose2d(n_in, n_out, 5, 2, 2, 1), nn.BatchNorm2d(n_out, eps=BATCH_NORM_EPSILON)]
            layers += [nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(WIDTH // 8, 3, 5, 2, 2, 1), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        side = SIZE // 16
        noise = self.noise(latents).relu().reshape(-1, WIDTH, side, side)
        return self.layers(torch.cat([noise, self.label(self.embedding(labels)).reshape(-1, 1, side, side)], dim=1))


class Discriminator(nn.Module):
    """Images to the probability of real, and to logits of the classes."""

    def __init__(self) -> None:
        super().__init__()
        widths = [3, *(DISCRIMINATOR_WIDTH * 2**level for level in range(5))]
        layers: list[nn.Module] = []
        for stride, (n_in, n_out) in zip((1, 2, 2, 2, 2), itertools.pairwise(widths), strict=True):
            layers += [nn.Conv2d(n_in, n_out, 3, stride, 1), nn.BatchNorm2d(n_out, eps=BATCH_NORM_EPSILON)]
            layers += [nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.source = nn.Linear(widths[-1] * (SIZE // 16) ** 2, 1)
        self.label = nn.Linear(widths[-1] * (SIZE // 16) ** 2, N_CLASSES)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.layers(images)
        return self.source(features).sigmoid().squeeze(1), self.label(features)


def sources_step(generator: Generator, discriminator: Discriminator, batch: Batch) -> list[float]:
    """Take one step as the sources' train_on_batch does: real and fake images concatenated, then new fakes."""
    adam = {"lr": RATE, "betas": (0.5, 0.999), "eps": EPSILON}
    n_real = len(batch.labels)
    with torch.no_grad():
        fakes = generator(batch.latents, batch.fake_labels)
    real_or_fake = torch.tensor([1.0] * n_real + [0.0] * len(fakes))
    validity, classes = discriminator(torch.cat([batch.real_images, fakes]))
    source = functional.binary_cross_entropy(validity, real_or_fake)
    label = functional.cross_entropy(classes, torch.cat([batch.labels, batch.fake_labels]))
    optimiser = torch.optim.Adam(discriminator.parameters(), **adam)
    (source + label).backward()
    optimiser.step()

    fakes = generator(batch.generator_latents, batch.generator_labels)
    validity, classes = (part[n_real:] for part in discriminator(torch.cat([batch.real_images, fakes])))
    generator_source = functional.binary_cross_entropy(validity, torch.ones(len(validity)))
    generator_label = functional.cross_entropy(classes, batch.generator_labels)
    optimiser = torch.optim.Adam(generator.parameters(), **adam)
    (generator_source + generator_label).backward()
    optimiser.step()
    return [loss.item() for loss in (source, label, generator_source, generator_label)]


def settings(**changes: Any) -> presets.GanSettings:
    small = {"generator_width": WIDTH, "discriminator_width": DISCRIMINATOR_WIDTH, "latent_dim": LATENT_DIM}
    small |= {"batch_size": N_IMAGES, "dropout": 0.0}
    return dataclasses.replace(presets.PRESETS["covidgan_paper"], **small | changes)


@pytest.fixture
def batch() -> Batch:
    """Make a batch out of balance, whose fakes have other classes than its real images."""
    random = torch.Generator().manual_seed(0)
    images = torch.rand((N_IMAGES, 3, SIZE, SIZE), generator=random) * 2 - 1
    latents = [0.02 * torch.randn((N_IMAGES, LATENT_DIM), generator=random) for _ in range(2)]
    labels = [torch.tensor(labels) for labels in ([0, 0, 1, 0, 0, 0], [1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 1])]
    unused = torch.zeros(N_IMAGES, 0)
    return Batch(images, labels[0], latents[0], labels[1], latents[1], labels[2], unused, unused)


def weights(network: nn.Module) -> list[Tensor]:
    """Copy the parameters, without the biases that change nothing: BatchNorm takes away what a layer before it adds."""
    layers = [module for module in network.modules() if not list(module.children())]
    lost = {id(layer.bias) for layer, after in itertools.pairwise(layers) if isinstance(after, nn.BatchNorm2d)}
    return [parameter.detach().clone() for parameter in network.parameters() if id(parameter) not in lost]


def compare(batch: Batch, **changes: Any) -> tuple[list[float], list[float], list[float]]:
    """Take our step and the sources' from the same weights.

    Returns:
        Our losses, the sources', and for each parameter the distance of the two new values as a share of the step.
    """
    accelerator = Accelerator(cpu=True)
    gan = build(settings(**changes), N_CLASSES, SIZE, seed=0, accelerator=accelerator)
    pairs = [(gan.generator, Generator()), (gan.discriminator, Discriminator())]
    with torch.no_grad():
        for ours, theirs in pairs:
            for values, place in zip(ours.parameters(), theirs.parameters(), strict=True):
                place.copy_(values)
    before = [weight for _, theirs in pairs for weight in weights(theirs)]
    expected = sources_step(*(theirs for _, theirs in pairs), batch)
    losses = train_step(gan, batch, settings(**changes), 0, accelerator).tolist()
    found, wanted = ([weight for pair in pairs for weight in weights(pair[side])] for side in (0, 1))
    triples = zip(found, wanted, before, strict=True)
    return losses, expected, [((one - other).norm() / (other - old).norm()).item() for one, other, old in triples]


def test_a_step_is_the_sources(batch: Batch) -> None:
    losses, expected, distances = compare(batch)
    assert losses == pytest.approx(expected, rel=1e-5)
    # 16 of the generator and 19 of the discriminator
    assert len(distances) == 35
    assert max(distances) < 2e-3


@pytest.mark.parametrize(
    "change", [{"joint_batch": False}, {"separate_fakes": False}, {"batch_norm_epsilon": 1e-5}, {"adam_epsilon": 1e-4}]
)
def test_a_step_with_another_setting_is_another(change: dict[str, Any], batch: Batch) -> None:
    _, _, distances = compare(batch, **change)
    assert max(distances) > 0.05
