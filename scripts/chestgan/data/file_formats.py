"""What a file is, by its name and its first bytes: nothing here needs the packages that read images."""

import stat
from pathlib import Path

from chestgan.data.refusal import Refusal

_PICTURE_SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib"),
    *(".gif", ".webp", ".jp2", ".j2k", ".avif", ".heic"),
)
_TIFF_SUFFIXES = (".tif", ".tiff")
_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
_NIFTI_SUFFIXES = (".nii", ".nii.gz")
_SUFFIXES = (*_PICTURE_SUFFIXES, *_DICOM_SUFFIXES, *_NIFTI_SUFFIXES)
_MAGIC = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "GIF": (b"GIF8",),
    "JPEG 2000": (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"),
}
# groups 2 and 8, with which a DICOM file without preamble begins; the second in big endian too
_FIRST_TAGS = (b"\x02\0", b"\x08\0", b"\0\x08")
# the header's size in NIfTI-1 and NIfTI-2, in both orders of bytes; or gzip
_NIFTI_MAGIC = (b"\x5c\x01\0\0", b"\0\0\x01\x5c", b"\x1c\x02\0\0", b"\0\0\x02\x1c", b"\x1f\x8b")
_HEAD_BYTES = 132
_KINDS = {stat.S_ISFIFO: "a FIFO", stat.S_ISSOCK: "a socket", stat.S_ISCHR: "a device", stat.S_ISBLK: "a device"}


def is_candidate(path: Path) -> bool:
    """Check whether a file is meant as an image, by its name or its first bytes; one that can't be read may be one."""
    if path.name.lower().endswith(_SUFFIXES):
        return True
    try:
        return path.is_file() and format_of(read_head(path)) is not None
    except Refusal:
        return True


def may_be_medical(path: Path) -> bool:
    """Check by its name alone whether a file may be DICOM or NIfTI; one with the ending of a picture is refused."""
    return not path.name.lower().endswith(_PICTURE_SUFFIXES)


def needs_process(path: Path) -> bool:
    """Check by its name whether a file's reader holds threads up, may crash, or says things that name no file."""
    return may_be_medical(path) or path.name.lower().endswith(_TIFF_SUFFIXES)


def medical_format(path: Path) -> str | None:
    """Tell whether a file is DICOM or NIfTI, which have a header and may have several frames.

    Raises:
        Refusal: it can't be read.
    """
    return medical_format_of(path, read_head(path)) if may_be_medical(path) else None


def medical_format_of(path: Path, head: bytes) -> str | None:
    """Tell the format from a file's first bytes, and from its name where they needn't tell."""
    if head[128:] == b"DICM":
        return "DICOM"
    if head.startswith(_FIRST_TAGS) and path.name.lower().endswith(_DICOM_SUFFIXES):
        return "DICOM"
    return "NIfTI" if head.startswith(_NIFTI_MAGIC) and path.name.lower().endswith(_NIFTI_SUFFIXES) else None


def read_head(path: Path) -> bytes:
    """Read the first bytes of a file, and of nothing else: opening a FIFO would wait for ever."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise Refusal("not a file", next((kind for test, kind in _KINDS.items() if test(mode)), "a folder"))
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        raise Refusal("unreadable", error.strerror) from None


def format_of(head: bytes) -> str | None:
    """Tell the format from a file's first bytes."""
    for name, beginnings in _MAGIC.items():
        if head.startswith(beginnings):
            return name
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "BMP"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    return "DICOM" if head[128:] == b"DICM" else None
