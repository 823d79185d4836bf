"""The frame of a copy is found, whatever it was, and no frame makes one picture of two."""

import numpy as np
import pytest

from chestgan.data import framing, registration
from pictures import picture


def compare(first: np.ndarray, second: np.ndarray, mirrored: bool = False, threads: int = 1):
    pairs = np.repeat(np.arange(len(first))[:, None], 2, axis=1)
    return registration.compare(first, second, pairs, np.full(len(first), mirrored), threads)


@pytest.fixture(scope="module")
def some() -> np.ndarray:
    return np.stack([framing.thumbnail(picture(seed, 128, 128)) for seed in range(8)])


@pytest.mark.parametrize(
    "frame", [(1,), (0.9,), (0.8,), (0.9, 1, -1), (0.95, 0, 0, 3), (0.95, 0, 0, -3)], ids=lambda frame: f"frame {frame}"
)
def test_the_frame_of_a_copy_is_found(some: np.ndarray, frame: tuple) -> None:
    found = compare(some, framing.closer(some, *frame))
    assert (found["correlation"] > 0.8).all()
    assert not found["inverted"].any()
    assert (found["moved"] < 0.01).all() if frame == (1,) else (found["moved"] > 0.02).all()


def test_what_both_show_is_measured(some: np.ndarray) -> None:
    found = compare(some, framing.closer(some, 0.8))
    np.testing.assert_allclose(found["overlap"], 0.64, atol=0.06)
    np.testing.assert_allclose(found["moved"], 0.125, atol=0.02)


def test_mirror_images_and_negatives_are_found(some: np.ndarray) -> None:
    assert (compare(some, some[:, :, ::-1], mirrored=True)["correlation"] > 0.95).all()
    found = compare(some, 255 - some)
    assert (found["correlation"] > 0.95).all()
    assert found["inverted"].all()


def test_two_pictures_are_not_one(some: np.ndarray) -> None:
    found = compare(some, np.roll(some, 1, axis=0))
    assert (found["correlation"] < 0.5).all()


def test_flat_pictures_are_alike_in_nothing() -> None:
    flat = np.full((2, 64, 64), 7, dtype=np.uint8)
    assert (compare(flat, flat)["correlation"] <= 0).all()


def test_blocks_and_threads_change_nothing(some: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare(some, framing.closer(some, 0.9))
    monkeypatch.setattr(registration, "_PAIRS_AT_ONCE", 3)
    blocks = compare(some, framing.closer(some, 0.9), threads=2)
    np.testing.assert_allclose(blocks.to_numpy(float), whole.to_numpy(float), atol=1e-3)
