"""PNG, JPEG, TIFF and BMP as grey pixels, by Pillow."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from chestgan.data import file_formats, grey
from chestgan.data.grey import Decoded, Window
from chestgan.data.refusal import Refusal

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit would warn in the middle of the work
# A JPEG much larger than this is decoded at a half, a quarter or an eighth, no smaller than this.
_DRAFT_SIZE = 1024
FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
_EXIF_ORIENTATION, _LYING = 274, (5, 6, 7, 8)
_PNG_BIT_DEPTH_AT = 24
_TIFF_BITS_PER_SAMPLE, _TIFF_PHOTOMETRIC, _TIFF_WHITE_IS_ZERO = 258, 262, 0


def read(path: Path, head: bytes, window: Window | None, min_size: int) -> Decoded:
    """Read a picture by its content, whatever its name.

    Transparent pixels show black behind them, colour becomes luminance, the EXIF orientation is applied.

    Args:
        head: the file's first bytes.

    Raises:
        Refusal: the file can't be used.
        UnidentifiedImageError: its content is none of the formats.
    """
    try:
        with _told_by_libtiff(head), Image.open(path, formats=FORMATS) as image:
            return _decode(image, head, window, min_size)
    except (Refusal, MemoryError, UnidentifiedImageError):
        raise
    except Exception as error:  # Pillow's readers raise whatever a damaged file leads them to
        reason = "truncated" if "truncated" in str(error).lower() else "damaged"
        raise Refusal(reason, str(error) or type(error).__name__) from None


@contextlib.contextmanager
def _told_by_libtiff(head: bytes) -> Iterator[None]:
    """Refuse a TIFF of which libtiff tells damage on the standard error; Pillow takes what was decoded until then.

    The standard error is the whole process's: where other threads work, too, it is left alone.
    """
    if file_formats.format_of(head) != "TIFF" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
    damage = next((line for line in lines if "Decode" in line.partition(":")[0]), "")
    if damage:
        raise Refusal("damaged", damage)


def _decode(image: Image.Image, head: bytes, window: Window | None, min_size: int) -> Decoded:
    _require_usable(image, head, min_size)
    mode, (width, height) = image.mode, image.size
    # TIFFs are opened with the size that they have upright, and turn themselves when they are loaded
    if image.format != "TIFF" and _is_lying(image):
        width, height = height, width
    if image.format in ("JPEG", "MPO"):
        image.draft(None, (_DRAFT_SIZE, _DRAFT_SIZE))
    image.load()
    if image.format != "TIFF":
        ImageOps.exif_transpose(image, in_place=True)
    coloured, outside = 0.0, None
    if _is_deep(mode):
        inverted = image.format == "TIFF" and image.tag_v2.get(_TIFF_PHOTOMETRIC) == _TIFF_WHITE_IS_ZERO
        pixels, outside = _windowed(np.asarray(image), window, inverted)
    else:
        plain = _without_transparency(image)
        coloured = 0.0 if plain.mode == "L" else grey.coloured_share(np.asarray(plain))
        pixels = np.asarray(plain if plain.mode == "L" else plain.convert("L"))
    grey.require_contrast(pixels)
    return Decoded(pixels, width, height, mode, coloured, outside)


def _require_usable(image: Image.Image, head: bytes, min_size: int) -> None:
    """Refuse what the header alone says can't be used."""
    width, height = image.size
    grey.require_size(width, height, min_size)
    if image.format in ("PNG", "TIFF") and getattr(image, "n_frames", 1) > 1:
        raise Refusal("several pictures", f"{image.n_frames} in one file; save each as a file of its own")
    if not _is_deep(image.mode) and _sample_bits(image, head) > 8:
        raise Refusal("16-bit colour", "there is no window for colour; save it as 16-bit grey or with 8 bits a colour")
    if image.format == "TIFF" and image.tile[0][0] == "raw" and _is_lying(image):
        # Pillow 13 reads its lines with the other side's length, and gives a garbled picture
        raise Refusal("stored lying", "an uncompressed TIFF that EXIF turns; save it upright, or compressed")


def _is_lying(image: Image.Image) -> bool:
    return image.getexif().get(_EXIF_ORIENTATION) in _LYING


def _is_deep(mode: str) -> bool:
    """Check whether a pixel mode holds numbers that need a window."""
    return mode == "F" or mode.startswith("I")


def _without_transparency(image: Image.Image) -> Image.Image:
    """Make an 8-bit image of any mode `L` or `RGB`, on black where it is transparent."""
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, image.convert("RGBA")).convert("RGB")
    if image.mode == "L":
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _windowed(values: np.ndarray, window: Window | None, inverted: bool) -> tuple[np.ndarray, float]:
    """Map values of more than 8 bits to grey.

    Args:
        values: (H, W) of any number type.
        inverted: the file counts from white to black.

    Returns:
        (H, W) uint8, and the share of pixels beyond the window.
    """
    if not np.isfinite(values).all():
        raise Refusal("damaged", "some pixels are no finite numbers")
    least, most = values.min(), values.max()
    if window is None:
        # even where the values would fit into 8 bits: the next file of the same scanner may go beyond
        raise grey.no_window(least, most)
    pixels, beyond = grey.through_window(values, window)
    outside = float(np.mean(beyond))
    grey.require_inside(outside, least, most, window)
    return (255 - pixels if inverted else pixels), outside


def _sample_bits(image: Image.Image, head: bytes) -> int:
    """Return the bits of one sample in the file; Pillow silently reads 16-bit colour as 8 bits."""
    if image.format == "PNG":
        return head[_PNG_BIT_DEPTH_AT]
    if image.format == "TIFF":
        return max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (8,)))
    return 8
