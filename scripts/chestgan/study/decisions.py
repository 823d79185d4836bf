"""What the classifiers decided: two-by-two tables, and the images that every seed of an arm got wrong."""

import numpy as np
import pandas as pd

from chestgan.study.arms import ARM
from chestgan.study.inputs import Runs


def two_by_two(runs: Runs) -> pd.DataFrame:
    """Count the decisions of every run on the test images, the positive class against the rest.

    Returns:
        A row for each run: arm, generator, seed, true_positive, false_negative, false_positive, true_negative.
    """
    truth = (runs.test["label"] == runs.positive_class).to_numpy()
    counts = {
        "true_positive": (runs.decided & truth).sum(axis=1),
        "false_negative": (~runs.decided & truth).sum(axis=1),
        "false_positive": (runs.decided & ~truth).sum(axis=1),
        "true_negative": (~runs.decided & ~truth).sum(axis=1),
    }
    return runs.table[[*ARM, "seed"]].assign(**counts)


def wrong_in_all_seeds(runs: Runs) -> pd.DataFrame:
    """List the test images whose class no seed of an arm predicted.

    Returns:
        A row for each arm and such image, in the order of the arms: arm, generator, file, patient, label.
    """
    wrong = runs.predicted != runs.test["label"].to_numpy()
    found = []
    for (arm, generator), rows in runs.table.groupby(ARM, sort=False).indices.items():
        images = runs.test.loc[np.all(wrong[rows], axis=0), ["file", "patient", "label"]]
        found.append(images.assign(arm=arm, generator=generator)[[*ARM, "file", "patient", "label"]])
    return pd.concat(found, ignore_index=True)
