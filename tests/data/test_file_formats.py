"""A file is known by its name and its first bytes, and nothing but a regular file is opened."""

import os
from pathlib import Path

import pytest

from chestgan.data import file_formats
from chestgan.data.refusal import Refusal

DICOM = bytes(128) + b"DICM"


@pytest.mark.parametrize(
    ("name", "content", "is_one"),
    [
        ("a.PNG", b"", True),
        ("a.nii.gz", b"", True),
        ("a", b"\xff\xd8\xff", True),
        ("a.txt", DICOM, True),
        ("a.txt", b"a line\n", False),
        ("a.csv", b"", False),
    ],
)
def test_an_image_is_known_by_its_name_or_its_first_bytes(
    name: str, content: bytes, is_one: bool, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    assert file_formats.is_candidate(tmp_path / name) is is_one


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a", DICOM, "DICOM"),
        ("a.dcm", b"\x08\0\x05\0", "DICOM"),
        ("a", b"\x08\0\x05\0", None),
        ("a.nii.gz", b"\x1f\x8b", "NIfTI"),
        ("a.gz", b"\x1f\x8b", None),
        ("a.png", DICOM, None),
    ],
)
def test_medical_formats_are_told_apart(name: str, content: bytes, kind: str | None, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert file_formats.medical_format(tmp_path / name) == kind


def test_a_fifo_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(Refusal, match="not a file: a FIFO"):
        file_formats.read_head(tmp_path / "a.png")
