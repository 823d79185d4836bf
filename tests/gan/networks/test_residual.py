"""The residual networks: their sizes, what decides their outputs, and what they cost."""

import dataclasses

import pytest
import torch
from torch.nn import functional

from chestgan.base.errors import UserError
from chestgan.gan import presets
from chestgan.gan.networks import residual
from chestgan.gan.networks.build import build_discriminator, build_generator

STRONG = presets.PRESETS["strong"]


def strong(**changes) -> presets.GanSettings:
    return dataclasses.replace(STRONG, **{"generator_width": 24, "discriminator_width": 4} | changes)


@pytest.mark.parametrize(
    ("image_size", "times"), [(32, 3), (40, 3), (56, 3), (64, 4), (96, 4), (112, 4), (128, 5), (224, 5), (256, 6)]
)
def test_a_size_is_a_small_map_doubled(image_size: int, times: int) -> None:
    assert residual.doublings(image_size) == times
    assert image_size / 2**times in (4, 5, 6, 7)


@pytest.mark.parametrize("image_size", [0, 28, 36, 72, 100, 144, 255])
def test_other_sizes_are_refused(image_size: int) -> None:
    with pytest.raises(UserError, match=f"image_size is {image_size}; expected 4, 5, 6, 7 doubled at least 3 times"):
        residual.check_size(image_size)


@pytest.mark.parametrize("image_size", [64, 112, 128, 256])
def test_sizes_in_use_have_the_widths_of_their_resolution(image_size: int) -> None:
    generator = build_generator(STRONG, 2, image_size)
    discriminator = build_discriminator(STRONG, 2, image_size)
    widths = [block.convolve2.out_channels for block in generator.blocks]
    assert widths[-4:] == [128, 64, 32, 16]
    assert set(widths[:-4]) <= {192}
    widths = [block.convolve2.out_channels for block in discriminator.blocks]
    assert widths[:4] == [24, 48, 96, 192]
    assert set(widths[4:]) <= {192}


def test_strong_is_small() -> None:
    count = lambda network: sum(parameter.numel() for parameter in network.parameters())  # noqa: E731
    assert count(build_generator(STRONG, 2, 64)) < 1.2e6
    assert count(build_discriminator(STRONG, 2, 64)) < 1.7e6
    # larger images are drawn by more blocks, not by wider ones
    assert count(build_generator(STRONG, 2, 256)) < 3e6
    assert count(build_discriminator(STRONG, 2, 256)) < 4e6


def test_latent_and_label_decide_what_is_drawn() -> None:
    torch.manual_seed(0)
    generator = build_generator(strong(), 2, 32).eval()
    first, second = torch.randn(2, 1, STRONG.latent_dim)
    label = torch.tensor([0])
    image = generator(first, label)
    assert torch.equal(generator(first, label), image)
    assert not torch.equal(generator(second, label), image)
    assert not torch.equal(generator(first, label + 1), image)


def test_a_block_hears_the_conditions() -> None:
    torch.manual_seed(0)
    normalise = residual.ConditionalBatchNorm(3, 5)
    features, conditions = torch.randn(8, 3, 4, 4), torch.randn(8, 5)
    weights = normalise.affine(conditions)
    expected = functional.batch_norm(features, None, None, training=True)
    expected = expected * (1 + weights[:, :3, None, None]) + weights[:, 3:, None, None]
    torch.testing.assert_close(normalise(features, conditions), expected)


def test_the_discriminator_sees_whether_a_batch_is_one_image_again_and_again() -> None:
    torch.manual_seed(0)
    discriminator = build_discriminator(strong(), 2, 32).eval()
    images, labels = torch.randn(8, 1, 32, 32), torch.zeros(8, dtype=torch.int64)
    among_others = discriminator(images, labels).source_logits[0]
    among_its_own = discriminator(images[:1].expand(8, -1, -1, -1), labels).source_logits
    torch.testing.assert_close(among_its_own, among_its_own[:1].expand(8))
    assert abs(among_others - among_its_own[0]) > 1e-6


def test_the_gradient_of_equal_images_is_finite() -> None:
    images = torch.zeros(4, 1, 32, 32, requires_grad=True)
    discriminator = build_discriminator(strong(), 2, 32)
    discriminator(images, torch.zeros(4, dtype=torch.int64)).source_logits.sum().backward()
    assert images.grad.isfinite().all()


def test_every_pixel_counts_about_alike_in_the_first_block() -> None:
    block = residual.DownBlock(1, 4, activate=False)
    torch.nn.init.ones_(block.convolve2.weight)
    for part in (block.convolve1, block.shortcut):
        torch.nn.init.zeros_(part.weight)
    torch.nn.init.ones_(block.convolve1.bias)
    inner = torch.ones(1, 4, 16, 16, requires_grad=True)
    block.convolve2(inner).sum().backward()
    assert inner.grad[..., 1:-1, 1:-1].unique().numel() == 1


def test_bf16_stays_inside() -> None:
    torch.manual_seed(0)
    generator, discriminator = build_generator(strong(), 2, 32), build_discriminator(strong(), 2, 32)
    labels = torch.arange(4) % 2
    with torch.autocast("cpu", dtype=torch.bfloat16):
        images = generator(torch.randn(4, STRONG.latent_dim), labels)
        logits = discriminator(images, labels)
    assert images.dtype == logits.source_logits.dtype == logits.class_logits.dtype == torch.float32
    # more values than bf16 has between 0.5 and 1
    assert len(images.unique()) > 1000
