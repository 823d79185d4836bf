"""The UNet of the diffusion model: shapes, sizes, and that noise and class reach every image."""

import pytest
import torch

from chestgan.base.errors import UserError
from chestgan.gan.networks import unet


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def awake(n_classes: int = 2, image_size: int = 32, width: int = 16, channels: int = 1) -> unet.Denoiser:
    """Build a network whose zeros, with which it begins, are other numbers."""
    torch.manual_seed(0)
    network = unet.Denoiser(n_classes, image_size, width, channels)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network


@pytest.mark.parametrize(("image_size", "channels", "n_classes"), [(32, 1, 2), (112, 3, 3), (64, 1, 1)])
def test_images_keep_their_shape(image_size: int, channels: int, n_classes: int) -> None:
    network = awake(n_classes, image_size, 16, channels)
    images = torch.randn(4, channels, image_size, image_size)
    found = network(images, torch.zeros(4), torch.arange(4) % n_classes)
    assert found.shape == images.shape
    assert found.std() > 0


def test_a_new_network_answers_zero() -> None:
    network = unet.Denoiser(2, 32, 16, 1)
    assert not network(torch.randn(2, 1, 32, 32), torch.zeros(2), torch.arange(2)).any()


def test_it_has_a_few_million_weights_at_64_px() -> None:
    assert 2e6 < count(unet.Denoiser(2, 64, 192, 1)) < 5e6


def test_noise_and_class_change_an_image_and_its_neighbours_do_not() -> None:
    network, images = awake(), torch.randn(1, 1, 32, 32).expand(4, -1, -1, -1)
    found = network(images, torch.tensor([0.0, 0.0, 0.5, 0.0]), torch.tensor([0, 1, 0, 0]))
    torch.testing.assert_close(found[3], found[0])
    assert not torch.allclose(found[1], found[0], atol=1e-3)
    assert not torch.allclose(found[2], found[0], atol=1e-3)


def test_every_pixel_sees_the_whole_image() -> None:
    images = torch.randn(1, 1, 64, 64, requires_grad=True)
    awake(image_size=64)(images, torch.zeros(1), torch.zeros(1, dtype=torch.int64))[0, 0, 0, 0].backward()
    assert images.grad[0, 0, -1, -1] != 0
    assert (images.grad != 0).all()


@pytest.mark.parametrize(("image_size", "levels"), [(32, 2), (48, 3), (64, 3), (112, 4), (128, 4), (256, 5), (1024, 7)])
def test_a_size_has_as_many_levels_as_it_is_halved(image_size: int, levels: int) -> None:
    assert unet.levels(image_size) == levels
    assert unet.check_size(image_size) is None


@pytest.mark.parametrize("image_size", [4, 33, 36, 72, 100])
def test_other_sizes_are_refused(image_size: int) -> None:
    with pytest.raises(UserError, match=f"image_size is {image_size}; expected 4 to 8 doubled several times"):
        unet.check_size(image_size)


def test_a_width_that_cannot_be_divided_is_refused() -> None:
    with pytest.raises(UserError, match="generator_width is 40; expected a multiple of 16 with architecture unet"):
        unet.check(40)
