"""Grey pictures as 8 bits: what a file is read into, through which window, and how it becomes square."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from chestgan.data.refusal import Refusal

# No radiograph has as many; the largest detectors have a fifth. Beyond it a small file could fill the memory.
MAX_PIXELS = 150_000_000
# An image of six times the size and more is first made smaller by means of whole squares of pixels: a quarter of the
# time, for grey levels that differ by 0.2 on the average.
_REDUCING_GAP = 3.0
_COLOUR_DIFFERENCE = 48


@dataclass(frozen=True)
class Window:
    """The values of an image of more than 8 bits that become black and white; what lies beyond becomes that too."""

    low: float
    high: float


@dataclass(frozen=True)
class Decoded:
    """A grey image and what its file held.

    Attributes:
        grey: (H, W) uint8, upright; of a huge JPEG a half, a quarter or an eighth of the size.
        width: the file's own width in pixels once upright; `height` likewise.
        mode: the file's own kind of pixels: Pillow's name of it, DICOM's photometric interpretation with the bits, or
            the number type of NIfTI.
        coloured: the share of pixels that are clearly no grey: marks, or a picture that is no radiograph.
        outside_window: the share of pixels beyond the window that was set; None where none was used.
    """

    grey: np.ndarray
    width: int
    height: int
    mode: str
    coloured: float
    outside_window: float | None = None


def require_size(width: int, height: int, min_size: int) -> None:
    """Refuse a picture for its size, before its pixels are read."""
    if min(width, height) < min_size:
        raise Refusal("too small", f"{width} × {height} pixels; the shorter side has to have {min_size}")
    if width * height > MAX_PIXELS:
        raise Refusal("too large", f"{width} × {height} pixels; at most {MAX_PIXELS:,} are decoded")


def require_contrast(grey: np.ndarray) -> None:
    """Refuse a picture of a single grey level."""
    if grey.min() == grey.max():
        raise Refusal("blank", f"every pixel is {grey.min()}")


def through_window(values: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Map values to grey: (...) uint8, and whether each lies beyond the window, (...) bool."""
    scaled = (values.astype(np.float64) - window.low) / (window.high - window.low)
    return np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8), (scaled < 0) | (scaled > 1)


def no_window(least: float, most: float) -> Refusal:
    """Describe an image of more than 8 bits for which no window was set."""
    found = f"values from {least:g} to {most:g}"
    return Refusal("16-bit without a window", f"{found}; say with --window-low and --window-high what to show")


def require_inside(outside: float, least: float, most: float, window: Window) -> None:
    """Refuse an image of which the window shows nothing.

    Args:
        outside: the share of pixels beyond the window.
        least: the least value of a pixel; `most` likewise.
    """
    if outside == 1:
        found = f"values from {least:g} to {most:g}"
        raise Refusal("outside the window", f"{found}, none between {window.low:g} and {window.high:g}")


def coloured_share(rgb: np.ndarray) -> float:
    """Compute the share of pixels whose channels differ by more than a scan's tint or a JPEG's error.

    Args:
        rgb: (H, W, 3) uint8.
    """
    every_second = rgb[::2, ::2]
    return float(np.mean(np.ptp(every_second, axis=2) > _COLOUR_DIFFERENCE))


def square(grey: np.ndarray, image_size: int, how: str) -> np.ndarray:
    """Make a grey image square and resize it with an antialiasing filter.

    Args:
        grey: (H, W) uint8.
        how: `pad` keeps all and adds black at two sides; `crop` keeps the centre.

    Returns:
        (image_size, image_size) uint8.
    """
    height, width = grey.shape
    image = Image.fromarray(grey)
    if how == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        return np.asarray(_resized(image, (image_size, image_size), box))
    scale = image_size / max(width, height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    padded = np.zeros((image_size, image_size), dtype=np.uint8)
    left, top = (image_size - inner[0]) // 2, (image_size - inner[1]) // 2
    padded[top : top + inner[1], left : left + inner[0]] = _resized(image, inner)
    return padded


def _resized(image: Image.Image, size: tuple[int, int], box: tuple[float, ...] | None = None) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=_REDUCING_GAP)
