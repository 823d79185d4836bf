"""Summarise a study: its tables, the figures, and the verdict on synthetic images.

    python scripts/summarise_study.py --real results/demo/split --generated results/demo/covidgan/seed-*/generated \\
        --history results/demo/covidgan/seed-*/train --fid results/demo/covidgan/seed-*/fid \\
        --classifier results/demo/classifier/*/seed-* --output results/demo/study

Every arm is compared with the arm `real` on the same test images, and what adds synthetic images to real ones with the
arm `real_augmented` too; an interval comes from a bootstrap over patients and over the seeds of the trainings.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from chestgan.base import commandline, figure_style, files, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.settings import argument, setting
from chestgan.base.tables import write_table
from chestgan.images.image_set import ImageSet
from chestgan.metrics.catalogue import METRICS
from chestgan.metrics.score_tables import PRIMARY_SCORES
from chestgan.study import arm_table, figures, generator_table, inputs, verdict
from chestgan.study.arms import ARM
from chestgan.study.figures import Block, Curve
from chestgan.study.inputs import Runs

PROTOCOL = (
    "scores of the positive class on the test patients, mean and standard deviation (n - 1) over the seeds; "
    "difference: mean score of an arm minus that of the arm real; difference_low and _high: its percentile interval at "
    "the confidence from a bootstrap over test patients (the same for both arms) and over seeds; family_low and _high: "
    "the same at 1 - (1 - confidence) / number of comparisons (Bonferroni), which the verdict uses; augmented_: the "
    "same against the arm real_augmented, of arms that add synthetic images to real ones; "
    f"{', '.join(metric.name for metric in METRICS)}: of a generator beside the test patients over all images by the "
    "first extractor, as compute_fid measures them, mean over its seeds; real_*: those of real training images at the "
    "same n, which an arm without generator has too; generators: of each over its seeds mean, standard deviation "
    "(n - 1) and Student's t interval at the confidence; best_validation_kd and last_validation_kd: kernel distance to "
    "the validation patients of the selected and of the last generator, last_to_best_ratio: mean over the seeds"
)
N_COLUMNS = 6


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = argument("image set with a split column, made by split_data")
    generated: tuple[Path, ...] = argument("synthetic sets made by generate_images, of every generator and seed")
    history: tuple[Path, ...] = argument("results of train_acgan, of every generator and seed; tables keep this order")
    fid: tuple[Path, ...] = argument("results of compute_fid, of every generator and seed")
    classifier: tuple[Path, ...] = argument("results of evaluate_classifier, of every arm and seed")
    output: Path = argument("new folder for the table, the figures and the verdict")
    primary_score: str = setting("score of the verdict", "roc_auc", choices=PRIMARY_SCORES)
    confidence: float = setting("confidence of the intervals", 0.95, minimum=0.5, maximum=0.999)
    n_bootstrap: int = setting("resamples of the bootstrap", 2000, minimum=100)
    seed: int = setting("seed of the bootstrap and of the choice of real samples", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)
        for name in ("generated", "history", "fid", "classifier"):
            if not getattr(self, name):
                raise UserError(f"{name} names no folder; expected at least one")


def run(config: Config) -> None:
    """Read all results, check that they fit together, and summarise them; the folder appears whole."""
    files.require_empty(config.output)
    real = inputs.read_real(config.real)
    runs = inputs.read_runs(config.classifier, real)
    distances = inputs.read_distances(config.fid)
    diversity = inputs.read_diversity(config.fid)
    histories = inputs.read_histories(config.history)
    synthetic = inputs.read_synthetic(config.generated, real)
    inputs.require_generators(runs, distances, histories, synthetic)
    arm_table.require_equal_scores(runs)
    table = arm_table.arm_table(runs.table, runs.scores, runs.test)
    require_resamples(config, arm_table.n_comparisons(table))
    table = arm_table.with_differences(
        table, runs, config.primary_score, config.confidence, config.n_bootstrap, config.seed
    )
    measured = generator_table.measured(distances, diversity)
    table = arm_table.with_metrics(table, measured)
    answer = {
        "verdict": verdict.verdict(table, config.primary_score, config.confidence),
        "caveats": verdict.caveats(table, runs.test, real.manifest),
    }
    tables = {"study": table, "scores": runs.scores, "distances": distances, "diversity": diversity}
    tables |= {"generators": generator_table.table(measured, histories, config.confidence)}
    with files.new_folder(config.output) as folder:
        for name, content in tables.items():
            write_table(folder / f"{name}.csv", content)
        (folder / "verdict.txt").write_text(verdict.as_text(**answer))
        files.write_json(folder / "study.json", answer | provenance(config, runs, tables))
        drawn = plot_scores(runs, table, config.primary_score) | plot_generators(distances, diversity, histories)
        for name, figure in (drawn | plot_samples(real, synthetic, config.seed)).items():
            figure_style.save(figure, folder / f"{name}.png")


def require_resamples(config: Config, n_comparisons: int) -> None:
    """Refuse fewer resamples than reach beyond both ends of the widest interval."""
    tail = (1 - arm_table.family_confidence(config.confidence, n_comparisons)) / 2
    if config.n_bootstrap * tail < 1:
        raise UserError(
            f"n_bootstrap is {config.n_bootstrap}, too few for {n_comparisons} comparisons at a confidence of "
            f"{config.confidence}; expected at least {int(np.ceil(1 / tail))}"
        )


def provenance(config: Config, runs: Runs, tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Collect what was compared, how, and from which files."""
    by_class = runs.test.groupby("label")
    read = [config.real / "images.npy", config.real / "manifest.csv"]
    read += [folder / name for folder in config.fid for name in ("distances.csv", "diversity.csv")]
    read += [folder / "history.csv" for folder in config.history]
    read += [folder / "images.npy" for folder in config.generated]
    read += [folder / name for folder in config.classifier for name in ("predictions.csv", "scores.csv")]
    return {
        "script": "summarise_study",
        "settings": vars(config),
        "protocol": PROTOCOL,
        "positive_class": runs.positive_class,
        "counts": {
            "runs": len(runs.table),
            "comparisons": arm_table.n_comparisons(tables["study"]),
            "test_images": by_class.size().to_dict(),
            "test_patients": by_class["patient"].nunique().to_dict(),
        },
        "arms": records(tables["study"]),
        **{name: records(tables[name]) for name in ("scores", "distances", "diversity", "generators")},
        "sha256": {str(path): files.sha256(path) for path in read},
        "versions": versions("numpy", "pandas", "scipy", "scikit-learn", "matplotlib"),
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a table into rows for JSON, which knows no nan."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def plot_scores(runs: Runs, table: pd.DataFrame, primary_score: str) -> dict[str, Figure]:
    """Draw the ROC curves and the scores of the arms, by the name of the file."""
    of = f"on {len(runs.test)} images of {runs.test['patient'].nunique()} test patients"
    rest = next(label for label in runs.classes if label != runs.positive_class)
    rest = rest if len(runs.classes) == 2 else "all others"
    of_curves = f"ROC curves of {runs.positive_class} against {rest} {of}; line: mean over seeds, shade: range"
    of_scores = (
        f"Scores of {runs.positive_class} {of}; point: one seed, bar: mean over seeds, dotted line: mean of real"
    )
    positive = runs.scores[runs.scores["label"] == runs.positive_class]
    return {
        "roc": figures.roc(roc_curves(runs, table), of_curves),
        "scores": figures.scores(positive, table, primary_score, of_scores),
    }


def roc_curves(runs: Runs, table: pd.DataFrame) -> list[Curve]:
    """Average the ROC curves of every arm over its seeds."""
    # here, for it brings scikit-learn, which takes longer to import than all else
    from chestgan.metrics.scores import roc_on_grid

    truth = (runs.test["label"] == runs.positive_class).to_numpy()
    rows = runs.table.groupby(ARM, sort=False).indices
    curves = []
    for arm, generator, auc in table[[*ARM, "roc_auc_mean"]].itertuples(index=False, name=None):
        false_positive, rates = roc_on_grid(truth, runs.probabilities[rows[arm, generator]])
        ends = rates.mean(axis=0), rates.min(axis=0), rates.max(axis=0)
        curves.append(Curve(arm, generator, len(rates), auc, false_positive, *ends))
    return curves


def plot_generators(distances: pd.DataFrame, diversity: pd.DataFrame, histories: pd.DataFrame) -> dict[str, Figure]:
    """Draw the distances and the diversity of the generators by the first extractor, and their trainings."""
    extractor = distances["extractor"].iloc[0]
    by_first = [table[table["extractor"] == extractor] for table in (distances, diversity)]
    to_test = by_first[0][by_first[0]["reference"] == "test"]
    of_distances = f"Distances of synthetic images to the test patients by {extractor}"
    of_diversity = f"Diversity of synthetic images by {extractor}, and by MS-SSIM"
    of_training = "Distance to the validation patients; line: mean over the seeds, shade: range"
    return {
        "distances": figures.distances(to_test, of_distances),
        "diversity": figures.diversity(by_first[1], of_diversity),
        "training": figures.training(histories, of_training),
    }


def plot_samples(real: ImageSet, synthetic: dict[str, tuple[int, ImageSet]], seed: int) -> dict[str, Figure]:
    """Draw real training images, each of another patient at random, beside the first images of every generator."""
    train = real.manifest[real.manifest["split"] == "train"].sample(frac=1, random_state=seed)
    # a second image of a patient only where there are too few patients
    patients_first = train.groupby(["label", "patient"]).cumcount().sort_values(kind="stable").index
    blocks = [Block("real training patients", first_images(real, train.loc[patients_first]))]
    for generator, (training_seed, images) in synthetic.items():
        blocks.append(Block(f"{generator}, seed {training_seed}", first_images(images, images.manifest)))
    title = "Real training images, and each generator's first ones: one row per class, none picked"
    return {"samples": figures.samples(blocks, real.classes, title)}


def first_images(images: ImageSet, rows: pd.DataFrame) -> np.ndarray:
    """Select the images of the first rows of each class, white where they are too few: (classes, columns, H, W)."""
    taken = np.full((len(images.classes), N_COLUMNS, *images.images.shape[1:]), 255, dtype=np.uint8)
    for place, label in enumerate(images.classes):
        chosen = rows.index[rows["label"] == label][:N_COLUMNS]
        taken[place, : len(chosen)] = images.images[chosen]
    return taken


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
