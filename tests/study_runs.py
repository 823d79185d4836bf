"""Runs of a study in memory, of images that are predicted rightly or not."""

import numpy as np
import pandas as pd

from chestgan.metrics.score_tables import SCORES
from chestgan.study import arm_table
from chestgan.study.inputs import Runs

REAL, COVIDGAN, DCGAN = ("real", "-"), ("real_synthetic", "covidgan"), ("real_synthetic", "dcgan")
AUGMENTED, ALONE = ("real_augmented", "-"), ("synthetic", "covidgan")


def make_runs(correct: dict[tuple[str, str], list[np.ndarray]], images_a_patient: int = 1) -> Runs:
    """Make runs on as many covid as normal images, by arm and seed: (N,) bool, which images were predicted rightly."""
    n = len(next(iter(correct.values()))[0])
    labels = np.repeat(["covid", "normal"], n // 2)
    others = np.repeat(["normal", "covid"], n // 2)
    patients = [f"p{i // images_a_patient:04d}" for i in range(n)]
    arms = [(arm, seed, right) for arm, seeds in correct.items() for seed, right in enumerate(seeds)]
    predicted = np.array([np.where(right, labels, others) for _, _, right in arms], dtype=object)
    probabilities = np.where(predicted == "covid", 0.9, 0.1)
    table = pd.DataFrame([{"arm": arm, "generator": generator, "seed": seed} for (arm, generator), seed, _ in arms])
    train_on = table["arm"].str.removesuffix("_augmented")
    table = table.assign(
        train_on=train_on,
        augment=table["arm"] != train_on,
        generator_seed=table["seed"],
        real_fraction=1.0,
        n_real_patients=20,
        n_train_real=40,
        n_train_synthetic=20,
        unfinished=False,
    )
    runs = Runs(
        table=table,
        scores=pd.DataFrame(),
        test=pd.DataFrame({"file": range(n), "patient": patients, "label": labels}),
        predicted=predicted,
        decided=predicted == "covid",
        probabilities=probabilities,
        classes=["covid", "normal"],
        positive_class="covid",
    )
    ones = np.ones((1, n))
    rows = [
        {"arm": arm, "generator": generator, "label": label, "positive": label == "covid"}
        # what stands in the row of the other class must not be taken
        | {score: arm_table.run_scores(runs, run, score, ones)[0] * (label == "covid") for score in SCORES}
        for run, ((arm, generator), _, _) in enumerate(arms)
        for label in ("covid", "normal")
    ]
    return Runs(**vars(runs) | {"scores": pd.DataFrame(rows)})


def right(*groups: tuple[int, bool]) -> np.ndarray:
    """Say of groups of images whether they are predicted rightly."""
    return np.concatenate([np.full(n, value) for n, value in groups])
