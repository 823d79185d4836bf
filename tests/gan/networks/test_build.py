"""The networks are those that the settings name, and classes that are kept apart stay apart."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from chestgan.gan import presets
from chestgan.gan.conditioning import Logits
from chestgan.gan.networks import architectures
from chestgan.gan.networks.build import (
    PerClassDiscriminator,
    PerClassGenerator,
    build_discriminator,
    build_generator,
)

SETTINGS = dataclasses.replace(
    presets.PRESETS["covidgan"], generator_width=32, discriminator_width=4, latent_dim=8, dropout=0.0, latent_std=1.0
)
LABELS = torch.tensor([2, 0, 0, 2, 1, 2, 0])


def settings(**changes: Any) -> presets.GanSettings:
    return dataclasses.replace(SETTINGS, **changes)


class Counted(nn.Module):
    """A network that adds its place among its like to what it is given, and notes how much that was."""

    built = 0

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        assert n_classes == 1
        self.place = Counted.built
        Counted.built += 1
        self.seen: list[int] = []

    def forward(self, given: Tensor, labels: Tensor) -> Tensor:
        self.seen.append(len(given))
        assert (labels == self.place).all()
        return 100 * self.place + given


class Judge(Counted):
    def forward(self, given: Tensor, labels: Tensor) -> Logits:
        return Logits(super().forward(given, labels), None)


@pytest.fixture(autouse=True)
def none_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counted, "built", 0)


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
def test_the_networks_are_those_of_the_architecture(name: str) -> None:
    architecture = architectures.ARCHITECTURES[name]
    assert type(build_generator(settings(architecture=name), 2, 32)) is architecture.Generator
    assert type(build_discriminator(settings(architecture=name), 2, 32)) is architecture.Discriminator
    apart = settings(architecture=name, conditioning="per_class")
    for parts in (build_generator(apart, 3, 32).generators, build_discriminator(apart, 3, 32).discriminators):
        assert len(parts) == 3
        assert all(type(part).__module__ == architecture.__name__ for part in parts)


@pytest.mark.parametrize("build", [build_generator, build_discriminator])
@pytest.mark.parametrize("conditioning", ["ac", "per_class"])
def test_the_global_generator_decides_the_weights(build, conditioning: str) -> None:
    drawn = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        weights = build(settings(conditioning=conditioning), 2, 32).parameters()
        drawn.append(torch.cat([weight.flatten() for weight in weights]))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_classes_that_are_kept_apart_begin_with_weights_of_their_own(build) -> None:
    parts = next(build(settings(conditioning="per_class"), 2, 32).children())
    one, other = (next(part.parameters()) for part in parts)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_convolutions_lie_channels_last(build) -> None:
    kernels = [weight for weight in build(settings(channels=3), 2, 32).parameters() if weight.ndim == 4]
    assert len(kernels) >= 4
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in kernels)


def test_each_class_asks_its_own_generator_and_images_keep_their_order() -> None:
    generator = PerClassGenerator(Counted, 3)
    latents = torch.arange(7.0).view(7, 1)
    images = generator(latents, LABELS)
    assert images.flatten().tolist() == [200, 1, 2, 203, 104, 205, 6]
    assert [part.seen for part in generator.generators] == [[3], [1], [3]]


def test_each_class_asks_its_own_discriminator_and_logits_keep_their_order() -> None:
    discriminator = PerClassDiscriminator(Judge, 3)
    logits = discriminator(torch.arange(7.0), LABELS)
    assert logits.source_logits.tolist() == [200, 1, 2, 203, 104, 205, 6]
    assert logits.class_logits is None
    assert logits.features is None
    assert [part.seen for part in discriminator.discriminators] == [[3], [1], [3]]


def test_a_class_that_is_not_asked_for_computes_nothing() -> None:
    generator = PerClassGenerator(Counted, 2)
    assert generator(torch.zeros(3, 1), torch.ones(3, dtype=torch.int64)).flatten().tolist() == [100] * 3
    assert [part.seen for part in generator.generators] == [[], [3]]
    Counted.built = 0
    discriminator = PerClassDiscriminator(Judge, 2)
    assert discriminator(torch.zeros(3), torch.zeros(3, dtype=torch.int64)).source_logits.tolist() == [0] * 3
    assert [part.seen for part in discriminator.discriminators] == [[3], []]


@pytest.mark.parametrize("architecture", architectures.ARCHITECTURES)
def test_the_images_of_a_class_teach_its_generator_alone(architecture: str) -> None:
    generator = build_generator(settings(architecture=architecture, conditioning="per_class"), 2, 32)
    labels = torch.tensor([0, 1, 0, 1])
    generator(torch.randn(4, 8), labels)[labels == 1].square().sum().backward()
    taught = [[parameter.grad for parameter in part.parameters()] for part in generator.generators]
    assert all(grad is None or not grad.any() for grad in taught[0])
    assert all(grad is not None for grad in taught[1])
    assert any(grad.any() for grad in taught[1])


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("conditioning", ["ac", "per_class", "projection"])
def test_the_spectrum_is_normalised_where_it_was_asked_for(conditioning: str, asked: bool) -> None:
    gan = settings(conditioning=conditioning, spectral_norm=asked)
    layers = [m for m in build_discriminator(gan, 2, 32).modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert {nn.utils.parametrize.is_parametrized(layer, "weight") for layer in layers} == {asked}
    generator = build_generator(gan, 2, 32)
    assert not any(nn.utils.parametrize.is_parametrized(module) for module in generator.modules())


def test_a_normalised_layer_is_divided_by_its_largest_singular_value() -> None:
    gan = settings(architecture="residual", conditioning="projection", spectral_norm=True)
    layers = []
    for asked in (True, False):
        torch.manual_seed(0)
        layers.append(build_discriminator(dataclasses.replace(gan, spectral_norm=asked), 2, 32).head.source.weight)
    # a row is its own singular vector, so that one step of the power method is exact
    torch.testing.assert_close(layers[0], layers[1] / torch.linalg.matrix_norm(layers[1], 2))


def test_mixed_precision_ends_before_the_spectrum() -> None:
    layer = build_discriminator(settings(spectral_norm=True), 2, 32).head.source
    seen = []
    for module in layer.parametrizations.weight.modules():
        module.register_forward_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer.weight.dtype == torch.float32
    # the innermost module, which computes the singular value, is the first to end
    assert seen[0] is False
    assert seen[-1] is True


@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_glorots_first_weights_are_those_of_keras(build: Callable[..., nn.Module]) -> None:
    """Keras: layers uniform within the root of 6 / (inputs + outputs), each with its kernel; biases 0."""
    network = build(settings(initialisation="glorot"), 3, 32)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            ends = layer.weight[:, :, 0, 0].shape if layer.weight.ndim == 4 else layer.weight.shape
            bound = (6 / (sum(ends) * (layer.weight[0, 0].numel()))) ** 0.5
            assert 0.8 * bound < layer.weight.abs().max() <= bound
            assert layer.weight.mean().abs() < 0.2 * bound
            assert not layer.bias.any()
        elif isinstance(layer, nn.BatchNorm2d):
            assert (layer.weight == 1).all()
            assert not layer.bias.any()
        elif isinstance(layer, nn.Embedding):
            assert 0.04 < layer.weight.abs().max() <= 0.05


@pytest.mark.parametrize("architecture", architectures.ARCHITECTURES)
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_every_batch_norm_has_the_epsilon(build: Callable[..., nn.Module], architecture: str) -> None:
    network = build(settings(architecture=architecture, batch_norm_epsilon=1e-3, initialisation="glorot"), 3, 32)
    assert {module.eps for module in network.modules() if isinstance(module, nn.BatchNorm2d)} <= {1e-3}
