"""The calibration of a study's classifiers: whether images with a probability of .8 are positive in 80 % of cases."""

from typing import Any

import numpy as np
import pandas as pd

from chestgan.study.arms import ARM
from chestgan.study.inputs import Runs

# fewest images, over all seeds, of a point of the curve, and most points
_LEAST_IMAGES, _MOST_POINTS = 20, 10
# nearer to 0 or 1 a probability counts as this far from it
_NEAREST = 1e-9


def calibration(runs: Runs) -> list[dict[str, Any]]:
    """Measure the calibration of every arm on the test images (Van Calster et al. 2019).

    Returns:
        For each arm: arm, generator, `slope` (1 is right; below 1 probabilities are too extreme) and `intercept` (0 is
        right; above 0 probabilities are too low), means over the seeds, None where a run tells the classes apart
        without error; and `points` of the curve over all seeds: predicted and observed share, and images.
    """
    truth = (runs.test["label"] == runs.positive_class).to_numpy()
    found = []
    for (arm, generator), rows in runs.table.groupby(ARM, sort=False).indices.items():
        fitted = np.array([slope_and_intercept(truth, runs.probabilities[run]) for run in rows]).mean(axis=0)
        slope, intercept = (float(value) if np.isfinite(value) else None for value in fitted)
        points = curve(np.tile(truth, len(rows)), runs.probabilities[rows].ravel())
        found.append({"arm": arm, "generator": generator, "slope": slope, "intercept": intercept, "points": points})
    return found


def slope_and_intercept(truth: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """Fit truth to the logit of the probability: its slope, and the intercept that a slope of 1 needs.

    Args:
        truth: (N,) bool.
        probability: (N,) in [0, 1].

    Returns:
        Both nan where the classes are told apart without error: no finite slope fits these best.
    """
    # here, for they take longer to import than what else summarises a study
    from scipy.optimize import brentq
    from scipy.special import expit, logit
    from sklearn.linear_model import LogisticRegression

    if probability[truth].min() > probability[~truth].max() or probability[truth].max() < probability[~truth].min():
        return float("nan"), float("nan")
    values = logit(np.clip(probability, _NEAREST, 1 - _NEAREST))
    slope = LogisticRegression(C=np.inf, max_iter=1000).fit(values[:, None], truth).coef_.item()
    return slope, brentq(lambda intercept: expit(values + intercept).mean() - truth.mean(), -50, 50)


def curve(truth: np.ndarray, probability: np.ndarray) -> list[dict[str, float]]:
    """Compare predicted with observed shares in groups of like probability, as many images in each.

    Args:
        truth: (N,) bool.
        probability: (N,) in [0, 1].
    """
    n_points = int(np.clip(len(truth) // _LEAST_IMAGES, 1, _MOST_POINTS))
    groups = pd.qcut(probability, n_points, labels=False, duplicates="drop")
    table = pd.DataFrame({"predicted": probability, "observed": truth.astype(float)})
    points = table.groupby(groups).agg(predicted=("predicted", "mean"), observed=("observed", "mean"))
    return points.assign(n_images=table.groupby(groups).size()).to_dict("records")
