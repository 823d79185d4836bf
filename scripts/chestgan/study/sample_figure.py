"""The figure of samples: generated images beside real ones."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from chestgan.base import figure_style
from chestgan.images.sheets import sheet
from chestgan.study import figure_parts

# in pixels
_SMALLEST_IMAGE, _WIDEST_LINE, _GAP, _MARGIN, _TEXT = 64, 1400, 2, 12, 24


class Block(NamedTuple):
    """Images of one origin: (classes, columns, H, W) uint8."""

    title: str
    images: np.ndarray


def samples(blocks: Sequence[Block], classes: Sequence[str], title: str) -> Figure:
    """Lay blocks of images side by side, one row per class; a pixel of an image is a square of whole pixels."""
    *_, height, width = blocks[0].images.shape
    scale = math.ceil(_SMALLEST_IMAGE / width)
    pictures = [sheet(block.images.repeat(scale, axis=2).repeat(scale, axis=3), _GAP) for block in blocks]
    high, wide = pictures[0].shape
    margin = _MARGIN + 8 * max(map(len, classes))
    a_line = max(1, min(len(blocks), _WIDEST_LINE // (wide + _MARGIN)))
    figure = figure_style.new_figure(1, 1)
    figure.set_layout_engine("none")
    figure.set_figwidth((margin + a_line * (wide + _MARGIN)) / figure.dpi)
    title = figure_parts.wrapped(title, figure)
    head = _MARGIN + _TEXT * (title.count("\n") + 2)
    n_lines = math.ceil(len(blocks) / a_line)
    figure.set_figheight((head + n_lines * (high + _MARGIN + _TEXT) - _TEXT) / figure.dpi)
    size = figure.get_size_inches() * figure.dpi
    figure.text(_MARGIN / size[0], 1 - _MARGIN / size[1], title, va="top", fontsize=10)
    for place, (block, picture) in enumerate(zip(blocks, pictures, strict=True)):
        left = margin + place % a_line * (wide + _MARGIN)
        top = head + place // a_line * (high + _MARGIN + _TEXT)
        axes = figure.add_axes((left / size[0], 1 - (top + high) / size[1], wide / size[0], high / size[1]))
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        figure.text(left / size[0], 1 - (top - 5) / size[1], block.title, va="bottom", fontsize=9)
        for row, label in enumerate(classes if place % a_line == 0 else ()):
            middle = top + row * (height * scale + _GAP) + height * scale / 2
            figure.text((left - 6) / size[0], 1 - middle / size[1], label, ha="right", va="center", fontsize=8)
    return figure
