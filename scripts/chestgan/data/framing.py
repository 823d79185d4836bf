"""Small copies of pictures to compare them by, without the bars that frame them, and the same copies framed anew."""

import numpy as np
from PIL import Image

THUMBNAIL_SIZE = 64
_SIDE = 128
# a line is part of a bar if all but a few of its pixels lie within so many grey levels; JPEG makes black uneven
_PLAIN_LEVELS = 12
_ODD_PIXELS = 6
_LEAST_CONTENT = _SIDE // 4


def thumbnail(grey: np.ndarray) -> np.ndarray:
    """Make a small square copy of what an (H, W) uint8 image shows inside its bars, whatever its size and aspect."""
    height, width = grey.shape
    left, top, right, bottom = content_box(grey)
    enough = min(right - left, bottom - top) >= THUMBNAIL_SIZE
    resampling = Image.Resampling.BOX if enough else Image.Resampling.BILINEAR
    size, box = (THUMBNAIL_SIZE, THUMBNAIL_SIZE), (left, top, min(right, width), min(bottom, height))
    return np.asarray(Image.fromarray(grey).resize(size, resampling, box=box))


def content_box(grey: np.ndarray) -> tuple[float, float, float, float]:
    """Find what lies inside bars of one colour: left, top, right and bottom in pixels; all, where little would stay."""
    height, width = grey.shape
    small = np.asarray(Image.fromarray(grey).resize((_SIDE, _SIDE), Image.Resampling.BOX)).astype(np.int16)
    top, bottom = _content(small)
    left, right = _content(small.T)
    return left * width / _SIDE, top * height / _SIDE, right * width / _SIDE, bottom * height / _SIDE


def warp(images: np.ndarray, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sample images where affine maps lead, between the pixels.

    Args:
        images: (N, S, S) float32.
        maps: (N, 2, 3) float32: from a place (x, y, 1) of the result to that of the image; both sides go from -1 to 1.

    Returns:
        (N, S * S) float32, and (N, S * S) bool: which places lie inside the image.
    """
    size = images.shape[1]
    places = maps @ grid(size)
    column, row = ((places + 1) * (size / 2) - 0.5).transpose(1, 0, 2)
    inside = (column >= -0.5) & (column <= size - 0.5) & (row >= -0.5) & (row <= size - 0.5)
    np.clip(column, 0, size - 1.001, out=column)
    np.clip(row, 0, size - 1.001, out=row)
    whole_column, whole_row = column.astype(np.int64), row.astype(np.int64)
    column, row = column - whole_column, row - whole_row
    corner = np.arange(len(images))[:, None] * size**2 + whole_row * size + whole_column
    pixels = images.reshape(-1)
    upper_left, upper_right = pixels[corner], pixels[corner + 1]
    lower_left, lower_right = pixels[corner + size], pixels[corner + size + 1]
    upper = upper_left + (upper_right - upper_left) * column
    lower = lower_left + (lower_right - lower_left) * column
    return (upper + (lower - upper) * row).astype(np.float32), inside


def grid(size: int) -> np.ndarray:
    """Return the places of all pixels of a square as (x, y, 1): (3, size * size) float32, sides from -1 to 1."""
    centres = (np.arange(size) + 0.5) * 2 / size - 1
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.ones(size * size)]).astype(np.float32)


def closer(thumbnails: np.ndarray, share: float, x: float = 0, y: float = 0, degrees: float = 0) -> np.ndarray:
    """Frame thumbnails more closely.

    Args:
        thumbnails: (N, S, S) uint8.
        share: of each side, what stays in the frame.
        x: where the frame lies, from -1, at the left edge, to 1.
        y: likewise from the top to the bottom.
        degrees: by how much the picture is turned.
    """
    angle = np.deg2rad(degrees)
    cosine, sine, free = share * np.cos(angle), share * np.sin(angle), 1 - share
    one = np.array([[cosine, -sine, x * free], [sine, cosine, y * free]], dtype=np.float32)
    maps = np.broadcast_to(one, (len(thumbnails), 2, 3))
    return warp(thumbnails.astype(np.float32), maps)[0].reshape(thumbnails.shape)


def smoothing(size: int, sigma: float) -> np.ndarray:
    """Make the matrix that smooths a line by a Gaussian, repeating its ends: (size, size) float32, rows of sum 1."""
    places = np.arange(size)
    reach = int(3 * sigma) + 1
    beyond = np.arange(-reach, size + reach)
    weights = np.exp(-((places[:, None] - beyond) ** 2) / (2 * sigma**2))
    matrix = np.zeros((size, size))
    np.add.at(matrix.T, np.clip(beyond, 0, size - 1), weights.T)
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)


def normalise(pixels: np.ndarray, sigma: float, noise: float = 6) -> np.ndarray:
    """Take brightness and contrast out of images, at every place by those of its surroundings.

    Args:
        pixels: (N, S, S) grey levels.
        sigma: of the Gaussian that is a place's surroundings, in pixels.
        noise: deviation in grey levels below which contrast isn't raised.
    """
    blur = smoothing(pixels.shape[1], sigma)
    pixels = pixels.astype(np.float32)
    detail = pixels - blur @ pixels @ blur.T
    return detail / np.sqrt(blur @ detail**2 @ blur.T + noise**2)


def _content(lines: np.ndarray) -> tuple[int, int]:
    """Find the first and the last line that isn't of one colour, the last exclusive."""
    ordered = np.sort(lines, axis=1)
    plain = ordered[:, -1 - _ODD_PIXELS] - ordered[:, _ODD_PIXELS] < _PLAIN_LEVELS
    content = np.flatnonzero(~plain)
    if not len(content) or content[-1] + 1 - content[0] < _LEAST_CONTENT:
        return 0, len(lines)
    return int(content[0]), int(content[-1]) + 1
