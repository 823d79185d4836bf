"""Bars are trimmed, and a picture is sampled where a map leads."""

import numpy as np
import pytest

from chestgan.data import framing
from pictures import picture


@pytest.mark.parametrize("grey_level", [0, 255])
def test_bars_are_trimmed(grey_level: int) -> None:
    framed = np.full((120, 200), grey_level, dtype=np.uint8)
    framed[15:105, 40:180] = picture(0, 140, 90)
    left, top, right, bottom = framing.content_box(framed)
    assert np.abs(np.array([left, top, right, bottom]) - [40, 15, 180, 105]).max() <= 2


@pytest.mark.parametrize("image", [np.full((50, 70), 9, np.uint8), picture(1, 70, 50)], ids=["flat", "full"])
def test_a_picture_without_bars_stays_whole(image: np.ndarray) -> None:
    assert framing.content_box(image) == (0, 0, 70, 50)
    assert framing.thumbnail(image).shape == (64, 64)


def test_little_in_wide_bars_is_not_taken_for_the_picture() -> None:
    dot = np.zeros((128, 128), dtype=np.uint8)
    dot[60:70, 60:70] = picture(0, 10, 10)
    assert framing.content_box(dot) == (0, 0, 128, 128)


def test_the_map_that_moves_nothing_gives_the_image() -> None:
    image = picture(0, 32, 32).astype(np.float32)[None]
    warped, inside = framing.warp(image, np.eye(2, 3, dtype=np.float32)[None])
    np.testing.assert_allclose(warped.reshape(32, 32), image[0], atol=0.2)
    assert inside.all()


def test_half_of_an_image_moved_by_half_its_side_is_inside() -> None:
    image = picture(0, 32, 32).astype(np.float32)[None]
    warped, inside = framing.warp(image, np.array([[[1, 0, 1], [0, 1, 0]]], dtype=np.float32))
    assert inside.reshape(32, 32)[:, :16].all()
    assert not inside.reshape(32, 32)[:, 16:].any()
    np.testing.assert_allclose(warped.reshape(32, 32)[:, :16], image[0, :, 16:], atol=0.2)


def test_a_closer_frame_shows_the_part_that_was_asked_for() -> None:
    # a ramp from left to right: half of it from the right edge begins in the middle
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (1, 64, 1))
    closer = framing.closer(ramp, 0.5, x=1)
    np.testing.assert_allclose(closer[0, 0], np.linspace(127, 253, 64), atol=1.5)


def test_normalised_images_forget_brightness_and_contrast() -> None:
    pixels = picture(0, 64, 64).astype(np.float32)[None]
    changed = pixels * 0.5 + 40
    one, other = (framing.normalise(some, sigma=6, noise=0) for some in (pixels, changed))
    np.testing.assert_allclose(one, other, atol=1e-2)


def test_smoothing_keeps_what_is_even() -> None:
    np.testing.assert_allclose(framing.smoothing(20, 3) @ np.ones(20), 1, rtol=1e-6)
