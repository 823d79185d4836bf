"""What headers say completes the rows of files, chooses among them, and hides whom they show."""

import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import header_table
from chestgan.data.headers import Header

SALT = b"sixteen bytes at least"


def rows(*given: tuple[str, str, str]) -> pd.DataFrame:
    """Make rows of files with patient and source."""
    table = pd.DataFrame(given, columns=["file", "patient", "source"])
    return table.assign(label="covid")


def described(*found: Header, source_from: str | None = None, **columns: list[str]) -> pd.DataFrame:
    table = rows(*((f"{place}.dcm", "", "") for place in range(len(found)))).assign(**columns)
    return header_table.describe(table, found, source_from)


def test_headers_fill_what_the_table_leaves_open() -> None:
    found = [Header({"patient": "P1", "manufacturer": "Maker", "view": "PA"}), Header({"patient": "P2"}), Header()]
    table = rows(("a.dcm", "mine", "east"), ("b.dcm", "", ""), ("c.png", "", ""))
    made = header_table.describe(table, found, "manufacturer")
    assert made["patient"].tolist() == ["mine", "P2", ""]
    assert made["source"].tolist() == ["east", "", ""]
    assert made["view"].tolist() == ["PA", "", ""]
    assert made["has_header"].tolist() == [True, True, False]
    assert set(header_table.COLUMNS) < set(made)


@pytest.mark.parametrize(("source_from", "source"), [(None, ""), ("manufacturer", "M"), ("institution", "I")])
def test_the_source_is_what_was_asked_for(source_from: str | None, source: str) -> None:
    made = described(Header({"manufacturer": "M", "institution": "I"}), source_from=source_from)
    assert made["source"].tolist() == [source]


@pytest.mark.parametrize("missing", [{}, {"patient": "ANONYMOUS"}, {"patient": "N/A"}])
def test_the_study_stands_for_a_patient_without_id_and_that_is_told(missing: dict[str, str]) -> None:
    made = described(Header(missing | {"study": "1.2"}), Header({"patient": "P", "study": "1.3"}), Header())
    assert made["patient"].tolist() == ["study:1.2", "P", ""]
    assert header_table.warnings_about(made)[0].startswith("DICOM files without a patient id: 1;")


def test_a_column_of_the_table_wins_over_the_header() -> None:
    made = described(Header({"view": "PA"}), Header({"view": "LL"}), view=["AP", ""])
    assert made["view"].tolist() == ["AP", "LL"]


def test_other_views_are_left_out_with_what_they_are() -> None:
    views = [Header({"view": view, "modality": "DX"}) for view in ("PA", "ap", "LL", "")]
    table = described(*views, Header())
    left_out = header_table.left_out(table, "view", ("pa", "AP"), "views")
    assert left_out["file"].tolist() == ["2.dcm", "3.dcm"]
    assert set(left_out["reason"]) == {"other view"}
    assert left_out["detail"].tolist() == ["LL; wanted: pa, AP", "not in its header; wanted: pa, AP"]
    assert header_table.left_out(table, "view", ("PA", "AP", ""), "views")["file"].tolist() == ["2.dcm"]
    assert header_table.left_out(table, "view", (), "views").empty
    assert header_table.left_out(table, "modality", ("CR",), "modalities")["reason"].tolist() == ["other modality"] * 4


def test_a_view_that_no_image_has_is_refused_with_its_key() -> None:
    table = described(Header({"view": "PA"}), Header({"view": "LL"}))
    with pytest.raises(UserError, match=r"^split_data.views is LAT, and no image has that; the headers say LL, PA$"):
        header_table.left_out(table, "view", ("LAT",), "split_data.views")


@pytest.mark.parametrize(
    ("n_frames", "n_wanted", "chosen"),
    [
        (1, 1, [1]),
        (9, 1, [5]),
        (10, 1, [6]),
        (9, 3, [2, 5, 8]),
        (100, 4, [13, 38, 63, 88]),
        (3, 3, [1, 2, 3]),
        (3, 7, [1, 2, 3]),
        (4, 0, [1, 2, 3, 4]),
    ],
)
def test_frames_are_the_middles_of_equal_parts(n_frames: int, n_wanted: int, chosen: list[int]) -> None:
    assert header_table.choose_frames(n_frames, n_wanted) == chosen


def test_each_frame_is_a_row_of_the_same_patient() -> None:
    table = described(Header({"patient": "P"}, n_frames=9), Header(), Header({"patient": "Q"}))
    made = header_table.expand(table, 3)
    assert made["file"].tolist() == ["0.dcm#2", "0.dcm#5", "0.dcm#8", "1.dcm", "2.dcm"]
    assert made["path"].tolist() == ["0.dcm"] * 3 + ["1.dcm", "2.dcm"]
    assert made["frame"].tolist() == [2, 5, 8, None, None]
    assert made["patient"].tolist() == ["P", "P", "P", "", "Q"]
    assert header_table.expand(table.iloc[:0], 3).empty


def test_patients_and_studies_are_hidden_and_names_that_tell_them_are_counted() -> None:
    table = rows(
        ("covid/P-0017/a.dcm", "p-0017", ""), ("b.dcm", "P-0017 ", ""), ("c.dcm", "", ""), ("p1.dcm", "p1", "")
    )
    hidden, notes = header_table.hide_patients(table.assign(study=["1.2", "1.2", "", "1.3"]), SALT)
    assert hidden["patient"][0] == hidden["patient"][1] != hidden["patient"][3]
    assert hidden["patient"][2] == hidden["study"][2] == ""
    assert hidden["study"][0] == hidden["study"][1] != "1.2"
    assert notes == ["files whose names hold the id of their patient, which patient_salt doesn't hide: 1; rename them"]
    assert header_table.hide_patients(table.iloc[1:].assign(study=""), SALT)[1] == []


def test_overlays_and_burned_in_text_are_counted() -> None:
    table = described(Header(overlays=True), Header(burned_in=True), Header(burned_in=True))
    burned_in, overlays = header_table.warnings_about(table)
    assert "perhaps a name: 2;" in burned_in
    assert overlays == "DICOM files with overlays, which are not drawn: 1"
    assert header_table.warnings_about(described(Header())) == []
