"""Image files of any kind as grey pixels, or the reason why one can't be used."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# No radiograph has as many; the largest detectors have a fifth. Beyond it a small file could fill the memory.
MAX_PIXELS = 150_000_000
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit would warn in the middle of the work
# A JPEG much larger than this is decoded at a half, a quarter or an eighth, no smaller than this.
_DRAFT_SIZE = 1024
# An image of six times the size and more is first made smaller by means of whole squares of pixels: a quarter of the
# time, for grey levels that differ by 0.2 on the average.
_REDUCING_GAP = 3.0
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
_OTHER_FORMATS = (".gif", ".webp", ".dcm", ".dicom", ".jp2", ".j2k", ".avif", ".heic")
_IMAGE_SUFFIXES = (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib", *_OTHER_FORMATS)
_MAGIC = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "GIF": (b"GIF8",),
    "JPEG 2000": (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"),
}
_HEAD_BYTES = 132
_COLOUR_DIFFERENCE = 48
_EXIF_ORIENTATION, _LYING = 274, (5, 6, 7, 8)
_PNG_BIT_DEPTH_AT = 24
_TIFF_BITS_PER_SAMPLE, _TIFF_PHOTOMETRIC, _TIFF_WHITE_IS_ZERO = 258, 262, 0


class Refusal(Exception):
    """Report why a file can't be used: `reason` is one of a few, to be counted; `detail` is about this file."""

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Window:
    """The values of a 16-bit image that become black and white; what lies beyond becomes black or white too."""

    low: float
    high: float


@dataclass(frozen=True)
class Decoded:
    """A grey image and what its file held.

    Attributes:
        grey: (H, W) uint8, upright; of a huge JPEG a half, a quarter or an eighth of the size.
        width: the file's own width in pixels once upright; `height` likewise.
        mode: the file's own pixel mode as Pillow names it.
        coloured: the share of pixels that are clearly no grey: marks, or a picture that is no radiograph.
        outside_window: the share of pixels beyond the window; None for an image of 8 bits, which needs none.
    """

    grey: np.ndarray
    width: int
    height: int
    mode: str
    coloured: float
    outside_window: float | None = None


def read_grey(path: Path, window: Window | None = None, min_size: int = 1) -> Decoded:
    """Read a PNG, JPEG, TIFF or BMP by its content, whatever its name.

    Transparent pixels show black behind them, colour becomes luminance, the EXIF orientation is applied.

    Raises:
        Refusal: the file can't be used.
    """
    try:
        head = _head(path)
    except OSError as error:
        raise Refusal("unreadable", error.strerror) from None
    try:
        with Image.open(path, formats=_FORMATS) as image:
            return _decode(image, head, window, min_size)
    except (Refusal, MemoryError):
        raise
    except UnidentifiedImageError:
        raise _unidentified(head) from None
    except Exception as error:  # Pillow's readers raise whatever a damaged file leads them to
        reason = "truncated" if "truncated" in str(error).lower() else "damaged"
        raise Refusal(reason, str(error) or type(error).__name__) from None


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


def is_candidate(path: Path) -> bool:
    """Check whether a file is meant as an image, by its name or its first bytes."""
    if path.suffix.lower() in _IMAGE_SUFFIXES:
        return True
    return path.is_file() and _format_of(_head(path)) is not None


def _resized(image: Image.Image, size: tuple[int, int], box: tuple[float, ...] | None = None) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=_REDUCING_GAP)


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
        grey, outside = _through_window(np.asarray(image), window, inverted)
    else:
        plain = _without_transparency(image)
        coloured = _coloured(plain)
        grey = np.asarray(plain if plain.mode == "L" else plain.convert("L"))
    if grey.min() == grey.max():
        raise Refusal("blank", f"every pixel is {grey.min()}")
    return Decoded(grey, width, height, mode, coloured, outside)


def _require_usable(image: Image.Image, head: bytes, min_size: int) -> None:
    """Refuse what the header alone says can't be used."""
    width, height = image.size
    if min(width, height) < min_size:
        raise Refusal("too small", f"{width} × {height} pixels; the shorter side has to have {min_size}")
    if width * height > MAX_PIXELS:
        raise Refusal("too large", f"{width} × {height} pixels; at most {MAX_PIXELS:,} are decoded")
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


def _coloured(image: Image.Image) -> float:
    """Compute the share of pixels whose channels differ by more than a scan's tint or a JPEG's error."""
    if image.mode == "L":
        return 0.0
    every_second = np.asarray(image)[::2, ::2]
    return float(np.mean(np.ptp(every_second, axis=2) > _COLOUR_DIFFERENCE))


def _through_window(values: np.ndarray, window: Window | None, inverted: bool) -> tuple[np.ndarray, float]:
    """Map values of more than 8 bits to grey.

    Args:
        values: (H, W) of any number type.
        inverted: the file counts from white to black.

    Returns:
        (H, W) uint8, and the share of pixels beyond the window.
    """
    if not np.isfinite(values).all():
        raise Refusal("damaged", "some pixels are no finite numbers")
    found = f"values from {values.min():g} to {values.max():g}"
    if window is None:
        # even where the values would fit into 8 bits: the next file of the same scanner may go beyond
        raise Refusal("16-bit without a window", f"{found}; say with --window-low and --window-high what to show")
    scaled = (values.astype(np.float64) - window.low) / (window.high - window.low)
    outside = float(np.mean((scaled < 0) | (scaled > 1)))
    if outside == 1:
        raise Refusal("outside the window", f"{found}, none between {window.low:g} and {window.high:g}")
    grey = np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    return (255 - grey if inverted else grey), outside


def _sample_bits(image: Image.Image, head: bytes) -> int:
    """Return the bits of one sample in the file; Pillow silently reads 16-bit colour as 8 bits."""
    if image.format == "PNG":
        return head[_PNG_BIT_DEPTH_AT]
    if image.format == "TIFF":
        return max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (8,)))
    return 8


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _format_of(head: bytes) -> str | None:
    for name, beginnings in _MAGIC.items():
        if head.startswith(beginnings):
            return name
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "BMP"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    return "DICOM" if head[128:] == b"DICM" else None


def _unidentified(head: bytes) -> Refusal:
    """Describe a file that Pillow doesn't recognise as an image."""
    if not head:
        return Refusal("empty file", "0 bytes")
    if head.startswith(b"version https://git-lfs"):
        return Refusal("text pointer", "Git LFS left its pointer in the image's place; fetch it with `git lfs pull`")
    name = _format_of(head)
    if name in _FORMATS:
        return Refusal("damaged", f"begins as {name}, but its header can't be read")
    if name is not None:
        return Refusal("another format", f"{name}; save it as PNG, JPEG, TIFF or BMP")
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in head[:24])
    return Refusal("not an image", f"it begins with {shown!r}")
