"""Copies, image by image: planted ones are found, unseen ones aren't, and counts and intervals are those by hand."""

import numpy as np
import pandas as pd
import pytest

from chestgan.metrics import copies
from chestgan.metrics.copies import Nearest, Pictures
from chestgan.metrics.metric import ALL

N_HELD_OUT, N_GENERATED, N_DIMENSIONS = 200, 230, 100


def no_pictures(n: int) -> Pictures:
    return Pictures(np.zeros(n), np.zeros(n, dtype=int), np.zeros(n, dtype=bool))


def pictures(*correlations: float) -> Pictures:
    return no_pictures(len(correlations))._replace(correlation=np.array(correlations))


def at(*distances: float) -> Nearest:
    n = len(distances)
    return Nearest(np.array(distances), np.arange(n), np.zeros(n, dtype=bool))


def evenly(n: int) -> Nearest:
    """Make held-out images at 1.01, 1.02, ... from their nearest training image."""
    return at(*(1 + np.arange(1, n + 1) / 100))


@pytest.fixture
def sides() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make features of training images, of held-out ones and of new ones."""
    random = np.random.default_rng(0)
    return tuple(random.normal(size=(n, N_DIMENSIONS)) for n in (300, N_HELD_OUT, N_GENERATED))


def find(features: np.ndarray, held_out: np.ndarray, training: np.ndarray, of_mirrored=None) -> pd.DataFrame:
    of_mirrored = features if of_mirrored is None else of_mirrored
    near = copies.nearest(features, of_mirrored, training), copies.nearest(held_out, held_out, training)
    return copies.find(*((one, no_pictures(len(one.distance))) for one in near))


@pytest.mark.parametrize("n_planted", [0, 1, 23, 72])
def test_planted_copies_are_found_and_no_others(sides, n_planted):
    training, held_out, generated = sides
    generated[:n_planted] = training[50 : 50 + n_planted] + 0.01
    found = find(generated, held_out, training)
    assert list(np.flatnonzero(found["copy"])) == list(range(n_planted))
    assert list(found["place"][:n_planted]) == list(range(50, 50 + n_planted))
    (row,) = copies.count(found, ["covid"] * N_GENERATED, N_HELD_OUT)[lambda table: table["class"] == ALL].to_dict(
        "records"
    )
    assert (row["n_copies"], row["n_images"], row["n_held_out"]) == (n_planted, N_GENERATED, N_HELD_OUT)
    assert row["copies_low"] <= row["copies_share"] == n_planted / N_GENERATED <= row["copies_high"]


def test_mirrored_copies_are_found_by_their_mirror_images(sides):
    training, held_out, generated = sides
    of_mirrored = generated[::-1].copy()
    of_mirrored[:5] = training[:5]
    found = find(generated, held_out, training, of_mirrored)
    assert list(np.flatnonzero(found["copy"])) == list(range(5))
    assert found["mirrored"][:5].all()


def test_a_copy_is_nearer_than_every_held_out_image_by_a_tenth():
    unseen = evenly(100), no_pictures(100)
    found = copies.find((at(0, 0.908, 0.91, 1.0, 1.02), no_pictures(5)), unseen)
    assert found["threshold"].to_numpy() == pytest.approx(0.909)
    assert list(found["copy"]) == [True, True, False, False, False]
    # the 1 % quantile of 1.01 to 2.00 is 1.0199
    assert list(found["near"]) == [True, True, True, True, False]


def test_images_at_one_distance_are_no_copies():
    found = copies.find((at(1, 1), no_pictures(2)), (at(*[1] * 100), no_pictures(100)))
    assert not found["copy"].any()
    nothing_but_copies = at(*[0] * 100)
    assert not copies.find((at(0, 0), no_pictures(2)), (nothing_but_copies, no_pictures(100)))["copy"].any()


def test_with_few_held_out_images_features_tell_nothing_and_pictures_do():
    few = copies.LEAST_HELD_OUT - 1
    found = copies.find((at(0, 0), pictures(0, 0.9)), (evenly(few), no_pictures(few)))
    assert found["threshold"].isna().all()
    assert list(found["copy"]) == [False, True]
    assert copies.count(found, ["a", "a"], few)["n_near"].isna().all()


def test_nothing_is_found_among_no_images_and_held_out_ones_may_be_absent():
    nothing = copies.find(
        (copies.nearest(*np.zeros((2, 0, 3)), np.zeros((4, 3))), no_pictures(0)), (at(), no_pictures(0))
    )
    assert nothing.empty
    (row,) = copies.count(nothing, [], 0).to_dict("records")
    assert (row["n_copies"], row["n_images"]) == (0, 0)
    assert np.isnan([row["copies_share"], row["copies_low"], row["copies_high"]]).all()
    found = copies.find((at(0, 5), pictures(1, 0)), (at(), no_pictures(0)))
    assert list(found["copy"]) == [True, False]


def test_held_out_images_that_are_training_images_do_not_hide_copies():
    unseen = evenly(200)
    unseen.distance[0] = 0
    strays = no_pictures(200)
    strays.correlation[0] = 0.99
    found = copies.find((at(0.5, 1.5), no_pictures(2)), (unseen, strays))
    assert list(found["copy"]) == [True, False]


def test_where_unseen_images_look_alike_too_a_picture_must_be_more_alike_than_they():
    alike = pictures(*[0.9] * 10, *[0.0] * 90)
    found = copies.find((at(5, 5), pictures(0.89, 0.95)), (evenly(100), alike))
    assert list(found["copy"]) == [False, True]


def test_the_best_picture_of_each_image_is_taken():
    pairs = pd.DataFrame(
        [(2, 7, 0.8, False), (2, 4, 0.9, True), (0, 1, 0.75, False)],
        columns=["query", "reference", "correlation", "mirrored"],
    )
    best = copies.best_pictures(pairs, 4)
    assert list(best.correlation) == [0.75, 0, 0.9, 0]
    assert (best.place[0], best.place[2]) == (1, 4)
    assert list(best.mirrored) == [False, False, True, False]
    assert not copies.best_pictures(pairs[:0], 2).correlation.any()


def test_classes_are_counted_each():
    found = copies.find((at(0, 0, 5), no_pictures(3)), (evenly(100), no_pictures(100)))
    table = copies.count(found, ["b", "a", "b"], 100).set_index("class")
    assert list(table.index) == [ALL, "a", "b"]
    assert list(table["n_copies"]) == [2, 1, 1]
    assert list(table["n_images"]) == [3, 1, 2]


def test_the_interval_is_wilsons():
    # 1 of 10 by hand: (0.1 + z^2 / 20 ± z sqrt(0.009 + z^2 / 400)) / (1 + z^2 / 10)
    assert copies.interval(1, 10) == pytest.approx((0.01788, 0.40415), abs=1e-5)
    assert copies.interval(0, 150) == pytest.approx((0, 0.02497), abs=1e-5)


def test_the_list_has_all_copies_and_the_closest_others():
    generated = pd.DataFrame({"label": ["a"] * 30, "seed": range(30)})
    training = pd.DataFrame({"file": [f"{place}.png" for place in range(30)], "label": "a"})
    near = at(*np.linspace(3, 2, 30))
    table = copies.listed(copies.find((near, no_pictures(30)), (evenly(100), no_pictures(100))), generated, training)
    assert list(table) == [column for column in copies.COLUMNS if column not in ("generator", "seed", "extractor")]
    assert list(table["image"]) == list(range(29, 19, -1))
    assert list(table["train_file"][:2]) == ["29.png", "28.png"]
    assert not table["copy"].any()
    every = copies.listed(
        copies.find((at(*[0] * 30), no_pictures(30)), (evenly(100), no_pictures(100))), generated, training
    )
    assert len(every) == 30
