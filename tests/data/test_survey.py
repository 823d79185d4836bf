"""What a folder holds is found without a guess at what it doesn't."""

from pathlib import Path

import numpy as np
import pytest

import public_sets
from chestgan.data.survey import survey
from pictures import class_folders, picture, save


def test_class_folders_are_counted_without_masks_and_strays(tmp_path: Path) -> None:
    class_folders(tmp_path, n_images=5)
    save(tmp_path / "covid" / "masks" / "1.png", public_sets.mask(1))
    save(tmp_path / "loose.png", picture(9))
    save(tmp_path / "scout" / "1.png", picture(10))
    found = survey(tmp_path)
    assert (found.n_images, found.n_masks, found.classes) == (12, 1, {"covid": 5, "normal": 5})
    assert (found.table, found.recipes, found.window, found.patients_in_folders) == (None, [], None, False)
    assert {tuple(side) for side in found.sides} == {(80, 72)}
    assert found.varies_in_shape


@pytest.mark.parametrize(
    ("names", "are_patients"),
    [
        (("p0", "p1", "p2", "p3", "p4", "p5"), True),
        (("p0", "p1", "p2", "p0", "p1", "p2"), False),
        (("images", "train", "test", "p3", "p4", "p5"), False),
        (("p0", "p0", "p0", "p3", "p3", "p3"), False),
    ],
    ids=["patients", "the same in both classes", "parts", "too few"],
)
def test_folders_in_class_folders_are_patients_only_where_they_look_so(tmp_path: Path, names, are_patients) -> None:
    for place, name in enumerate(names):
        save(tmp_path / ("covid", "normal")[place // 3] / name / f"{place}.png", picture(place))
    assert survey(tmp_path).patients_in_folders is are_patients


def test_square_images_and_deep_ones_are_seen(tmp_path: Path) -> None:
    for place in range(6):
        save(tmp_path / "covid" / f"{place}.png", picture(place, 64, 64).astype(np.uint16) * 10)
    found = survey(tmp_path)
    low, high = found.window
    assert 390 < low < 600
    assert 1800 < high <= 2160
    assert not found.varies_in_shape
