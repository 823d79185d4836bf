"""Image files of any kind as grey pixels, each by the reader of its format, or the reason why one can't be used."""

from collections.abc import Sequence
from pathlib import Path

from PIL import UnidentifiedImageError

from chestgan.data import file_formats, raster
from chestgan.data.grey import Decoded, Window
from chestgan.data.refusal import Refusal


def read_grey(path: Path, window: Window | None = None, min_size: int = 1, frame: int | None = None) -> Decoded:
    """Read one picture of a file, as `read_frames` does.

    Raises:
        Refusal: it can't be used.
    """
    [found] = read_frames(path, [frame], window, min_size)
    if isinstance(found, Refusal):
        raise found
    return found


def read_frames(
    path: Path, frames: Sequence[int | None], window: Window | None = None, min_size: int = 1
) -> list[Decoded | Refusal]:
    """Read pictures of a file by its content, whatever its name; nothing but a regular file is ever opened.

    Args:
        frames: the frames of a DICOM file or the slices of a NIfTI file, counted from 1; None for a file with one.

    Returns:
        For each frame its picture, or why it can't be used.
    """
    try:
        head = file_formats.read_head(path)
        kind = file_formats.medical_format_of(path, head)
        if kind is not None and not file_formats.may_be_medical(path):
            raise Refusal("misnamed", f"it is {kind}; name it so, for its header is read by that name")
        if kind == "DICOM":
            from chestgan.data import dicom

            return dicom.read(path, frames, window, min_size)
        if kind == "NIfTI":
            from chestgan.data import nifti

            return nifti.read(path, frames, window, min_size)
        return [raster.read(path, head, window, min_size)] * len(frames)
    except UnidentifiedImageError:
        return [_unidentified(head)] * len(frames)
    except Refusal as refusal:
        return [refusal] * len(frames)


def _unidentified(head: bytes) -> Refusal:
    """Describe a file that Pillow doesn't recognise as an image."""
    if not head:
        return Refusal("empty file", "0 bytes")
    if head.startswith(b"version https://git-lfs"):
        return Refusal("text pointer", "Git LFS left its pointer in the image's place; fetch it with `git lfs pull`")
    name = file_formats.format_of(head)
    if name in raster.FORMATS:
        return Refusal("damaged", f"begins as {name}, but its header can't be read")
    if name is not None:
        return Refusal("another format", f"{name}; save it as PNG, JPEG, TIFF, BMP, DICOM or NIfTI")
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in head[:24])
    return Refusal("not an image", f"it begins with {shown!r}")
