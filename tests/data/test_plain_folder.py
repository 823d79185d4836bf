"""A folder of images that no stage made: its classes, and what is said of its sizes."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import plain_folder
from chestgan.data.preparation import Preparation
from pictures import class_folders, picture, save

HOW = Preparation(image_size=32, square="pad", min_size=1, window=None)


def test_class_folders_are_the_labels_and_without_them_there_are_none(tmp_path):
    listed = plain_folder.list_images(class_folders(tmp_path / "data", 2))
    assert list(listed["label"]) == ["covid", "covid", "normal", "normal"]
    listed = plain_folder.list_images(tmp_path / "data" / "covid")
    assert list(listed["label"]) == ["", ""]


def test_what_a_stage_made_is_no_plain_folder(tiny_split, tmp_path):
    assert not plain_folder.is_plain(tiny_split)
    assert not plain_folder.is_plain(tmp_path / "nowhere")
    assert plain_folder.is_plain(tmp_path)


def test_usable_images_stand_in_the_order_of_their_files(tmp_path):
    folder = class_folders(tmp_path / "data", 3)
    (folder / "covid" / "01.png").write_bytes(b"broken")
    (tmp_path / "scratch").mkdir()
    found = plain_folder.read(folder, plain_folder.list_images(folder), HOW, 2, tmp_path / "scratch")
    assert list(found.images.manifest["file"]) == [
        "covid/00.png",
        "covid/02.png",
        *[f"normal/0{i}.png" for i in range(3)],
    ]
    assert found.images.images.shape == (5, 32, 32)
    assert list(found.rejected["file"]) == ["covid/01.png"]
    alone = plain_folder.list_images(folder).iloc[[2]]
    (tmp_path / "alone").mkdir()
    again = plain_folder.read(folder, alone, HOW, 2, tmp_path / "alone")
    np.testing.assert_array_equal(again.images.images[0], found.images.images[1])


def test_equal_square_images_of_enough_pixels_need_no_word():
    assert plain_folder.on_sizes(shapes((32, 32), (32, 32)), HOW) == []
    assert plain_folder.on_sizes(shapes((256, 256)), HOW) == []


def test_of_many_sizes_the_most_frequent_are_named():
    many = shapes(*[(40 + place, 40 + place) for place in range(7)], (40, 40))
    (note,) = plain_folder.on_sizes(many, HOW)
    assert note.startswith("images of 7 sizes, all made 32 × 32 px: 40 × 40 (2), ")
    assert note.endswith(" and 2 more")


def shapes(*sizes: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(sizes, columns=["original_width", "original_height"], dtype=object)


def test_a_folder_that_is_not_there_or_has_no_image_is_told_by_its_key(tmp_path):
    with pytest.raises(UserError, match=r"generators.mine.images is nowhere, and there is no such folder"):
        plain_folder.list_images(tmp_path.relative_to(tmp_path) / "nowhere", "generators.mine.images")
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(UserError, match="there is no image in it, only 1 other files"):
        plain_folder.list_images(tmp_path)
    save(tmp_path / "one.png", picture(1))
    assert len(plain_folder.list_images(tmp_path)) == 1


def test_names_that_are_no_text_are_told(tmp_path: Path) -> None:
    class_folders(tmp_path / "mine", 2)
    (tmp_path / "mine" / "covid" / "00.png").rename(tmp_path / "mine" / "covid" / os.fsdecode(b"K\xf6ln.png"))
    with pytest.raises(UserError, match=r"the names of 1 images aren't UTF-8, such as covid/K.xf6ln.png; rename them"):
        plain_folder.list_images(tmp_path / "mine")
