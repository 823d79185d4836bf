"""What DICOM and NIfTI files say of themselves, read without their pixels: the patient, the scanner, the frames."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chestgan.data import file_formats, processes

# what a header is asked for; nothing else of it gets into a result
TAGS = {
    "patient": "PatientID",
    "study": "StudyInstanceUID",
    "view": "ViewPosition",
    "modality": "Modality",
    "manufacturer": "Manufacturer",
    "institution": "InstitutionName",
    "sex": "PatientSex",
    "age": "PatientAge",
}
_LONGEST = 64
# the number of rows of each overlay that a file may have
_OVERLAY_ROWS = [group << 16 | 0x0010 for group in range(0x6000, 0x6020, 2)]
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_UNITS_IN_A_YEAR = {"Y": 1, "M": 12, "W": 52, "D": 365}


@dataclass(frozen=True)
class Header:
    """What a file says of itself.

    Attributes:
        columns: the values of `TAGS`, as far as it has them.
        n_frames: its frames or slices.
        overlays: whether it has drawings beside its pixels.
        burned_in: whether it says that its pixels hold text that may name the patient.
    """

    columns: dict[str, str] = field(default_factory=dict)
    n_frames: int = 1
    overlays: bool = False
    burned_in: bool = False


def read(path: Path) -> Header:
    """Read a header; one that can't be read says nothing, for the decoder will say why.

    Files of other formats have none.
    """
    try:
        kind = file_formats.medical_format(path)
        if kind == "DICOM":
            return _read_dicom(path)
        if kind == "NIfTI":
            from chestgan.data import nifti

            return Header(n_frames=nifti.count_slices(path))
    except Exception:
        pass
    return Header()


def read_all(paths: Sequence[Path], n_processes: int) -> Iterator[Header]:
    """Read the headers of files in their order, several at once; a file named as a picture isn't opened for that."""
    asked = [path for path in paths if file_formats.may_be_medical(path)]
    found = processes.run(read, asked, n_processes, lambda path: Header())
    for path in paths:
        yield next(found) if file_formats.may_be_medical(path) else Header()


def _read_dicom(path: Path) -> Header:
    from chestgan.data import dicom

    dataset = dicom.read_header(path, [*TAGS.values(), "NumberOfFrames", "BurnedInAnnotation", *_OVERLAY_ROWS])
    columns = {column: _plain(dataset.get(keyword)) for column, keyword in TAGS.items()}
    columns["age"] = _years(columns["age"])
    return Header(
        {column: value for column, value in columns.items() if value},
        max(1, int(dataset.get("NumberOfFrames") or 1)),
        any(tag in dataset for tag in _OVERLAY_ROWS),
        str(dataset.get("BurnedInAnnotation") or "").upper() == "YES",
    )


def _plain(value: object) -> str:
    """Write a header's value in one line without invisible characters."""
    visible = "".join(character if character.isprintable() else " " for character in str(value or ""))
    return " ".join(visible.split())[:_LONGEST]


def _years(age: str) -> str:
    """Read an age as DICOM writes it, such as 045Y or 006M, in whole years."""
    found = _AGE.fullmatch(age)
    return str(int(found[1]) // _UNITS_IN_A_YEAR[found[2]]) if found else ""
