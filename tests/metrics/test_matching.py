"""Both sides of a comparison have as many images of each class, drawn without replacement and by the seed."""

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.images.image_set import ImageSet
from chestgan.metrics import matching


def images_of(*labels: str) -> ImageSet:
    return ImageSet(np.zeros((len(labels), 2, 2), dtype=np.uint8), pd.DataFrame({"label": labels}))


def side(covid: int, normal: int) -> ImageSet:
    """Make an image set whose classes take turns as long as both have images."""
    turns = ["covid", "normal"] * min(covid, normal)
    return images_of(*turns, *["covid"] * (covid - normal), *["normal"] * (normal - covid))


@pytest.fixture
def sides() -> dict[str, ImageSet]:
    return {"train": side(9, 4), "test": side(5, 6), "generated": side(7, 7)}


def test_n_of_a_class_is_what_every_side_has(sides: dict[str, ImageSet]) -> None:
    counts = matching.count_images(sides, 100)
    assert list(counts.index) == ["covid", "normal"]
    assert counts.to_dict("list") == {"train": [9, 4], "test": [5, 6], "generated": [7, 7], "n": [5, 4]}


@pytest.mark.parametrize(("most_images", "n"), [(9, [5, 4]), (8, [4, 3]), (5, [2, 2]), (2, [2, 2])])
def test_no_more_than_so_many_are_compared_in_the_proportions_of_the_classes(
    sides: dict[str, ImageSet], most_images: int, n: list[int]
) -> None:
    assert matching.count_images(sides, most_images)["n"].tolist() == n


def test_a_class_with_one_image_on_a_side_is_told_with_all_its_numbers(sides: dict[str, ImageSet]) -> None:
    with pytest.raises(UserError) as caught:
        matching.count_images(sides | {"test": side(5, 1)}, 100)
    assert str(caught.value) == (
        "found 4 train, 1 test, 7 generated images of class normal; a distance needs at least 2 on every side"
    )
    matching.count_images(sides | {"test": side(5, 2)}, 100)


def test_a_draw_has_n_images_of_each_class_and_none_twice(sides: dict[str, ImageSet]) -> None:
    matched = matching.match_rows(sides, matching.count_images(sides, 100), 3, seed=0)
    assert len(matched) == 3
    for rows in matched:
        assert list(rows) == list(sides)
        for name, images in sides.items():
            labels = images.manifest["label"].to_numpy()
            assert list(rows[name]) == ["all", "covid", "normal"]
            assert labels[rows[name]["covid"]].tolist() == ["covid"] * 5
            assert labels[rows[name]["normal"]].tolist() == ["normal"] * 4
            assert len(set(rows[name]["all"])) == 9
            assert set(rows[name]["all"]) == {*rows[name]["covid"], *rows[name]["normal"]}


def test_draws_differ_from_one_another_and_follow_the_seed(sides: dict[str, ImageSet]) -> None:
    counts = matching.count_images(sides, 100)
    first, again, other = (matching.match_rows(sides, counts, 4, seed) for seed in (0, 0, 1))
    drawn = [[tuple(rows["train"]["all"]) for rows in matched] for matched in (first, again, other)]
    assert drawn[0] == drawn[1]
    assert len({*drawn[0], *drawn[2]}) == 8
    # the first draws of a longer series are those of a shorter one
    shorter = matching.match_rows(sides, counts, 2, 0)
    assert [tuple(rows["train"]["all"]) for rows in shorter] == drawn[0][:2]


def test_every_image_is_drawn_some_time(sides: dict[str, ImageSet]) -> None:
    matched = matching.match_rows(sides, matching.count_images(sides, 100), 60, seed=0)
    for name, images in sides.items():
        assert {row for rows in matched for row in rows[name]["all"]} == set(range(len(images)))


def test_where_no_side_has_more_than_n_all_images_are_taken_once() -> None:
    sides = {"train": side(3, 2), "test": side(3, 2)}
    (rows,) = matching.match_rows(sides, matching.count_images(sides, 100), 10, seed=0)
    for name in sides:
        assert sorted(rows[name]["all"]) == list(range(5))
    # one image more on one side, and it takes all draws
    sides["test"] = side(3, 3)
    assert len(matching.match_rows(sides, matching.count_images(sides, 100), 10, seed=0)) == 10


def test_the_real_rows_are_the_same_beside_any_synthetic_set_of_one_size(sides: dict[str, ImageSet]) -> None:
    labels = sides["generated"].manifest["label"]
    turned = sides | {"generated": images_of(*labels[::-1])}
    matched, beside = (matching.match_rows(one, matching.count_images(one, 100), 2, 0) for one in (sides, turned))
    for one, other in zip(matched, beside, strict=True):
        for name in ("train", "test"):
            np.testing.assert_array_equal(one[name]["all"], other[name]["all"])
        assert set(one["generated"]["covid"]) != set(other["generated"]["covid"])


def test_sides_with_the_same_images_draw_different_rows() -> None:
    sides = {"train": side(20, 20), "test": side(20, 20), "generated": side(5, 5)}
    (rows,) = matching.match_rows(sides, matching.count_images(sides, 100), 1, 0)
    assert rows["train"]["all"].tolist() != rows["test"]["all"].tolist()


def test_rows_by_class_are_all_images_of_each_and_of_all() -> None:
    rows = matching.rows_by_class(images_of("normal", "covid", "normal", "other"))
    assert {label: places.tolist() for label, places in rows.items()} == {
        "all": [0, 1, 2, 3],
        "covid": [1],
        "normal": [0, 2],
        "other": [3],
    }


def test_a_class_that_a_side_lacks_is_refused(sides: dict[str, ImageSet]) -> None:
    with pytest.raises(UserError, match="found 4 train, 6 test, 0 generated images of class normal"):
        matching.count_images(sides | {"generated": side(7, 0)}, 100)
