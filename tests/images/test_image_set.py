"""The one form that every stage speaks."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.images import image_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = image_set.create_images(tmp_path, 4, 2)
    images[:] = np.arange(4)[:, None, None]
    images.flush()
    manifest = pd.DataFrame({"label": ["b", "a", "b", "c"], "patient": ["001", "NA", "", "1e5"], "split": list("xyxx")})
    image_set.write_manifest(tmp_path, manifest)
    return tmp_path


def test_what_was_written_is_read_and_ids_stay_text(folder: Path) -> None:
    images = image_set.read(folder)
    assert len(images) == 4
    assert images.classes == ["a", "b", "c"]
    assert images.manifest["patient"].tolist() == ["001", "NA", "", "1e5"]
    assert images.class_numbers(["a", "b", "c"]).tolist() == [1, 0, 1, 2]
    assert [rows.tolist() for rows in images.rows_by_class(["a", "b", "c"])] == [[1], [0, 2], [3]]


def test_a_subset_keeps_rows_and_pixels_together(folder: Path) -> None:
    chosen = image_set.read(folder).where(split="x", label="b")
    assert chosen.images[:, 0, 0].tolist() == [0, 2]
    assert chosen.manifest["patient"].tolist() == ["001", ""]


def fewer_rows(folder: Path) -> None:
    image_set.write_manifest(folder, pd.DataFrame({"label": ["a"]}))


def another_dtype(folder: Path) -> None:
    np.save(folder / "images.npy", np.zeros((4, 2, 2)))


def cut_off(folder: Path) -> None:
    (folder / "images.npy").write_bytes((folder / "images.npy").read_bytes()[:-3])


def damaged_header(folder: Path) -> None:
    content = (folder / "images.npy").read_bytes()
    (folder / "images.npy").write_bytes(content.replace(b"{'descr'", b"s'descr'", 1))


def no_label(folder: Path) -> None:
    image_set.write_manifest(folder, pd.DataFrame({"class": list("abcd")}))


def label_outside(folder: Path) -> None:
    image_set.write_manifest(folder, pd.DataFrame({"label": ["../up", "a", "a", "a"]}))


def shared_patient(folder: Path) -> None:
    table = {"label": list("abab"), "patient": ["p0", "p1", "p0", "p1"], "split": ["train", "train", "test", "test"]}
    image_set.write_manifest(folder, pd.DataFrame(table))


def fifo(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (fewer_rows, "manifest.csv 1 rows"),
        (another_dtype, "float64"),
        (cut_off, "can't be read"),
        (damaged_header, "can't be read"),
        (no_label, "has no column 'label', only class"),
        (lambda folder: (folder / "images.npy").unlink(), "isn't an image set"),
        (lambda folder: (folder / "manifest.csv").write_text(""), "can't be read"),
        (lambda folder: (folder / "images.npy").write_bytes(b""), "can't be read"),
        (lambda folder: np.savez((folder / "images.npy").open("wb"), np.zeros(3)), "can't be read"),
        (lambda folder: fifo(folder, "images.npy"), "isn't an image set: there is no .*images.npy"),
        (lambda folder: fifo(folder, "manifest.csv"), "isn't an image set: there is no .*manifest.csv"),
        (label_outside, r"'\.\./up' can't be a label: it couldn't name a folder"),
        (shared_patient, "2 patients in more than one split, such as 'p0'"),
    ],
)
def test_damage_is_told(damage, message: str, folder: Path) -> None:
    damage(folder)
    with pytest.raises(UserError, match=message):
        image_set.read(folder)


def test_files_are_compared_with_the_checksums_beside_them(folder: Path) -> None:
    files.write_json(folder / "settings.json", {"sha256": image_set.checksums(folder)})
    assert len(image_set.read(folder)) == 4
    images = np.load(folder / "images.npy", mmap_mode="r+")
    images[0, 0, 0] ^= 1
    images.flush()
    with pytest.raises(UserError, match=r"images\.npy was changed after it was made: settings\.json has another"):
        image_set.read(folder)
    images[0, 0, 0] ^= 1
    images.flush()
    manifest = image_set.read(folder).manifest
    image_set.write_manifest(folder, manifest.assign(patient="someone"))
    with pytest.raises(UserError, match=r"manifest\.csv was changed"):
        image_set.read(folder)


@pytest.mark.parametrize("content", [[], {}, {"sha256": None}, {"sha256": {"other.txt": "0"}}])
def test_a_set_without_checksums_is_read(content: object, folder: Path) -> None:
    (folder / "settings.json").write_text(json.dumps(content))
    assert len(image_set.read(folder)) == 4
