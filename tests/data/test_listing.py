"""The files of a folder are listed with what the tables say, and none is lost."""

import os
from pathlib import Path

import pytest

from chestgan.base.errors import UserError
from chestgan.data import listing
from chestgan.data.layout import Layout
from pictures import picture, rows, save, with_table


def test_every_file_is_listed_once(tmp_path: Path) -> None:
    with_table(tmp_path, rows(n_patients=3))
    for name in ("covid/masks/1.png", "covid/extra.png", "scout/1.png"):
        save(tmp_path / name, picture(9))
    layout = Layout(("metadata.csv",), leave_out=("*/masks/*",), keep_rows=("source is east",))
    table, left_out, others = listing.list_files(tmp_path, layout)
    assert set(table["source"]) == {"east"}
    assert left_out.groupby("reason").size().to_dict() == {"excluded": 1, "not in the table": 2, "row left out": 4}
    assert others == ["metadata.csv"]
    assert len(table) + len(left_out) == 12 + 3


def test_names_that_are_no_text_are_rows_that_can_be_written(tmp_path: Path) -> None:
    save(tmp_path / "covid/1.png", picture(0))
    folder = tmp_path / os.fsdecode(b"K\xf6ln")
    save(folder / "2.png", picture(1))
    table, left_out, _ = listing.list_files(tmp_path, Layout())
    assert table["file"].tolist() == ["covid/1.png"]
    assert left_out[["file", "reason"]].to_numpy().tolist() == [["K\\xf6ln/2.png", "name isn't UTF-8"]]
    left_out.to_csv(tmp_path / "rejected.csv")


def test_a_folder_labels_what_a_table_describes_in_part(tmp_path: Path) -> None:
    with_table(tmp_path, rows(n_patients=3)[:6])
    save(tmp_path / "normal/1.png", picture(9))
    save(tmp_path / "normal/1_mask.png", picture(10))
    layout = Layout(("metadata.csv",), label="")
    table, left_out, _ = listing.list_files(tmp_path, layout)
    assert table.groupby("label").size().to_dict() == {"covid": 6, "normal": 1}
    assert table["patient"].tolist()[-1] == ""
    assert left_out["reason"].tolist() == ["mask"]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    with pytest.raises(UserError, match=r"split_data.folder is .* there is no image in it, only 1 other files"):
        listing.list_files(tmp_path, Layout())
