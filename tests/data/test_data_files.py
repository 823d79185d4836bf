"""Only what a split is made from decides it."""

from pathlib import Path

import pytest
from PIL import Image

import make_demo_data
from chestgan.base import configuration
from chestgan.data import data_files


def fill(folder: Path) -> None:
    (folder / "covid").mkdir(parents=True)
    Image.new("L", (8, 8)).save(folder / "covid" / "1.png")
    Image.new("L", (8, 8)).save(folder / "covid" / "without_suffix", "PNG")
    (folder / "covid" / "cut_off.jpg").write_bytes(b"\xff\xd8")
    for name in ("notes.txt", "covid/Thumbs.db", "covid/raw.bin"):
        (folder / name).write_text("not an image")
    (folder / "table.csv").write_text("file,label\ncovid/1.png,covid\ncovid\\raw.bin,covid\n")


def names(folder: Path, *tables: Path) -> list[str]:
    found = configuration.data_files(str(folder), [str(table) for table in tables])
    return [path.name for path in data_files.decisive(found, tables)]


def test_images_count_and_what_lies_beside_them_does_not(tmp_path: Path) -> None:
    fill(tmp_path / "data")
    assert names(tmp_path / "data") == ["1.png", "cut_off.jpg", "without_suffix"]


def test_the_table_counts_and_what_it_names(tmp_path: Path) -> None:
    fill(tmp_path / "data")
    expected = ["1.png", "cut_off.jpg", "raw.bin", "without_suffix", "table.csv"]
    assert names(tmp_path / "data", tmp_path / "data" / "table.csv") == expected
    outside = tmp_path / "elsewhere.csv"
    (tmp_path / "data" / "table.csv").rename(outside)
    assert names(tmp_path / "data", outside) == [*expected[:-1], "elsewhere.csv"]


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    assert make_demo_data.main(["--output", str(folder), "--patients", "3", "--image-size", "32"]) == 0
    return folder


def test_before_and_after_images_are_drawn_nothing_was_done_to_them(drawn: Path) -> None:
    assert data_files.changes_since_drawn(drawn.with_name("none")) == ""
    assert data_files.changes_since_drawn(drawn) == ""
    (drawn / "notes.txt").write_text("mine")
    next(drawn.rglob("*.png")).touch()
    assert data_files.changes_since_drawn(drawn) == ""


def test_every_change_of_drawn_images_has_its_own_checksum(drawn: Path) -> None:
    image = next(drawn.rglob("*.png"))
    kept = image.read_bytes()
    told = []
    for shade in (7, 77):
        Image.new("L", (32, 32), shade).save(image)
        told.append(data_files.changes_since_drawn(drawn))
    image.unlink()
    told.append(data_files.changes_since_drawn(drawn))
    Image.new("L", (32, 32)).save(image.with_name("added.png"))
    told.append(data_files.changes_since_drawn(drawn))
    image.write_bytes(kept)
    told.append(data_files.changes_since_drawn(drawn))
    assert len({*told, ""}) == 6
    image.with_name("added.png").unlink()
    assert data_files.changes_since_drawn(drawn) == ""
