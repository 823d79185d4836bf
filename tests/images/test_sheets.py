"""A sheet shows every image pixel by pixel, in its row and column."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chestgan.images import sheets


@pytest.fixture
def images() -> np.ndarray:
    """Draw 2 rows of 3 images, each higher than wide."""
    return np.random.default_rng(0).integers(0, 256, (2, 3, 5, 4), dtype=np.uint8)


def test_images_lie_side_by_side_with_a_white_gap() -> None:
    images = np.array([[[[1, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]], dtype=np.uint8)
    expected = [[1, 2, 255, 3, 4], [255] * 5, [5, 6, 255, 7, 8]]
    np.testing.assert_array_equal(sheets.sheet(images, gap=1), expected)


def test_without_a_gap_a_sheet_is_the_images_alone(images: np.ndarray) -> None:
    np.testing.assert_array_equal(sheets.sheet(images, gap=0), np.block([list(row) for row in images]))


def test_one_image_is_its_own_sheet(images: np.ndarray) -> None:
    np.testing.assert_array_equal(sheets.sheet(images[:1, :1]), images[0, 0])


def test_a_saved_sheet_is_what_pillow_pastes_together(images: np.ndarray, tmp_path: Path) -> None:
    sheets.save_sheet(images, tmp_path / "samples" / "sheet.png")
    expected = Image.new("L", (3 * 4 + 2 * 2, 2 * 5 + 2), 255)
    for row in range(2):
        for column in range(3):
            expected.paste(Image.fromarray(images[row, column]), (column * 6, row * 7))
    with Image.open(tmp_path / "samples" / "sheet.png") as saved:
        assert (saved.format, saved.mode, saved.size) == ("PNG", "L", (16, 12))
        np.testing.assert_array_equal(np.asarray(saved), np.asarray(expected))


def test_a_sheet_replaces_one_of_the_same_name(images: np.ndarray, tmp_path: Path) -> None:
    for shown in (images, images[:, :1]):
        sheets.save_sheet(shown, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as saved:
        assert saved.size == (4, 12)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
