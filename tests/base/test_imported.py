"""Generators with images in the configuration: where they lie, and what arms ask of them."""

from pathlib import Path

import pytest

from chestgan.base import imported
from chestgan.base.errors import UserError

REAL, BOTH, ALONE = {"train_on": "real"}, {"train_on": "real_synthetic"}, {"train_on": "synthetic", "ratio": 2.0}


def make_images(folder: Path, **counts: int) -> Path:
    for label, count in counts.items():
        (folder / label).mkdir(parents=True)
        for place in range(count):
            (folder / label / f"{place}.png").touch()
    return folder


def make_split(folder: Path, **train: int) -> Path:
    folder.mkdir()
    rows = [f"{label},train" for label, count in train.items() for _ in range(count)]
    (folder / "manifest.csv").write_text("\n".join(["label,split", *rows, "covid,test", "normal,validation", ""]))
    return folder


def require(images: Path, arms: dict, split: Path) -> None:
    generators = {"mine": {"images": str(images)}, "strong": {"preset": "strong"}}
    config = {"generators": generators, "arms": arms, "seeds": [0, 1]}
    imported.require_enough(config, ["covid", "normal"], split)


def test_a_folder_serves_all_seeds_or_each_has_its_own(tmp_path):
    for seed in (0, 3):
        make_images(tmp_path / f"seed-{seed}", covid=1)
    generators = {"one": {"images": f"{tmp_path}/seed-0/"}, "many": {"images": f"{tmp_path}/seed-{{seed}}"}, "own": {}}
    assert imported.folders(generators, [0, 3]) == {
        "one": {0: tmp_path / "seed-0", 3: tmp_path / "seed-0"},
        "many": {0: tmp_path / "seed-0", 3: tmp_path / "seed-3"},
    }
    with pytest.raises(UserError, match=r"generators.many.images is .*seed-1, and there is no such folder in"):
        imported.folders(generators, [0, 1])


def test_an_empty_folder_is_told(tmp_path):
    (tmp_path / "covid").mkdir()
    with pytest.raises(UserError, match="that folder is empty; expected a folder for each class"):
        imported.folders({"mine": {"images": str(tmp_path)}}, [0])


def test_an_arm_has_all_generators_or_its_own():
    arms = {"real": REAL, "both": BOTH, "alone": ALONE | {"generators": ["b"]}}
    assert imported.arms_with(arms, ["a", "b"]) == {"real": [None], "both": ["a", "b"], "alone": ["b"]}
    assert imported.arms_with({"first": {"train_on": "pretrained"}}, ["a", "b"]) == {"first": ["a", "b"]}
    controls = {"again": {"train_on": "duplicated"}, "mixed": {"train_on": "shuffled"}}
    assert imported.arms_with(controls, ["a", "b"]) == {"again": [None], "mixed": ["a", "b"]}
    with pytest.raises(UserError, match=r"arms.real.train_on is real, which takes no generators"):
        imported.arms_with({"real": REAL | {"generators": ["a"]}}, ["a"])
    with pytest.raises(UserError, match=r"arms.again.train_on is duplicated, which takes no generators"):
        imported.arms_with({"again": {"train_on": "duplicated", "generators": ["a"]}}, ["a"])


def test_enough_images_are_let_pass(tmp_path):
    images = make_images(tmp_path / "images", covid=8, normal=6)
    split = make_split(tmp_path / "split", covid=4, normal=3)
    require(images, {"both": BOTH, "alone": ALONE}, split)


def test_too_few_images_of_a_class_are_told_with_the_keys(tmp_path):
    images = make_images(tmp_path / "images", covid=8, normal=5)
    split = make_split(tmp_path / "split", covid=4, normal=3)
    require(images, {"both": BOTH}, split)
    message = r"arms.alone.ratio is 2, which takes 6 images of normal for the 3 .* generators.mine.images is .* has 5;"
    with pytest.raises(UserError, match=message):
        require(images, {"both": BOTH, "alone": ALONE}, split)


def test_a_class_is_missing_only_where_nothing_else_trains(tmp_path):
    images = make_images(tmp_path / "images", covid=8)
    for split in (make_split(tmp_path / "split", covid=4, normal=3), tmp_path / "none yet"):
        require(images, {"both": BOTH}, split)
        require(images, {"alone": ALONE | {"generators": ["strong"]}}, split)
        with pytest.raises(UserError, match=r"train_on is synthetic, which takes .* every class.* has none of normal"):
            require(images, {"alone": ALONE}, split)
        with pytest.raises(UserError, match=r"arms.mixed.train_on is shuffled, which takes .* has none of normal"):
            require(images, {"mixed": {"train_on": "shuffled"}}, split)
        require(images, {"again": {"train_on": "duplicated", "ratio": 9.0}}, split)


def test_no_class_of_the_study_at_all(tmp_path):
    images = make_images(tmp_path / "images", flu=8)
    with pytest.raises(UserError, match="which has no folder for any class of covid, normal"):
        require(images, {"both": BOTH}, make_split(tmp_path / "split", covid=4, normal=3))


def test_before_the_split_nothing_is_known_of_numbers(tmp_path):
    require(make_images(tmp_path / "images", covid=1, normal=1), {"both": BOTH, "alone": ALONE}, tmp_path / "none yet")
