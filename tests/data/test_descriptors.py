"""A description stays near that of the picture in another frame, and the search in blocks is the search over all."""

import numpy as np
import pytest

from chestgan.data import descriptors, framing
from pictures import picture


def thumbnails(n_pictures: int) -> np.ndarray:
    return np.stack([framing.thumbnail(picture(seed, 128, 128)) for seed in range(n_pictures)])


def test_histograms_of_a_mirror_image_follow_from_those_of_the_picture() -> None:
    some = thumbnails(3)
    turned = descriptors.mirrored(descriptors.histograms(some))
    np.testing.assert_allclose(turned, descriptors.histograms(some[:, :, ::-1]), atol=1e-4)


def test_a_negative_has_the_histograms_of_its_positive() -> None:
    some = thumbnails(3)
    np.testing.assert_allclose(descriptors.histograms(255 - some), descriptors.histograms(some), atol=1e-4)


def test_a_picture_is_nearest_to_itself_in_a_closer_frame() -> None:
    some = thumbnails(30)
    projection = descriptors.train(some)
    plain, closer = (projection.apply(descriptors.histograms(these)) for these in (some, framing.closer(some, 0.85)))
    assert ((closer @ plain.T).argmax(axis=1) == np.arange(30)).all()


@pytest.mark.parametrize("image", [np.zeros((2, 64, 64), np.uint8), thumbnails(1)], ids=["flat", "one"])
def test_what_has_nothing_to_tell_apart_has_finite_descriptions(image: np.ndarray) -> None:
    described = descriptors.train(image).apply(descriptors.histograms(image))
    assert np.isfinite(described).all()


def test_the_search_in_blocks_is_the_search_over_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    queries, references = (random.normal(size=(n, 4)).astype(np.float32) for n in (23, 41))
    queries, references = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, references))
    kin = random.integers(0, 3, 23), random.integers(0, 3, 41)
    cosines = np.where(kin[0][:, None] == kin[1], -2, queries @ references.T)
    expected = np.argsort(-cosines, axis=1)[:, :5]
    expected = np.where(np.take_along_axis(cosines, expected, axis=1) > 0.6, expected, -1)
    monkeypatch.setattr(descriptors, "_QUERIES_AT_ONCE", 5)
    monkeypatch.setattr(descriptors, "_REFERENCES_AT_ONCE", 7)
    assert descriptors.nearest(queries, references, 5, 0.6, kin).tolist() == expected.tolist()
