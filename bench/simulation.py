"""How often a study's intervals hold the truth, by simulation: studies whose truth is known, through the summary's own
functions.

    python bench/simulation.py --processes 2 --write

A score of an image is the sum of normal effects of its patient, of itself, and of how patient, image, arm and training
go together; each training of an arm has a separation of the classes of its own. So the ROC AUC of an arm, over all
trainings and patients, is known in closed form. Everything is drawn anew in each study but the number of images of each
patient, 1 to 3.
"""

import argparse
import itertools
import multiprocessing
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bench import table, with_tables
from sizes import SCRIPTS

sys.path.insert(0, str(SCRIPTS))

from chestgan.study import arm_table, differences, intervals
from chestgan.study.intervals import Estimate, Trainings

PAGE = SCRIPTS.parent / "docs" / "statistics.md"
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


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate every cell, print a row for each, and write the tables of docs/statistics.md where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--studies", type=int, default=1000, help="of each cell")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the tables of docs/statistics.md")
    arguments = parser.parse_args(argv)
    pairs = [Cell(*values) for values in itertools.product(AUCS, PATIENTS, SEEDS, RATIOS)]
    nulls = [Cell((auc,) * (1 + N_NULL_ARMS), *others) for auc, *others in NULL_STUDIES]
    work, rows = [(cell, arguments.studies, arguments.seed) for cell in (*pairs, *nulls)], []
    with multiprocessing.Pool(arguments.processes) as pool:
        for row in pool.imap(measure, work):
            rows.append(row)
            print(*row.values(), sep=",", flush=True)
    if arguments.write:
        caption = f"{arguments.studies} studies a cell, seed {arguments.seed}."
        PAGE.write_text(with_tables(PAGE.read_text(), tables(pd.DataFrame(rows)), caption))
    return 0


def tables(rows: pd.DataFrame) -> dict[str, str]:
    """Lay out the results of all cells as two tables in Markdown: coverage, and verdicts where nothing differs."""
    headings = {"auc_real": "AUC of real", "auc": "AUC of the other", "test_patients": "test patients"}
    pairs, nulls = rows[rows["arms"] == 1], rows[rows["arms"] > 1]
    covered = [
        [
            *(f"{value:g}" for value in names),
            *(_percent(group.loc[group["seeds"] == n, "covered"]) for n in sorted(pairs["seeds"].unique())),
            f"{_percent(pd.Series([group['with_interval'].min(), group['with_interval'].max()]))}",
        ]
        for names, group in pairs.groupby(list(headings), sort=False)
    ]
    wrong = [
        [
            *(f"{value:g}" for value in names),
            *(_percent(group.loc[group["seeds"] == n, "better_or_worse"], 1) for n in sorted(nulls["seeds"].unique())),
        ]
        for names, group in nulls.groupby(["auc", "test_patients"], sort=False)
    ]
    seeds = [[f"{n} seeds" for n in sorted(part["seeds"].unique())] for part in (pairs, nulls)]
    return {
        "coverage": table([*headings.values(), *seeds[0], "with an interval, from to"], covered),
        "verdicts": table(["AUC", "test patients", *seeds[1]], wrong),
    }


def _percent(shares: pd.Series, digits: int = 0) -> str:
    """Write shares in percent, a dash where there is none."""
    return " / ".join("–" if pd.isna(share) else f"{100 * share:.{digits}f}" for share in shares)


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
    n, truths = cell.n_patients // 2, np.array(cell.aucs[1:]) - cell.aucs[0]
    ends, verdicts, own = [], [], []
    for _ in range(n_studies):
        (real, *others), stratum = trainings(*draw(cell, tau, random))
        compared = [intervals.of_difference(arm, real, True, stratum) for arm in others]
        known = [not differences.too_few_errors((arm.values.mean() + real.values.mean()) / 2, n) for arm in others]
        ends.append([interval(*pair, CONFIDENCE) for pair in zip(compared, known, strict=True)])
        together = arm_table.family_confidence(CONFIDENCE, len(others))
        widened = [interval(*pair, together) for pair in zip(compared, known, strict=True)]
        verdicts.append(any(low > 0 or high < 0 for low, high in widened))
        own.append(intervals.score_interval(intervals.of_mean(real, stratum), CONFIDENCE, n))
    low, high = np.moveaxis(np.array(ends), 2, 0)
    known = np.isfinite(low)
    return {
        "auc_real": cell.aucs[0],
        "auc": cell.aucs[1],
        "arms": len(truths),
        "test_patients": cell.n_patients,
        "seeds": cell.n_seeds,
        "ratio": cell.ratio,
        "studies": n_studies,
        "with_interval": round(known.mean(), 3),
        "covered": round(((low <= truths) & (truths <= high))[known].mean(), 3) if known.any() else None,
        "width": round(np.median((high - low)[known]), 3) if known.any() else None,
        "better_or_worse": round(np.mean(verdicts), 3),
        "score_covered": round(np.mean([low <= cell.aucs[0] <= high for low, high in own]), 3),
    }


def interval(estimate: Estimate, known: bool, confidence: float) -> tuple[float, float]:
    """Compute the interval of a difference where the summary gives one."""
    return intervals.difference_interval(estimate, confidence) if known else (np.nan, np.nan)


def draw(cell: Cell, tau: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a study: half of the test patients of either class.

    Returns:
        (arms, seeds, images) scores, (images,) whether positive, and (images,) patients as numbers.
    """
    patient = np.repeat(np.arange(cell.n_patients), random.integers(1, 4, cell.n_patients))
    positive = patient < cell.n_patients // 2
    return draw_scores(cell, positive, patient, tau, random), positive, patient


def trainings(scores: np.ndarray, positive: np.ndarray, patient: np.ndarray) -> tuple[list[Trainings], np.ndarray]:
    """Compute the ROC AUC of every training, and without each patient, as `differences.trainings` does
    by weights, but in closed form.

    Returns:
        The trainings of each arm, and (patients,) the stratum of each, its class.
    """
    from scipy.stats import rankdata

    n_positive, n_negative = positive.sum(), (~positive).sum()
    ranks = rankdata(scores, axis=-1)
    # of each image the share of the other class that it is rightly ordered with
    beaten = (ranks[..., positive] - rankdata(scores[..., positive], axis=-1)) / n_negative
    beating = 1 - (ranks[..., ~positive] - rankdata(scores[..., ~positive], axis=-1)) / n_positive
    left_out, n_patients = [], patient.max() + 1
    for order, chosen in ((beaten, positive), (beating, ~positive)):
        of_patient = patient[chosen][:, None] == np.unique(patient[chosen])
        left_out.append((order.sum(-1, keepdims=True) - order @ of_patient) / (chosen.sum() - of_patient.sum(axis=0)))
    left_out = np.concatenate(left_out, axis=-1)
    stratum = (np.arange(n_patients) >= n_patients // 2).astype(np.int64)
    return [Trainings(*arm) for arm in zip(beaten.mean(-1), left_out, strict=True)], stratum


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
    drawn = (trainings(*draw(pair, 0.0, random))[0] for _ in range(400))
    of_patients = np.std([other.values[0] - real.values[0] for real, other in drawn])
    normal = ndtri((np.arange(1000) + 0.5) / 1000)

    def excess(tau: float) -> float:
        means = mean_separation(np.array(pair.aucs), tau)
        variances = [np.var(ndtr((mean + tau * normal) / np.sqrt(2))) for mean in means]
        return np.sqrt(sum(variances)) - cell.ratio * of_patients

    return 20.0 if excess(20.0) < 0 else brentq(excess, 0, 20)


if __name__ == "__main__":
    sys.exit(main())
