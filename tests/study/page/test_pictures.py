"""Pictures go into the page whole, and no figure disturbs another."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from chestgan.base import figure_style
from chestgan.base.errors import UserError
from chestgan.images import sheets
from chestgan.study.page import pictures


def read_tile(source: str) -> np.ndarray:
    kind, _, data = source.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_a_small_image_keeps_every_pixel():
    image = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    assert np.array_equal(read_tile(pictures.tile_source(image)), image)


def test_a_large_image_is_reduced():
    image = np.full((256, 200), 77, dtype=np.uint8)
    tile = read_tile(pictures.tile_source(image))
    assert tile.shape == (128, 100)
    assert set(tile.ravel()) == {77}


def drawn(path):
    figure = figure_style.new_figure(3, 2)
    figure.subplots().plot([0, 1], [0, 1], "o")
    figure_style.save(figure, path)


def test_names_of_a_figure_are_its_own(tmp_path):
    for name in ("one", "two"):
        drawn(tmp_path / f"{name}.svg")
    one = pictures.read_figure(tmp_path / "one.svg", "A < B", "caption", "what it shows")
    assert one.svg.startswith('<svg id="one" role="img"')
    assert '<title id="one-title">A &lt; B</title><desc id="one-desc">what it shows</desc>' in one.svg
    assert one.width == 288
    assert 'id="axes_1"' not in one.svg
    assert "url(#one-" in one.svg
    assert "xlink" not in one.svg
    assert "<metadata" not in one.svg
    two = pictures.read_figure(tmp_path / "two.svg", "A", "caption")
    assert '<desc id="two-desc">caption</desc>' in two.svg


@pytest.mark.parametrize("text", ["", "<svg></svg>", "no picture"])
def test_what_is_no_svg_is_refused(tmp_path, text):
    (tmp_path / "a.svg").write_text(text)
    with pytest.raises(UserError, match="isn't an SVG with a viewBox; run summarise_study again"):
        pictures.read_figure(tmp_path / "a.svg", "title", "caption")


def test_a_sheet_is_read_back_as_its_images(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 16, 16), dtype=np.uint8)
    sheets.save_sheet(images, tmp_path / "sheet.png")
    assert np.array_equal(pictures.read_sheet(tmp_path / "sheet.png", 16), images)
    with pytest.raises(UserError, match="isn't a sheet of images of 20 px"):
        pictures.read_sheet(tmp_path / "sheet.png", 20)
