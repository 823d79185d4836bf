"""The files of a folder and the rows of a table fit together, or the user learns where they don't."""

import os
from pathlib import Path

import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import metadata
from chestgan.data.layout import Layout
from pictures import picture, save

LAYOUT = Layout(tables=("table.csv",))
FILES = ["covid/a.png", "covid/b.png", "normal/c.png"]


def table_of(folder: Path, text: str, encoding: str = "utf-8", layout: Layout = LAYOUT) -> pd.DataFrame:
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return metadata.from_table(metadata.read_raw([path], layout), layout, FILES)[0]


def test_images_are_found_by_name_or_content_and_the_rest_is_told(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "b/deep/er/1.tif", "a/x.jpg", "top.bmp"):
        save(tmp_path / name, picture(0))
    save(tmp_path / "a/scan.png", picture(1)).rename(tmp_path / "a/scan")
    (tmp_path / "a/pointer.png").write_text("version https://git-lfs")
    (tmp_path / "a/slice.dcm").write_text("")
    for name in ("README.md", "metadata.csv", "a/notes.txt", ".snakemake_timestamp", "a/.hidden.png"):
        (tmp_path / name).write_text("BM is a word too")
    save(tmp_path / ".cache/c.png", picture(2))
    images, others = metadata.find(tmp_path)
    assert images == ["a/pointer.png", "a/scan", "a/slice.dcm", "a/x.jpg", "b/2.PNG", "b/deep/er/1.tif", "top.bmp"]
    assert others == ["README.md", "a/notes.txt", "metadata.csv"]


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "covid" / "locked").mkdir(parents=True)
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match=r"covid/locked can't be read: Permission denied"):
        metadata.find(tmp_path)


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere/1.png", picture(0))
    data = tmp_path / "data"
    data.mkdir()
    (data / "covid").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(data)
    assert metadata.find(data)[0] == ["covid/1.png"]


def test_folders_are_labels_or_what_a_pattern_finds() -> None:
    files = ["covid/a.png", "normal/deep/b.png", "c.png"]
    assert metadata.from_folders(files, Layout())["label"].tolist() == ["covid", "normal", ""]
    below = Layout(label_pattern="^[^/]+/([^/]+)/", patient_pattern=r"/([^/]+)\.png")
    table = metadata.from_folders(["train/covid/p1.png", "test/normal/p2.png", "train/p3.png"], below)
    assert table["label"].tolist() == ["covid", "normal", ""]
    assert table["patient"].tolist() == ["p1", "p2", "p3"]


@pytest.mark.parametrize(
    ("pattern", "message"), [("(", "no regular expression"), ("a", "0 groups"), ("(a)(b)", "2 gr")]
)
def test_a_pattern_has_one_group(pattern: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"split_data.patient_pattern is .*{message}"):
        metadata.from_folders(FILES, Layout(patient_pattern=pattern))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("file,label,patient,source\ncovid/b.png,covid,P1,x\ncovid/a.png, covid ,NA,\n", "utf-8"),
        ("label;source;file;patient\ncovid;x;covid/b.png;P1\ncovid;;covid\\a.png;NA\n", "utf-8-sig"),
        ("file\tlabel\tpatient\tsource\n./covid/b.png\tcovid\tP1\tx\ncovid/a.png\tcovid\tNA\t\n", "utf-8"),
    ],
    ids=["comma", "semicolon", "tab"],
)
def test_tables_of_several_kinds_say_the_same(tmp_path: Path, text: str, encoding: str) -> None:
    table = table_of(tmp_path, text, encoding)
    assert table.to_numpy().tolist() == [["covid/a.png", "covid", "NA", ""], ["covid/b.png", "covid", "P1", "x"]]


def test_an_empty_name_says_that_there_is_no_such_column(tmp_path: Path) -> None:
    table = table_of(
        tmp_path,
        "name,class\ncovid/a.png,x\n",
        layout=Layout(("table.csv",), file="name", label="class", patient="", source=""),
    )
    assert table.to_numpy().tolist() == [["covid/a.png", "x", "", ""]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "file,label,patient_id,source\ncovid/a.png,covid,p,s\n",
            r"^split_data.patient_column is 'patient', .* no such column.*did you mean 'patient_id'\?",
        ),
        ("file,label,patient,source\ncovid/z.png,covid,p,s\n", r"names 1 files that aren't in the data folder"),
        ("file,label,patient,source\ncovid/A.PNG,covid,p,s\n", r"did you mean 'covid/a.png'\?"),
        ("file,label,patient,source\n../x.png,covid,p,s\n/etc/x.png,covid,p,s\n", r"names 2 files"),
        ("file,label,patient,source\n,covid,p,s\n", r"names 1 files that aren't"),
        ("file,label,patient,source\ncovid/a.png,x,p,s\ncovid/a.png,y,p,s\n", "one row with different labels"),
        ("file,label,patient,source\ncovid/a.png,x,p,s\ncovid/a.png,x,q,s\n", "row with different patients: 'covid/a"),
        ("file,label,label,patient,source\ncovid/a.png,x,y,p,s\n", "label_column is 'label', .*two columns of"),
        ("file,LABEL,patient,source\n1,2,3,4\n", r"^split_data.label_column is 'label', .*did you mean 'LABEL'\?"),
        ("file,label,patient,source\n", "^split_data.metadata names .*has a header and no rows"),
        ("", "is empty"),
        ("file,label,patient,source\ncovid/a.png,x,p,s,1,2\n", "can't be read"),
    ],
)
def test_a_wrong_table_is_an_error_that_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        table_of(tmp_path, text)


def test_a_table_that_is_no_text_or_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        table_of(tmp_path, "file,label\ncovid/ä.png,x\n", encoding="utf-16")
    with pytest.raises(UserError, match=r"^split_data.metadata names .* there is no such file"):
        metadata.read_raw([tmp_path / "gone.csv"], LAYOUT)
