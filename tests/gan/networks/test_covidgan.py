"""The networks' shapes, ranges and separation of classes."""

import dataclasses
import itertools

import pytest
import torch
from torch import nn

from chestgan.base.errors import UserError
from chestgan.gan import losses, presets
from chestgan.gan.conditioning import CONDITIONINGS
from chestgan.gan.losses import Objective
from chestgan.gan.networks import covidgan
from chestgan.gan.networks.build import build_discriminator, build_generator

GANS = [name for name, settings in presets.PRESETS.items() if settings.kind == "gan"]
SMALL = {"generator_width": 64, "discriminator_width": 8}


def small(preset: str, **changes) -> presets.GanSettings:
    return dataclasses.replace(presets.PRESETS[preset], **SMALL | changes)


@pytest.mark.parametrize("preset", GANS)
@pytest.mark.parametrize(("image_size", "channels", "n_classes"), [(32, 1, 2), (64, 3, 2), (112, 1, 3)])
def test_shapes_and_ranges(preset: str, image_size: int, channels: int, n_classes: int) -> None:
    gan = small(preset, channels=channels)
    generator = build_generator(gan, n_classes, image_size)
    discriminator = build_discriminator(gan, n_classes, image_size)
    labels = torch.arange(2 * n_classes) % n_classes
    images = generator(torch.randn(2 * n_classes, gan.latent_dim), labels)
    assert images.shape == (2 * n_classes, channels, image_size, image_size)
    assert images.abs().max() <= 1
    source_logits, class_logits, _ = discriminator(images, labels)
    assert source_logits.shape == (2 * n_classes,)
    outputs = CONDITIONINGS[gan.conditioning].outputs
    assert (None if class_logits is None else class_logits.shape) == (
        (2 * n_classes, outputs * n_classes) if outputs else None
    )


def test_covidgan_has_the_size_of_the_paper() -> None:
    gan = dataclasses.replace(presets.PRESETS["covidgan"], channels=3)
    count = lambda network: sum(parameter.numel() for parameter in network.parameters())  # noqa: E731
    # about 22 million and 2 million in the paper; 5 × 5 kernels of 1025 to 512 channels alone are 13 million
    assert 20e6 < count(build_generator(gan, 2, 112)) < 24e6
    assert 1.5e6 < count(build_discriminator(gan, 2, 112)) < 2.5e6


def convolution(n_in: int, n_out: int, side: int) -> int:
    """Count the weights and biases of a convolution, transposed or not."""
    return n_in * n_out * side**2 + n_out


def dense(n_in: int, n_out: int) -> int:
    return n_in * n_out + n_out


def counted(network: nn.Module, *kinds: type) -> list[int]:
    """Count the parameters of the layers of some kinds, in their order."""
    layers = [module for module in network.modules() if isinstance(module, kinds)]
    return [sum(parameter.numel() for parameter in layer.parameters()) for layer in layers]


def test_every_layer_has_the_weights_of_the_sources_code() -> None:
    """docs/covidgan.md: two classes, 112 pixels, three channels; only the embedding of the label is another."""
    settings = presets.PRESETS["covidgan_paper"]
    generator, discriminator = (build(settings, 2, 112) for build in (build_generator, build_discriminator))
    widths = [1024 + 1, 512, 256, 128, 3]
    pairs = list(itertools.pairwise(widths))
    assert counted(generator, nn.ConvTranspose2d) == [convolution(*pair, 5) for pair in pairs]
    assert counted(generator, nn.BatchNorm2d) == [2 * width for width in widths[1:-1]]
    latent, label = counted(generator, nn.Linear)
    assert latent == dense(100, 7 * 7 * 1024) == 5_067_776
    # the sources have an embedding of 50 labels in one number, and a dense layer from it: 50 + 98
    assert [*counted(generator, nn.Embedding), label] == [2 * 50, dense(50, 49)]
    widths = [3, 32, 64, 128, 256, 512]
    assert counted(discriminator, nn.Conv2d) == [convolution(*pair, 3) for pair in itertools.pairwise(widths)]
    assert counted(discriminator, nn.BatchNorm2d) == [2 * width for width in widths[1:]]
    assert counted(discriminator, nn.Linear) == [dense(7 * 7 * 512, 1), dense(7 * 7 * 512, 2)]
    assert [layer.stride for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)] == [(1, 1)] + 4 * [
        (2, 2)
    ]
    totals = [sum(parameter.numel() for parameter in network.parameters()) for network in (generator, discriminator)]
    assert totals == [22_298_666, 1_645_827]


@pytest.mark.parametrize("image_size", [0, 16, 28, 100, 224 + 8])
def test_sizes_that_cannot_be_made_are_refused(image_size: int) -> None:
    with pytest.raises(UserError, match=f"image_size is {image_size}"):
        build_generator(small("covidgan"), 2, image_size)


@pytest.mark.parametrize("architecture", ["covidgan", "residual"])
@pytest.mark.parametrize("conditioning", ["per_class", "ac", "adc", "d2dce", "projection"])
def test_every_conditioning_goes_with_every_architecture(architecture: str, conditioning: str) -> None:
    torch.manual_seed(0)
    gan = small("covidgan", architecture=architecture, conditioning=conditioning, dropout=0.0)
    labels = torch.arange(8) % 2
    images = build_generator(gan, 2, 32)(torch.randn(8, gan.latent_dim), labels)
    discriminator = build_discriminator(gan, 2, 32)
    objective = Objective("hinge", conditioning, 0.5)
    real, fake = (discriminator(shown, labels) for shown in (images.flip(0), images))
    sum(losses.discriminator_loss(real, labels, fake, labels, objective)).backward()
    assert all(parameter.grad is not None for parameter in discriminator.parameters())


@pytest.mark.parametrize("architecture", ["covidgan", "residual"])
def test_spectral_norm_bounds_every_layer_of_the_discriminator(architecture: str) -> None:
    torch.manual_seed(0)
    gan = small("covidgan", architecture=architecture, dropout=0.0, spectral_norm=True)
    discriminator = build_discriminator(gan, 2, 32)
    images, labels = torch.randn(4, 1, 32, 32), torch.arange(4) % 2
    for _ in range(50):
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            discriminator(images, labels)
    weights = [module.weight for module in discriminator.eval().modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(weights) >= 7
    for weight in weights:
        assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1.0, abs=0.02)


def test_dcgan_keeps_classes_apart() -> None:
    torch.manual_seed(0)
    gan = small("dcgan")
    generator = build_generator(gan, 2, 32).eval()
    discriminator = build_discriminator(gan, 2, 32)
    latents, labels = torch.randn(6, gan.latent_dim), torch.tensor([0, 1, 1, 0, 0, 1])
    images = generator(latents, labels)
    for label in (0, 1):
        alone = generator.generators[label](latents[labels == label], labels[labels == label])
        torch.testing.assert_close(images[labels == label], alone)
    discriminator(images, labels).source_logits[labels == 0].sum().backward()
    grads = [[p.grad for p in part.parameters()] for part in discriminator.discriminators]
    assert all(grad is not None for grad in grads[0])
    assert all(grad is None or not grad.any() for grad in grads[1])


def test_label_changes_what_covidgan_draws() -> None:
    torch.manual_seed(0)
    gan = small("covidgan", latent_std=1.0)
    generator = build_generator(gan, 2, 32).eval()
    latents = torch.randn(1, gan.latent_dim)
    assert not torch.equal(generator(latents, torch.tensor([0])), generator(latents, torch.tensor([1])))


@pytest.mark.parametrize("side", [1, 2, 7, 8, 9])
def test_doubling_side_by_side_is_the_transposed_convolution(side: int) -> None:
    doubling = covidgan.Doubling(3, 5).to(torch.bfloat16)
    # whole numbers, of which bf16 rounds few
    features = torch.randint(-4, 5, (4, 3, side, side)).to(torch.bfloat16).requires_grad_()
    with torch.no_grad():
        doubling.weight.copy_(torch.randint(-4, 5, doubling.weight.shape))
    expected = nn.ConvTranspose2d.forward(doubling, features)
    doubled = doubling(features)
    torch.testing.assert_close(doubled, expected)
    gradient = torch.randint(-4, 5, doubled.shape).to(torch.bfloat16)
    sides = [features, *doubling.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(doubled, sides, gradient), torch.autograd.grad(expected, sides, gradient)
    )


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_dropout_drops_its_share_and_keeps_the_mean(share: float) -> None:
    torch.manual_seed(0)
    features = torch.ones(4, 16, 33, 35).contiguous(memory_format=torch.channels_last)
    dropped = covidgan.Dropout(share)(features)
    assert dropped.unique().tolist() == [0.0, pytest.approx(1 / (1 - share))]
    # three standard errors of 73,920 draws
    assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=3 * 0.5 / 73920**0.5)
    for axis in range(4):
        halves = dropped.narrow(axis, 0, 2).ne(dropped.narrow(axis, 2, 2)).float().mean().item()
        assert halves == pytest.approx(2 * share * (1 - share), abs=0.05)
    assert torch.equal(covidgan.Dropout(share).eval()(features), features)
