"""What can be seen of the data before any work is seen, and what makes no study is refused by the key to change."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import inspection, splits
from chestgan.data.preparation import Preparation
from chestgan.data.splits import Parts
from pictures import class_folders

HOW = Preparation(image_size=16, square="pad", min_size=8, window=None)
SETTINGS = {"folder": Path("data"), "min_size": 64, "window_low": None, "classes": ("covid",)}


def table_of(counts: dict[str, int]) -> pd.DataFrame:
    """Make a table of so many images of each label, each of a patient of its own."""
    files = [(f"{label}/{number:05d}.png", label) for label, n in counts.items() for number in range(n)]
    table = pd.DataFrame(files, columns=["file", "label"])
    return table.assign(patient=table["file"], source="", path=table["file"], frame=None)


def selection(table: pd.DataFrame) -> inspection.Selection:
    """Select all of a table."""
    nothing = pd.DataFrame(columns=["file", "label", "reason", "detail"], dtype=str)
    return inspection.Selection(table, sorted(table["label"].unique()), nothing, [], len(table), [])


def looked_at(counts: dict[str, tuple[int, int]], reason: str = "too small") -> pd.DataFrame:
    """Make a table of files that were looked at: so many of each label, and so many bad ones among them."""
    reasons = [(label, reason if n < n_bad else "") for label, (n_all, n_bad) in counts.items() for n in range(n_all)]
    return pd.DataFrame(reasons, columns=["label", "reason"]).assign(file="a.png", detail="of course")


def test_a_sample_takes_classes_alike_and_is_the_same_each_time() -> None:
    table = table_of({"covid": 500, "normal": 5000, "rare": 3})
    chosen = inspection.sample(table, 100)
    assert chosen["label"].value_counts().to_dict() == {"covid": 48, "normal": 49, "rare": 3}
    assert chosen["file"].is_unique
    assert chosen["file"].is_monotonic_increasing
    pd.testing.assert_frame_equal(chosen, inspection.sample(table, 100))
    # not only the first ones in the alphabet
    assert chosen["file"].str.extract(r"normal/(\d+)")[0].dropna().astype(int).max() > 4000
    assert len(inspection.sample(table_of({"covid": 4, "normal": 5}), 100)) == 9


def test_a_look_finds_sizes_and_reasons(tmp_path: Path) -> None:
    folder = class_folders(tmp_path, n_images=2)
    (folder / "covid" / "00.png").write_bytes(b"")
    looked = inspection.look(table_of({"covid": 0}), folder, HOW, threads=1, n_files=9)
    assert looked.empty
    files = ["covid/00.png", "covid/01.png"]
    table = pd.DataFrame({"file": files, "label": "covid", "path": files, "frame": None})
    looked = inspection.look(table, folder, HOW, threads=1, n_files=9)
    assert looked["reason"].tolist() == ["empty file", ""]
    assert looked["original_width"].tolist()[1] == 80


@pytest.mark.parametrize(
    ("counts", "n_files", "is_refused"),
    [
        ({"a": (10, 1), "b": (10, 0)}, {"a": 10, "b": 10}, False),
        # certain, for all files were looked at
        ({"a": (10, 2), "b": (10, 0)}, {"a": 10, "b": 10}, True),
        # more than allowed, but a sample of this kind is no rarity
        ({"a": (50, 4), "b": (50, 4)}, {"a": 5000, "b": 5000}, False),
        ({"a": (50, 20), "b": (50, 20)}, {"a": 5000, "b": 5000}, True),
        # all of a class that has hardly any files
        ({"a": (50, 0), "b": (50, 50)}, {"a": 100_000, "b": 60}, False),
    ],
)
def test_bad_files_are_refused_where_split_data_would_stop(counts: dict, n_files: dict, is_refused: bool) -> None:
    selected, looked = selection(table_of(n_files)), looked_at(counts)
    if not is_refused:
        inspection.require_few_rejected(selected, looked, 0.05, SETTINGS)
        return
    words = r"^split_data.min_size is 64, and of \d+ files, \d+ of them opened, \d+ can't be used: too small \d+, more"
    with pytest.raises(UserError, match=words):
        inspection.require_few_rejected(selected, looked, 0.05, SETTINGS)


def test_labels_that_are_no_class_count_as_split_data_counts_them() -> None:
    table, looked = table_of({"covid": 90}), looked_at({"covid": (90, 0)})
    for reason, n_bad, is_refused in (
        ("unknown label", 10, True),
        ("unknown label", 4, False),
        ("excluded", 10, False),
    ):
        bad = pd.DataFrame({"file": "a.png", "label": "flu", "reason": reason, "detail": "no"}, index=range(n_bad))
        selected = inspection.Selection(table, ["covid"], bad, [], len(table) + n_bad, [])
        if not is_refused:
            inspection.require_few_rejected(selected, looked, 0.05, SETTINGS)
            continue
        with pytest.raises(
            UserError, match=r"^split_data.classes is \['covid'\], and of 100 files, 90 of them opened, 10"
        ):
            inspection.require_few_rejected(selected, looked, 0.05, SETTINGS)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("16-bit without a window", "^split_data.window_low is None, and of 4 files"),
        ("another format", "^split_data.folder is 'data', and of 4 files"),
    ],
)
def test_the_key_to_change_follows_from_the_reason(reason: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        inspection.require_few_rejected(selection(table_of({"a": 4})), looked_at({"a": (4, 4)}, reason), 0.5, SETTINGS)


@pytest.mark.parametrize(
    ("square", "image_size", "is_refused"),
    [("pad", 100, False), ("pad", 101, True), ("crop", 50, False), ("crop", 51, True)],
)
def test_sizes_that_files_do_not_have_are_refused(square: str, image_size: int, is_refused: bool) -> None:
    table = pd.DataFrame({"original_width": [100, 100, 300], "original_height": [50, 50, 300]}, dtype=object)
    if not is_refused:
        inspection.require_large_enough(table, image_size, square)
        return
    with pytest.raises(UserError, match=rf"^split_data.image_size is {image_size}, and 2 of 3 images are smaller"):
        inspection.require_large_enough(table, image_size, square)


@pytest.mark.parametrize(
    ("n_images", "fractions", "words"),
    [
        (6, (0.2, 0.2), "^split_data.validation_fraction is 0.2, which leaves 1 validation image of the 6 of class"),
        (9, (0.2, 0.1), "^split_data.validation_fraction is 0.1, which leaves 1 validation image of the 9"),
        (12, (0.2, 0.2), ""),
    ],
)
def test_classes_that_leave_a_split_nearly_empty_are_refused(n_images: int, fractions: tuple, words: str) -> None:
    table, parts = table_of({"covid": n_images, "normal": 40}), Parts(*fractions, 0, allow_small=True)
    if not words:
        inspection.require_split(table, parts)
        return
    with pytest.raises(UserError, match=words):
        inspection.require_split(table, parts)


def test_few_test_patients_are_refused_however_many_images_they_have() -> None:
    table = pd.concat([table_of({"covid": 45, "normal": 60}).assign(frame=n) for n in range(9)])
    with pytest.raises(
        UserError, match=r"^split_data.test_fraction is 0.2, which leaves too few test patients: covid 9,"
    ):
        inspection.require_split(table, Parts(0.2, 0.2, 0))
    inspection.require_split(table, Parts(0.3, 0.2, 0))
    inspection.require_split(table, Parts(0.2, 0.2, 0, allow_small=True))


def test_with_plenty_of_patients_each_split_has_enough() -> None:
    table = table_of({"covid": 600, "normal": 600})
    for seed in range(3):
        split = splits.assign(table, Parts(0.05, 0.05, seed))
        assert np.unique(split, return_counts=True)[1].min() >= 20
