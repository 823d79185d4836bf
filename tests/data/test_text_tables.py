"""Tables as others write them are read as text, or refused in one line."""

from pathlib import Path

import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import text_tables


def test_cells_parted_by_blanks_without_a_header_are_read(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("ANON1 a.jpg  COVID-19 actualmed\n2 b.png normal rsna\n")
    table = text_tables.read(tmp_path / "train.txt", ("patient", "file", "label", "source"))
    assert table.to_numpy().tolist() == [["ANON1", "a.jpg", "COVID-19", "actualmed"], ["2", "b.png", "normal", "rsna"]]
    with pytest.raises(UserError, match=r"split_data.table_columns names 2 columns, a, b, .* has 4; .*'ANON1' 'a.jpg'"):
        text_tables.read(tmp_path / "train.txt", ("a", "b"))


def test_a_headless_csv_is_no_table_parted_by_blanks(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a b.png,No Finding\n")
    assert text_tables.read(tmp_path / "t.csv", ("file", "label")).to_numpy().tolist() == [["a b.png", "No Finding"]]


def test_sheets_are_read_as_they_show(tmp_path: Path) -> None:
    cells = pd.DataFrame({"File name": ["1.png", "2.png"], "Patient ID": [7, 12], " Age ": [44.5, None]})
    cells.to_excel(tmp_path / "one.xlsx", index=False)
    assert text_tables.read(tmp_path / "one.xlsx").to_dict("list") == {
        "File name": ["1.png", "2.png"],
        "Patient ID": ["7", "12"],
        "Age": ["44.5", ""],
    }
    with pd.ExcelWriter(tmp_path / "two.xlsx") as book:
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="notes", index=False)
        cells.to_excel(book, sheet_name="films", index=False)
    assert "File name" in text_tables.read(tmp_path / "two.xlsx", sheet="films")
    assert "File name" in text_tables.read(tmp_path / "two.xlsx", sheet="2")
    with pytest.raises(UserError, match=r"the sheets notes, films; name one of them: split_data.sheet"):
        text_tables.read(tmp_path / "two.xlsx")
    with pytest.raises(UserError, match=r"split_data.sheet is '3', .* but notes, films"):
        text_tables.read(tmp_path / "two.xlsx", sheet="3")


def test_a_columns_name_may_occur_twice(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,label,label\na,b,c\n")
    assert list(text_tables.read(tmp_path / "t.csv")) == ["file", "label", "label"]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00file", b"label\nK\xf6ln\n", b'a,b\n"1,2\n', b"a\n1\n2,3\n"])
def test_a_damaged_table_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"^split_data.metadata names .* can't be read: .*"):
        text_tables.read(tmp_path / "t.csv")
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(UserError, match=r"^split_data.metadata names .* can't be read: .*"):
        text_tables.read(tmp_path / "t.xlsx")
