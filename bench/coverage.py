"""How often a study's intervals hold the truth, by simulation: many studies whose truth is known, through the summary's
own functions.

    python bench/coverage.py --studies 1000 --processes 2 > coverage.csv

A score of an image is the sum of normal effects of its patient, of itself, and of how patient, image, arm and training
go together; each training of an arm has a separation of the classes of its own. So the ROC AUC of an arm, over all
trainings and patients, is known in closed form. Everything is drawn anew in each study but the number of images of each
patient, 1 to 3.
"""

import argparse
import itertools
import multiprocessing
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from chestgan.study import arm_table, differences, intervals, jackknife
from chestgan.study.inputs import Runs
from chestgan.study.jackknife import LeftOut

# shares of the variance of images of a class: of patients, of patients by arm, of images, of images by arm, and of
# images by training. A patient's score correlates by .6 between two arms
SHARES = {"patient": 0.4, "patient_arm": 0.1, "image": 0.2, "image_arm": 0.1, "image_training": 0.2}
CONFIDENCE = 0.95
PATIENTS = (20, 40, 136)
SEEDS = (2, 3, 5, 10)
# standard deviation over trainings of the true difference, by that over test patients of the difference of one training
RATIOS = (0.3, 1.0, 3.0)
# the true ROC AUC of the arm real, and of another
AUCS = ((0.7, 0.7), (0.7, 0.75), (0.98, 0.98), (0.98, 0.96))
# studies of the arm real and seven that are like it
NULL_STUDIES = tuple(itertools.product((0.7, 0.98), (40, 136), (2, 3, 5), (0.3, 3.0)))
N_NULL_ARMS = 7


class Cell(NamedTuple):
    """Studies of one kind: the true ROC AUC of each arm, of the arm real first."""

    aucs: tuple[float, ...]
    n_patients: int
    n_seeds: int
    ratio: float


def main() -> None:
    """Simulate every cell and write a row of CSV for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--studies", type=int, default=1000, help="of each cell")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    pairs = [Cell(*values) for values in itertools.product(AUCS, PATIENTS, SEEDS, RATIOS)]
    nulls = [Cell((auc,) * (1 + N_NULL_ARMS), *others) for auc, *others in NULL_STUDIES]
    work = [(cell, arguments.studies, arguments.seed) for cell in (*nulls, *pairs)]
    header = True
    with multiprocessing.Pool(arguments.processes) as pool:
        for row in pool.imap(measure, work):
            print(pd.DataFrame([row]).to_csv(index=False, header=header), end="", flush=True)
            header = False


def measure(work: tuple[Cell, int, int]) -> dict[str, float]:
    """Simulate studies of a cell.

    Returns:
        What it was; of all comparisons the share that has an interval; of these the share whose interval holds the
        truth, and its median width; the share of studies that say better or worse of an arm, after Bonferroni; and the
        share of studies in which the interval of the score of real images holds the truth.
    """
    cell, n_studies, seed = work
    numbers = (*np.multiply(cell.aucs[:2], 1000), len(cell.aucs), *cell[1:3], 10 * cell.ratio)
    random = np.random.default_rng([seed, *(round(number) for number in numbers)])
    tau = spread_of_trainings(cell, random)
    told, covered, widths, verdicts, own = [], [], [], [], []
    truths = np.array(cell.aucs[1:]) - cell.aucs[0]
    for _ in range(n_studies):
        runs = simulate(cell, tau, random)
        left_out = jackknife.leave_out(runs.test["patient"].to_numpy(), runs.test["label"].to_numpy())
        table = differences.with_differences(arms_of(runs), runs, left_out, "roc_auc", CONFIDENCE)[1:]
        known = table["difference_low"].notna().to_numpy()
        low, high = (table[f"difference_{end}"].to_numpy() for end in ("low", "high"))
        told.append(known)
        covered.append(((low <= truths) & (truths <= high))[known])
        widths.append((high - low)[known])
        verdicts.append(((table["family_low"] > 0) | (table["family_high"] < 0)).any())
        own.append(own_interval(runs, left_out))
    covered, widths = np.concatenate(covered), np.concatenate(widths)
    return {
        "auc_real": cell.aucs[0],
        "auc": cell.aucs[1],
        "arms": len(truths),
        "test_patients": cell.n_patients,
        "seeds": cell.n_seeds,
        "ratio": cell.ratio,
        "studies": n_studies,
        "with_interval": round(float(np.mean(told)), 3),
        "covered": round(float(covered.mean()), 3) if len(covered) else None,
        "width": round(float(np.median(widths)), 3) if len(widths) else None,
        "better_or_worse": round(float(np.mean(verdicts)), 3),
        "score_covered": round(float(np.mean([low <= cell.aucs[0] <= high for low, high in own])), 3),
    }


def simulate(cell: Cell, tau: float, random: np.random.Generator) -> Runs:
    """Simulate a study: half of the test patients of either class, the arm real in the first rows."""
    images = random.integers(1, 4, cell.n_patients)
    patient = np.repeat(np.arange(cell.n_patients), images)
    positive = patient < cell.n_patients // 2
    scores = draw_scores(cell, positive, patient, tau, random)
    names = [("real", "-"), *((f"arm{number}", "gan") for number in range(len(cell.aucs) - 1))]
    rows = [(*name, "real", seed, seed) for name in names for seed in range(cell.n_seeds)]
    labels = np.where(positive, "covid", "normal")
    shape = (len(rows), len(patient))
    return Runs(
        table=pd.DataFrame(rows, columns=["arm", "generator", "train_on", "generator_seed", "seed"]),
        scores=pd.DataFrame(),
        test=pd.DataFrame({"file": np.arange(len(patient)), "patient": patient, "label": labels}),
        predicted=np.broadcast_to(labels.astype(object), shape),
        decided=np.broadcast_to(positive, shape),
        probabilities=scores.reshape(shape),
        classes=["covid", "normal"],
        positive_class="covid",
    )


def draw_scores(
    cell: Cell, positive: np.ndarray, patient: np.ndarray, tau: float, random: np.random.Generator
) -> np.ndarray:
    """Draw the score of each image by each training of each arm, real first: (arms, seeds, images)."""
    n_arms, n_images = len(cell.aucs), len(positive)
    effects = {
        "patient": random.standard_normal((1, 1, cell.n_patients))[..., patient],
        "patient_arm": random.standard_normal((n_arms, 1, cell.n_patients))[..., patient],
        "image": random.standard_normal((1, 1, n_images)),
        "image_arm": random.standard_normal((n_arms, 1, n_images)),
        "image_training": random.standard_normal((n_arms, cell.n_seeds, n_images)),
    }
    mean = mean_separation(np.array(cell.aucs), tau)
    separation = mean[:, None] + tau * random.standard_normal((n_arms, cell.n_seeds))
    noise = sum(np.sqrt(SHARES[name]) * effect for name, effect in effects.items())
    return noise + separation[..., None] * positive


def mean_separation(aucs: np.ndarray, tau: float) -> np.ndarray:
    """Compute the mean separation of the classes with which the AUC over all trainings and patients is the true one."""
    from scipy.special import ndtri

    return np.sqrt(2 + tau**2) * ndtri(aucs)


def spread_of_trainings(cell: Cell, random: np.random.Generator) -> float:
    """Find the standard deviation of the separation over trainings that gives the ratio; at most 20."""
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    pair = cell._replace(aucs=cell.aucs[:2], n_seeds=1)
    of_patients = np.std([np.subtract(*aucs(simulate(pair, 0.0, random))) for _ in range(400)])
    normal = ndtri((np.arange(1000) + 0.5) / 1000)

    def excess(tau: float) -> float:
        means = mean_separation(np.array(pair.aucs), tau)
        variances = [np.var(ndtr((mean + tau * normal) / np.sqrt(2))) for mean in means]
        return np.sqrt(sum(variances)) - cell.ratio * of_patients

    return 20.0 if excess(20.0) < 0 else brentq(excess, 0, 20)


def aucs(runs: Runs) -> np.ndarray:
    """Compute the ROC AUC of every run."""
    ones = np.ones((1, len(runs.test)))
    return np.array([arm_table.run_scores(runs, run, "roc_auc", ones)[0] for run in range(len(runs.table))])


def own_interval(runs: Runs, left_out: LeftOut) -> tuple[float, float]:
    """Compute the interval of the score of real images."""
    trainings = differences.trainings(runs, "roc_auc", left_out)["real", "-"].trainings
    estimate = intervals.of_mean(trainings, left_out.stratum)
    return intervals.score_interval(estimate, CONFIDENCE, differences.patients_of_smaller_class(runs))


def arms_of(runs: Runs) -> pd.DataFrame:
    """List the arms of a simulated study."""
    return runs.table.drop_duplicates(["arm", "generator"])[["arm", "generator", "train_on"]].reset_index(drop=True)


if __name__ == "__main__":
    main()
