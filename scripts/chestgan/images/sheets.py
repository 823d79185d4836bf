"""Sheets: many images laid out as one lossless picture."""

from pathlib import Path

import numpy as np
from PIL import Image

from chestgan.base import files


def sheet(images: np.ndarray, gap: int = 2) -> np.ndarray:
    """Lay (rows, columns, H, W) uint8 images out as one (H', W') uint8 picture with white gaps between them."""
    rows, columns, height, width = images.shape
    picture = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), 255, dtype=np.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = row * (height + gap), column * (width + gap)
            picture[top : top + height, left : left + width] = images[row, column]
    return picture


def save_sheet(images: np.ndarray, path: Path) -> None:
    """Write (rows, columns, H, W) uint8 images as one PNG."""
    with files.new_file(path) as partial:
        Image.fromarray(sheet(images)).save(partial, format="png")
