"""Distances against scipy's."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from chestgan.metrics import neighbours
from chestgan.metrics.neighbours import distances


@pytest.mark.parametrize(("n_a", "n_b", "dimension"), [(7, 11, 5), (1, 1, 1), (1, 4, 1280), (30, 2, 3)])
def test_distances_are_those_of_scipy(n_a: int, n_b: int, dimension: int) -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(1, 2, (n_a, dimension)), random.normal(0, 1, (n_b, dimension))
    assert distances(a, b).shape == (n_a, n_b)
    np.testing.assert_allclose(distances(a, b), cdist(a, b), rtol=1e-12)


def test_by_hand() -> None:
    np.testing.assert_array_equal(distances([[0, 0], [3, 0]], [[3, 4]]), [[5.0], [4.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_other_types_are_computed_in_float64(dtype: type) -> None:
    a = np.array([[200, 100], [250, 3]], dtype=dtype)
    found = distances(a, a[::-1])
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, cdist(a.astype(float), a[::-1].astype(float)), rtol=1e-12)


def test_rounding_never_makes_a_distance_to_itself_nan() -> None:
    a = np.random.default_rng(0).normal(10, 1, (200, 50)).astype(np.float32)
    own = np.diagonal(distances(a, a))
    assert not np.isnan(own).any()
    np.testing.assert_allclose(own, 0, atol=1e-5)


@pytest.mark.parametrize("pairs_at_once", [1, 11, 40, 10_000])
def test_the_nearest_is_found_whatever_fits_into_memory(monkeypatch: pytest.MonkeyPatch, pairs_at_once: int) -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(30, 4)), random.normal(size=(11, 4))
    monkeypatch.setattr(neighbours, "_PAIRS_AT_ONCE", pairs_at_once)
    distance, place = neighbours.nearest(a, b)
    np.testing.assert_allclose(distance, cdist(a, b).min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(place, cdist(a, b).argmin(axis=1))


def test_of_nothing_nothing_is_nearest() -> None:
    distance, place = neighbours.nearest(np.zeros((0, 3)), np.zeros((2, 3)))
    assert (distance.shape, place.shape) == ((0,), (0,))
