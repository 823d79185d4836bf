"""Files become rows and pixels in their order, whoever decodes them, and one that can't be used is a row alone."""

import os
import signal
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from chestgan.base import files
from chestgan.data import framing, preparation
from chestgan.data.grey import Window
from chestgan.data.preparation import COLUMNS, Preparation, Prepared
from chestgan.images import image_set
from dicoms import save_film, values
from pictures import picture, save

PAD = Preparation(image_size=16, square="pad", min_size=20, window=None)


def prepare(path: Path, how: Preparation) -> Prepared:
    """Prepare a file with one picture."""
    [one] = preparation.prepare(path, [None], how)
    return one


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Save 32 pictures, as many as two threads take at once, of which one is empty; one more isn't there."""
    made = [save(tmp_path / f"{place:02d}.png", picture(place)) for place in range(32)]
    made[3].write_bytes(b"")
    return [*made, tmp_path / "none.png"]


def test_a_file_becomes_its_row_its_image_and_its_thumbnail(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", picture(0, 60, 30))
    made = prepare(path, PAD)
    assert made.row == {
        "sha256": files.sha256(path),
        "original_width": 60,
        "original_height": 30,
        "original_mode": "L",
        "coloured": 0.0,
        "outside_window": None,
        "reason": "",
    }
    resized = Image.fromarray(picture(0, 60, 30)).resize((16, 8), Image.Resampling.LANCZOS, reducing_gap=3.0)
    np.testing.assert_array_equal(made.image, np.pad(np.asarray(resized), [(4, 4), (0, 0)]))
    np.testing.assert_array_equal(made.thumbnail, framing.thumbnail(picture(0, 60, 30)))


def test_the_square_and_the_window_are_those_that_were_asked_for(tmp_path: Path) -> None:
    pixels = np.full((40, 80), 255, dtype=np.uint8)
    pixels[:, 20:60] = 100
    path = save(tmp_path / "a.png", pixels)
    assert prepare(path, PAD).image.max() > 250
    # the white sides are cut off, but for what the filter draws in at the edges
    cropped = prepare(path, Preparation(16, "crop", 20, None)).image
    assert cropped.max() < 120
    assert (cropped[:, 3:13] == 100).all()
    deep = save(tmp_path / "deep.png", np.linspace(0, 1000, 1600).reshape(40, 40).astype(np.uint16))
    assert prepare(deep, PAD).row["reason"] == "16-bit without a window"
    shown = prepare(deep, Preparation(16, "pad", 20, Window(0, 500)))
    assert shown.row["outside_window"] == pytest.approx(0.5, abs=0.01)


def test_a_file_that_cannot_be_used_is_a_reason_alone(tmp_path: Path) -> None:
    small = prepare(save(tmp_path / "a.png", picture(0, 80, 19)), PAD)
    assert small.row == {"reason": "too small", "detail": "80 × 19 pixels; the shorter side has to have 20"}
    assert small.image is None
    assert small.thumbnail is None
    assert prepare(tmp_path / "none.png", PAD).row["reason"] == "unreadable"


@pytest.mark.parametrize("threads", [1, 3])
def test_files_come_in_their_order_however_many_threads_there_are(threads: int, paths: list[Path]) -> None:
    prepared = list(preparation.prepare_all(paths, PAD, threads))
    assert [one.row["reason"] for one in prepared] == ["", "", "", "empty file", *[""] * 28, "unreadable"]
    for path, one in zip(paths, prepared, strict=True):
        if one.image is not None:
            assert one.row["sha256"] == files.sha256(path)
            np.testing.assert_array_equal(one.image, prepare(path, PAD).image)


def test_no_file_is_no_work() -> None:
    assert list(preparation.prepare_all([], PAD, 2)) == []


def test_remarks_about_odd_files_are_left_out(monkeypatch: pytest.MonkeyPatch, paths: list[Path]) -> None:
    def remarking(path: Path, frames: list, how: Preparation) -> list[Prepared]:
        warnings.warn("odd", stacklevel=1)
        return [Prepared({"reason": path.name})]

    monkeypatch.setattr(preparation, "prepare", remarking)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        prepared = list(preparation.prepare_all(paths, PAD, 1))
    assert [one.row["reason"] for one in prepared] == [path.name for path in paths]
    assert told == []


def test_what_can_be_used_is_stored_one_after_another(paths: list[Path], tmp_path: Path) -> None:
    prepared = list(preparation.prepare_all(paths[:6], PAD, 1))
    table, thumbnails = preparation.store(iter(prepared), 6, 16, tmp_path)
    assert list(table) == COLUMNS
    assert table["reason"].tolist() == ["", "", "", "empty file", "", ""]
    usable = [one for one in prepared if one.image is not None]
    stored = np.load(tmp_path / "images.npy")
    assert stored.shape == (6, 16, 16)
    np.testing.assert_array_equal(stored[:5], [one.image for one in usable])
    np.testing.assert_array_equal(thumbnails, [one.thumbnail for one in usable])


@pytest.mark.parametrize("chosen", [slice(0, 3), slice(3, 4), slice(0, 0)])
def test_the_columns_are_the_same_whatever_the_files(chosen: slice, paths: list[Path], tmp_path: Path) -> None:
    table, thumbnails = preparation.store(preparation.prepare_all(paths[chosen], PAD, 1), 5, 16, tmp_path)
    assert list(table) == COLUMNS
    assert len(table) == len(paths[chosen])
    assert len(thumbnails) == (table["reason"] == "").sum()


def test_whole_numbers_stay_whole_beside_a_gap(paths: list[Path], tmp_path: Path) -> None:
    table, _ = preparation.store(preparation.prepare_all(paths[2:5], PAD, 1), 3, 16, tmp_path)
    assert table["original_width"].tolist()[::2] == [80, 80]
    assert pd.isna(table["original_width"][1])
    assert table.drop(columns="sha256").to_csv(index=False).splitlines()[1].startswith("80,72,L,")


def test_some_images_are_copied_in_the_order_of_their_places(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "some").mkdir()
    images = image_set.create_images(tmp_path / "all", 5, 16)
    images[:] = np.arange(5, dtype=np.uint8)[:, None, None]
    images.flush()
    preparation.copy_images(tmp_path / "all", np.array([4, 0, 3]), tmp_path / "some")
    copied = np.load(tmp_path / "some" / "images.npy")
    assert copied.shape == (3, 16, 16)
    assert copied[:, 5, 7].tolist() == [4, 0, 3]
    assert np.ptp(copied, axis=(1, 2)).max() == 0


def test_dicom_and_pictures_come_in_their_order_and_frames_with_a_checksum_each(tmp_path: Path) -> None:
    frames = np.stack([values(seed) for seed in range(5)])
    volume = save_film(tmp_path / "volume.dcm", frames)
    single = save_film(tmp_path / "single.dcm", values(9))
    paths = [volume, volume, save(tmp_path / "a.png", picture(0)), single, tmp_path / "none.dcm"]
    found = list(preparation.prepare_all(paths, PAD, 2, [4, 1, None, None, None]))
    assert [one.row["reason"] for one in found] == ["", "", "", "", "unreadable"]
    np.testing.assert_array_equal(found[1].image, prepare(save_film(tmp_path / "b.dcm", frames[0]), PAD).image)
    assert found[3].row["sha256"] == files.sha256(single)
    assert len({one.row["sha256"] for one in found[:4]}) == 4
    volume.rename(tmp_path / "copy.dcm")
    [again] = preparation.prepare(tmp_path / "copy.dcm", [4], PAD)
    assert again.row["sha256"] == found[0].row["sha256"]


def test_a_file_that_crashes_its_decoder_is_a_row_for_each_frame(tmp_path: Path, monkeypatch) -> None:
    def crashing(path: Path, frames: list, how: Preparation) -> list[Prepared]:
        if path.name == "bad.dcm":
            os.kill(os.getpid(), signal.SIGKILL)
        return [Prepared({"reason": ""}) for _ in frames]

    monkeypatch.setattr(preparation, "prepare", crashing)
    paths = [tmp_path / name for name in ("a.dcm", "bad.dcm", "bad.dcm", "c.dcm")]
    found = list(preparation.prepare_all(paths, PAD, 2, [None, 1, 2, None]))
    assert [one.row["reason"] for one in found] == ["", "damaged", "damaged", ""]
    assert found[1].row["detail"] == "its decoder crashed, or lacked memory"


def test_decoders_of_damaged_files_say_nothing(tmp_path: Path, capfd) -> None:
    content = save_film(tmp_path / "a.dcm", values(), 12, "JPEG 2000").read_bytes()
    random, paths = np.random.default_rng(0), []
    for number in range(30):
        damaged = bytearray(content)
        for place in random.integers(len(content) // 2, len(content), 9):
            damaged[place] = random.integers(256)
        paths.append(tmp_path / f"{number:02d}.dcm")
        paths[-1].write_bytes(damaged)
    found = list(preparation.prepare_all(paths, PAD, 2))
    assert {one.row["reason"] for one in found} == {"", "damaged", "truncated"}
    assert capfd.readouterr() == ("", "")


def test_libtiff_says_nothing_of_a_damaged_fax(tmp_path: Path, capfd) -> None:
    content = bytearray(save(tmp_path / "a.tif", picture(0) > 128, compression="group4").read_bytes())
    random, paths = np.random.default_rng(0), []
    for number in range(20):
        damaged = content.copy()
        for place in random.integers(8, len(content) // 2, 9):
            damaged[place] = random.integers(256)
        paths.append(tmp_path / f"{number:02d}.tif")
        paths[-1].write_bytes(damaged)
    found = list(preparation.prepare_all(paths, PAD, 2))
    assert "damaged" in {one.row["reason"] for one in found}
    assert capfd.readouterr() == ("", "")
