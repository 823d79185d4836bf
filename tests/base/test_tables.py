"""A table is read as it was written, and one that is missing or damaged is told in one line."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.base.tables import read_table, write_table


def refused(path: Path, columns: list[str], text: tuple[str, ...] = ()) -> str:
    with pytest.raises(UserError) as caught:
        read_table(path, columns, text)
    return str(caught.value)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    table = pd.DataFrame({"file": ["a,b.png", 'c"d.png'], "n": [1, -2], "kd": [1 / 3, np.nan], "ok": [True, False]})
    write_table(tmp_path / "t.csv", table)
    read = read_table(tmp_path / "t.csv", ["file", "n", "kd", "ok"], ["file"])
    assert read.to_dict("list") == {
        "file": ["a,b.png", 'c"d.png'],
        "n": [1, -2],
        "kd": [1 / 3, pytest.approx(np.nan, nan_ok=True)],
        "ok": [True, False],
    }


def test_every_number_is_read_to_the_last_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=2000) * 10.0 ** random.integers(-12, 13, 2000)
    write_table(tmp_path / "t.csv", pd.DataFrame({"kd": values}))
    np.testing.assert_array_equal(read_table(tmp_path / "t.csv", ["kd"])["kd"], values)


def test_the_index_and_the_system_leave_no_trace(tmp_path: Path) -> None:
    table = pd.DataFrame({"label": ["covid", "normal"], "kd": [0.5, np.nan]})
    for name, index in (("a", [0, 1]), ("b", [7, 3])):
        write_table(tmp_path / f"{name}.csv", table.set_index(pd.Index(index)))
    assert (tmp_path / "a.csv").read_bytes() == b"label,kd\ncovid,0.5\nnormal,\n"
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()


@pytest.mark.parametrize("written", ["007", "1e3", "NA", "nan", "null", "True", " p1 "])
def test_text_stays_as_it_was_written(written: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"patient,n\n{written},1\n")
    assert read_table(tmp_path / "t.csv", ["patient", "n"], ["patient"])["patient"].tolist() == [written]


def test_an_empty_field_is_empty_text_or_no_number(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("patient,kd\n,\np1,2\n")
    read = read_table(tmp_path / "t.csv", ["patient", "kd"], ["patient"])
    assert read["patient"].tolist() == ["", "p1"]
    assert read["kd"].isna().tolist() == [True, False]


def test_other_columns_may_stand_beside_those_that_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("note,n\nfine,1\n")
    assert list(read_table(tmp_path / "t.csv", ["n"])) == ["note", "n"]


def test_a_missing_file_is_told_with_the_folder_to_make_again(tmp_path: Path) -> None:
    path = tmp_path / "train" / "history.csv"
    assert refused(path, ["kimg"]) == f"there is no file {path}; run again what makes {path.parent}"


def test_a_file_with_its_old_name_is_told_with_its_new_one(tmp_path: Path) -> None:
    (tmp_path / "variety.csv").touch()
    assert "; since version 1.0 variety.csv is called diversity.csv; " in refused(tmp_path / "diversity.csv", ["n"])
    assert "since version" not in refused(tmp_path / "distances.csv", ["n"])


def test_every_missing_column_is_told_with_the_name_that_it_had(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n,distance\n1,2\n")
    assert refused(path, ["n", "fd", "ms_ssim"]) == f"{path} has no column fd, ms_ssim; make it again"
    assert refused(path, ["fd", "validation_kd"]) == (
        f"{path} has no column fd, validation_kd; since version 1.0 distance is called validation_kd; make it again"
    )


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\xff", b'n,m\n"1,2\n'])
def test_a_damaged_file_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert refused(tmp_path / "t.csv", ["n"]).startswith(f"{tmp_path / 't.csv'} can't be read: ")


@pytest.mark.parametrize("written", ["far", "0,5", "1 2", "nan", "0x1F"])
def test_words_where_numbers_belong_are_told(written: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'n,kd\n1,0.5\n2,"{written}"\n')
    assert refused(path, ["n", "kd"]) == f"column kd of {path} holds something that is no number; make it again"


@pytest.mark.parametrize("rows", ["1,2,3\n4,5,6\n", "1,2\n4,5,6\n"])
def test_cells_beyond_the_header_are_refused(rows: str, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b\n" + rows)
    with pytest.raises(UserError, match="can't be read") as error:
        read_table(tmp_path / "table.csv", ["a", "b"])
    assert "\n" not in str(error.value)


def test_a_table_without_rows_is_empty(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b\n")
    assert read_table(tmp_path / "table.csv", ["a", "b"]).empty


def test_a_folder_or_a_fifo_is_no_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "table.csv")
    for path in (tmp_path, tmp_path / "table.csv"):
        with pytest.raises(UserError, match="there is no file"):
            read_table(path, ["a"])
