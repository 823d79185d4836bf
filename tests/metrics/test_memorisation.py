"""Memorisation: the DCR ratio by hand."""

import numpy as np
import pytest

from chestgan.metrics.memorisation import dcr_ratio


def test_by_hand():
    train = np.array([[0.0, 0.0], [10.0, 0.0]])
    test = np.array([[0.0, 4.0], [10.0, -2.0], [10.0, 100.0]])
    synthetic = np.array([[1.0, 0.0], [10.0, 3.0], [0.0, -2.0]])
    assert dcr_ratio(train, test, synthetic) == pytest.approx(2 / 4)


def test_copies_and_new_images():
    random = np.random.default_rng(0)
    train, test, new = random.normal(size=(3, 400, 20))
    assert dcr_ratio(train, test, new) == pytest.approx(1, abs=0.03)
    copies = train[:200] + random.normal(0, 0.01, size=(200, 20))
    assert dcr_ratio(train, test, copies) < 0.02
    assert dcr_ratio(train, test, 3 * new) > 1.5
