"""Grey pictures go through windows and become square, and what shows nothing is refused."""

import pickle

import numpy as np
import pytest
from PIL import Image

from chestgan.data import grey
from chestgan.data.grey import Window
from chestgan.data.refusal import Refusal
from pictures import picture


def test_a_refusal_reaches_another_process_whole() -> None:
    sent = pickle.loads(pickle.dumps(Refusal("too small", "3 × 4 pixels")))
    assert (sent.reason, sent.detail, str(sent)) == ("too small", "3 × 4 pixels", "too small: 3 × 4 pixels")


def test_a_window_maps_linearly_and_tells_what_lies_beyond() -> None:
    levels, beyond = grey.through_window(np.array([-10, 0, 25, 50, 75, 100, 101]), Window(0, 100))
    assert levels.tolist() == [0, 0, 64, 128, 191, 255, 255]
    assert beyond.tolist() == [True, False, False, False, False, False, True]


def test_sizes_are_refused_before_pixels_are_read() -> None:
    grey.require_size(64, 900, 64)
    with pytest.raises(Refusal, match=r"^too small: 900 × 63 pixels"):
        grey.require_size(900, 63, 64)
    with pytest.raises(Refusal, match=r"^too large: 20000 × 20000 pixels"):
        grey.require_size(20_000, 20_000, 64)


def test_what_shows_nothing_is_refused() -> None:
    grey.require_contrast(np.array([[1, 2]], dtype=np.uint8))
    with pytest.raises(Refusal, match=r"^blank: every pixel is 7$"):
        grey.require_contrast(np.full((4, 4), 7, dtype=np.uint8))
    grey.require_inside(0.99, 0, 5, Window(4, 9))
    with pytest.raises(Refusal, match=r"^outside the window: values from 0 to 3, none between 4 and 9$"):
        grey.require_inside(1.0, 0, 3, Window(4, 9))


def test_colour_is_told_from_a_tint() -> None:
    rgb = np.full((4, 4, 3), 100, dtype=np.uint8)
    rgb[..., 0] += 40
    assert grey.coloured_share(rgb) == 0
    rgb[:2, :, 0] = 200
    assert grey.coloured_share(rgb) == 0.5


def test_padding_keeps_the_aspect_and_adds_black() -> None:
    square = grey.square(np.full((50, 100), 200, dtype=np.uint8), 40, "pad")
    assert square.shape == (40, 40)
    assert (square[10:30] == 200).all()
    assert not square[:10].any()
    assert not square[30:].any()


def test_cropping_keeps_the_centre() -> None:
    pixels = np.zeros((50, 100), dtype=np.uint8)
    pixels[:, 25:75] = 200
    assert (grey.square(pixels, 50, "crop") == 200).all()


def test_resizing_antialiases() -> None:
    stripes = np.tile(np.array([0, 200], dtype=np.uint8), (256, 128))
    square = grey.square(stripes, 32, "pad")
    assert np.abs(square[4:-4, 4:-4].astype(int) - 100).max() <= 2


@pytest.mark.parametrize(("size", "most"), [(256, 0), (383, 0), (1024, 10)])
def test_resizing_is_pillows_or_hardly_differs(size: int, most: int) -> None:
    pixels = picture(0, size, size)
    plain = np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.LANCZOS)).astype(int)
    for how in ("pad", "crop"):
        difference = np.abs(grey.square(pixels, 64, how) - plain)
        assert difference.max() <= most
        assert difference.mean() <= 0.1 * most


@pytest.mark.parametrize("how", ["pad", "crop"])
@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (17, 16), (5, 5)])
def test_any_shape_becomes_square(how: str, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert grey.square(pixels, 16, how).shape == (16, 16)
