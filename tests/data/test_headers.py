"""Headers say who, what and how many, and a header that can't be read says nothing."""

import os
from pathlib import Path

import nibabel
import numpy as np
import pytest

from chestgan.data import headers
from chestgan.data.headers import Header
from dicoms import film, save_film, values
from pictures import picture, save

DEEP = values()


def test_a_dicom_header_gives_what_it_is_asked_for_and_no_more(tmp_path: Path) -> None:
    header = headers.read(save_film(tmp_path / "a.dcm", DEEP, PatientID=" P\t1 ", StudyInstanceUID="1.2.3"))
    assert header.columns == {
        "patient": "P 1",
        "study": "1.2.3",
        "view": "PA",
        "modality": "DX",
        "manufacturer": "Maker",
        "institution": "Saint Elsewhere",
        "sex": "F",
        "age": "64",
    }
    assert (header.n_frames, header.overlays, header.burned_in) == (1, False, False)


def test_what_a_header_lacks_is_no_column(tmp_path: Path) -> None:
    absent = dict.fromkeys(["PatientID", "StudyInstanceUID", "Manufacturer", "PatientSex", "PatientAge"])
    header = headers.read(save_film(tmp_path / "a.dcm", DEEP, ViewPosition="", InstitutionName="", **absent))
    assert header.columns == {"modality": "DX"}


@pytest.mark.parametrize(
    ("age", "years"), [("064Y", "64"), ("030M", "2"), ("006M", "0"), ("104W", "2"), ("64", None), ("", None)]
)
def test_ages_are_in_whole_years(tmp_path: Path, age: str, years: str | None) -> None:
    assert headers.read(save_film(tmp_path / "a.dcm", DEEP, PatientAge=age)).columns.get("age") == years


def test_frames_overlays_and_burned_in_text_are_noticed(tmp_path: Path) -> None:
    dataset = film(np.stack([DEEP] * 3), BurnedInAnnotation="YES")
    dataset.add_new(0x60020010, "US", 72)
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    header = headers.read(tmp_path / "a.dcm")
    assert (header.n_frames, header.overlays, header.burned_in) == (3, True, True)


def test_a_volume_has_as_many_slices_as_its_axis_along_the_body(tmp_path: Path) -> None:
    # the file's axes run up, to the right and to the front
    affine = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    nibabel.save(nibabel.Nifti1Image(np.zeros((5, 6, 7), dtype=np.int16), affine), tmp_path / "a.nii.gz")
    assert headers.read(tmp_path / "a.nii.gz") == Header(n_frames=5)


def test_files_without_a_readable_header_say_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    (tmp_path / "text.dcm").write_text("no header")
    (tmp_path / "half.dcm").write_bytes(save_film(tmp_path / "a.dcm", DEEP).read_bytes()[:140])
    (tmp_path / "a.nii").write_bytes(b"\x5c\x01\0\0 and so on")
    names = ("pipe.dcm", "text.dcm", "half.dcm", "a.nii", "none.dcm")
    assert [headers.read(tmp_path / name) for name in names] == [Header()] * 5


def test_headers_come_in_the_order_of_their_files_and_pictures_have_none(tmp_path: Path) -> None:
    paths = [save_film(tmp_path / f"{place}", DEEP, PatientID=f"P{place}") for place in range(20)]
    paths.insert(7, save(tmp_path / "a.png", picture(0)))
    found = list(headers.read_all(paths, 2))
    assert [header.columns.get("patient") for header in found] == [f"P{p}" for p in range(7)] + [None] + [
        f"P{p}" for p in range(7, 20)
    ]
    assert list(headers.read_all([], 2)) == []


def test_pictures_alone_need_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers.processes, "_pool", None)
    assert list(headers.read_all([tmp_path / "a.png", tmp_path / "b.JPG"], 2)) == [Header(), Header()]
