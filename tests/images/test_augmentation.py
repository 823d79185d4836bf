"""What the discriminator sees: images moved, recoloured and cut, by draws that decide everything."""

import pytest
import torch

from chestgan.images import augmentation

# brightness, contrast, down, right, top, left: draws that change no grey level and move nothing
STILL = (0.5, 0.5, 0.5, 0.5)
# the corner's pixel alone is left of the square, whose first row and column lie half a square outside
ASIDE = (0.0, 0.0)


def images(n_images: int = 4, size: int = 64, channels: int = 1) -> torch.Tensor:
    return torch.rand(n_images, channels, size, size, generator=torch.Generator().manual_seed(0)) * 1.8 - 0.9


def draws(*values: float, n_images: int = 4) -> torch.Tensor:
    return torch.tensor(values).expand(n_images, -1)


def is_outside(size: int = 64) -> torch.Tensor:
    """Say which pixels the square of `ASIDE` leaves: it shows a quarter of itself, and half a side is 9 of 19."""
    outside = torch.ones(size, size, dtype=torch.bool)
    outside[:10, :10] = False
    return outside


def test_draws_in_the_middle_change_nothing_but_the_square() -> None:
    before = images()
    after = augmentation.augment(before, draws(*STILL, *ASIDE))
    torch.testing.assert_close(after[..., is_outside()], before[..., is_outside()])
    assert not after[..., ~is_outside()].any()


@pytest.mark.parametrize(("draw", "shift"), [(0.0, -8), (0.5, 0), (0.999, 8)])
def test_images_move_by_up_to_an_eighth_and_black_comes_in(draw: float, shift: int) -> None:
    before = images()
    down = augmentation.augment(before, draws(0.5, 0.5, draw, 0.5, *ASIDE))
    right = augmentation.augment(before, draws(0.5, 0.5, 0.5, draw, *ASIDE))
    for after, axis in ((down, 2), (right, 3)):
        expected = before.roll(shift, axis)
        if shift:
            expected.narrow(axis, 0 if shift > 0 else 64 + shift, abs(shift)).fill_(-1)
        torch.testing.assert_close(after[..., is_outside()], expected[..., is_outside()])


@pytest.mark.parametrize(("draw", "offset"), [(0.0, -0.5), (0.75, 0.25)])
def test_brightness_adds_to_every_pixel(draw: float, offset: float) -> None:
    after = augmentation.augment(images(), draws(draw, *STILL[1:], *ASIDE))
    torch.testing.assert_close(after[..., is_outside()], images()[..., is_outside()] + offset)


@pytest.mark.parametrize(("draw", "factor"), [(0.0, 0.5), (0.75, 1.25)])
def test_contrast_scales_what_differs_from_the_mean(draw: float, factor: float) -> None:
    before = images(channels=3)
    after = augmentation.augment(before, draws(0.5, draw, 0.5, 0.5, *ASIDE))
    means = before.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(after[..., is_outside()], ((before - means) * factor + means)[..., is_outside()])


def test_the_square_covers_its_share_wherever_it_lies() -> None:
    random = torch.Generator().manual_seed(0)
    several = augmentation.random_numbers(200, random)
    several[:, :4] = 0.5
    cut = augmentation.augment(torch.ones(200, 1, 64, 64), several).eq(0).squeeze(1)
    heights, widths = cut.any(2).sum(1), cut.any(1).sum(1)
    assert torch.equal(cut.sum((1, 2)), heights * widths)
    assert heights.max() == widths.max() == 19
    assert heights.min() >= 9
    # every pixel is covered now and then
    assert cut.any(0).all()


def test_images_of_a_classifier_change_by_two_fifths_of_that() -> None:
    before = images()
    for at, expected in ((0.0, before - 0.2), (0.5, before), (1.0, before + 0.2)):
        torch.testing.assert_close(augmentation.augment_gently(before, draws(at, 0.5, 0.5, 0.5, 0.5, 0.5)), expected)
    means = before.mean((1, 2, 3), keepdim=True)
    for at, factor in ((0.0, 0.8), (1.0, 1.2)):
        expected = (before - means) * factor + means
        torch.testing.assert_close(augmentation.augment_gently(before, draws(0.5, at, *STILL[2:], 0.5, 0.5)), expected)
    for at, shift in ((0.0, -3), (0.999, 3)):
        expected = before.roll(shift, 2)
        expected.narrow(2, 0 if shift > 0 else 64 + shift, abs(shift)).fill_(-1)
        after = augmentation.augment_gently(before, draws(0.5, 0.5, at, 0.5, 0.5, 0.5))
        torch.testing.assert_close(after, expected)


def test_draws_differ_by_image_and_are_those_of_the_generator() -> None:
    drawn, again = (augmentation.random_numbers(8, torch.Generator().manual_seed(3)) for _ in range(2))
    assert drawn.shape == (8, augmentation.N_NUMBERS)
    assert torch.equal(drawn, again)
    assert len(drawn.unique()) == drawn.numel()
    assert drawn.min() >= 0
    assert drawn.max() < 1


def test_nothing_is_mirrored_or_turned() -> None:
    # brighter to the right and downwards, as it stays under every move
    ramp = (torch.arange(64.0).view(1, -1) + 2 * torch.arange(64.0).view(-1, 1)) / 200 - 0.5
    several = augmentation.random_numbers(50, torch.Generator().manual_seed(1))
    after = augmentation.augment(ramp.expand(50, 1, 64, 64), several).squeeze(1)[:, 8:-8, 8:-8]
    # the median step is within the image, whatever the square's edges do
    assert (after.diff(dim=2).median(2).values.median(1).values > 0).all()
    assert (after.diff(dim=1).median(2).values.median(1).values > 0).all()


def test_the_gradient_passes_through() -> None:
    several = augmentation.random_numbers(2, torch.Generator().manual_seed(2)).double()
    small = images(2, 8).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda pixels: augmentation.augment(pixels, several), (small,))
