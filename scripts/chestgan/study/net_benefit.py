"""Decision curves: what it is worth to act on a study's classifiers, at every threshold that one may act at."""

from typing import Any

import numpy as np

from chestgan.study.arms import ARM
from chestgan.study.inputs import Runs

# at the ends hardly an image is left to decide about
THRESHOLDS = np.arange(5, 100, 5) / 100


def decision_curves(runs: Runs) -> list[dict[str, Any]]:
    """Measure the net benefit of every arm on the test images, at the share of positive images that they have.

    Returns:
        For each arm: arm, generator, and `net_benefit`, the mean over the seeds at each of `THRESHOLDS`.
    """
    truth = (runs.test["label"] == runs.positive_class).to_numpy()
    return [
        {"arm": arm, "generator": generator, "net_benefit": net_benefit(truth, runs.probabilities[rows]).tolist()}
        for (arm, generator), rows in runs.table.groupby(ARM, sort=False).indices.items()
    ]


def net_benefit(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Compute TP / n - FP / n · t / (1 - t) for each threshold t (Vickers and Elkin 2006), the mean over the runs.

    Args:
        truth: (N,) bool.
        probabilities: (runs, N) in [0, 1]; an image is called positive at t or above.

    Returns:
        (thresholds,) float64, in true positives an image.
    """
    called = probabilities >= THRESHOLDS[:, None, None]
    right, wrong = (called & truth).mean(axis=2), (called & ~truth).mean(axis=2)
    return (right - wrong * (THRESHOLDS / (1 - THRESHOLDS))[:, None]).mean(axis=1)


def of_calling_all(truth: np.ndarray) -> np.ndarray:
    """Compute the net benefit of calling every image positive: (thresholds,) float64; that of calling none is 0."""
    return net_benefit(truth, np.ones((1, len(truth))))
