"""Draw a study together: one table, the figures, and the verdict on synthetic images in a sentence.

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

from chestgan import (
    commandline,
    environment,
    figures,
    files,
    generators,
    settings,
    study,
    study_figures,
    study_inputs,
)
from chestgan.errors import UserError
from chestgan.imageset import ImageSet
from chestgan.settings import setting
from chestgan.study_figures import Block, Curve
from chestgan.study_inputs import Runs

PROTOCOL = (
    "scores of the positive class on the test patients, mean and standard deviation (n - 1) over the seeds; "
    "difference: mean score of an arm less that of the arm real; difference_low and _high: its percentile interval at "
    "the confidence from a bootstrap over test patients (the same for both arms) and over seeds; family_low and _high: "
    "the same at 1 - (1 - confidence) / number of comparisons (Bonferroni), which the verdict goes by; augmented_: the "
    "same against the arm real_augmented, of arms that add synthetic images to real ones; fd and kid: "
    "distances of a generator to the test patients over all images by the first extractor, mean over its seeds; "
    "real_fd and real_kid: those of real training to real test patients at the same n, which an arm without "
    "generator has as fd and kid too; coverage, nearest_ratio and ms_ssim: as compute_fid measures variety, likewise, "
    "with 1 for real images' nearest_ratio; generators: of each over its seeds mean, standard deviation (n - 1) and "
    "Student's t interval at the confidence, best_distance and last_distance: kernel distance to the validation "
    "patients of the kept and of the last generator, collapse_ratio: last by best, the mean over the seeds"
)
N_COLUMNS = 6


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = setting("image set with a split column, made by split_data")
    generated: tuple[Path, ...] = setting("pools made by generate_images, of every generator and seed")
    history: tuple[Path, ...] = setting("results of train_acgan, of every generator and seed; tables keep their order")
    fid: tuple[Path, ...] = setting("results of compute_fid, of every generator and seed")
    classifier: tuple[Path, ...] = setting("results of evaluate_classifier, of every arm and seed")
    output: Path = setting("new folder for the table, the figures and the verdict")
    primary_score: str = setting("the score that the verdict is about", "roc_auc", choices=study.PRIMARY_SCORES)
    confidence: float = setting("confidence of the intervals", 0.95, minimum=0.5, maximum=0.999)
    n_bootstrap: int = setting("draws of the bootstrap", 2000, minimum=100)
    seed: int = setting("seed of the bootstrap and of the choice of real samples", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)
        for name in ("generated", "history", "fid", "classifier"):
            if not getattr(self, name):
                raise UserError(f"{name} names no folder; expected at least one")


def run(config: Config) -> None:
    """Read all results, hold them against each other, and write what they say; the folder appears whole."""
    files.require_empty(config.output)
    real = study_inputs.read_real(config.real)
    runs = study_inputs.read_runs(config.classifier, real)
    distances = study_inputs.read_distances(config.fid)
    variety = study_inputs.read_variety(config.fid)
    histories = study_inputs.read_histories(config.history)
    pools = study_inputs.read_pools(config.generated, real)
    study_inputs.require_generators(runs, distances, histories, pools)
    study.require_equal_scores(runs)
    table = study.arm_table(runs.table, runs.scores, runs.test)
    require_draws(config, study.n_comparisons(table))
    table = study.with_differences(
        table, runs, config.primary_score, config.confidence, config.n_bootstrap, config.seed
    )
    measured = generators.measured(distances, variety)
    table = study.with_distances(table, measured)
    verdict = study.verdict(table, config.primary_score, config.confidence)
    caveats = study.caveats(table, runs.test, real.manifest)
    tables = {"study": table, "scores": runs.scores, "distances": distances, "variety": variety}
    tables |= {"generators": generators.table(measured, histories, config.confidence)}
    with files.new_folder(config.output) as folder:
        for name, content in tables.items():
            content.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        (folder / "verdict.txt").write_text(f"{verdict} {caveats}".strip() + "\n")
        told = {"verdict": verdict, "caveats": caveats}
        files.write_json(folder / "study.json", told | provenance(config, runs, tables))
        draw_curves(folder, runs, table, config.primary_score)
        draw_generators(folder, distances, variety, histories)
        draw_samples(folder, real, pools, config.seed)


def require_draws(config: Config, n_comparisons: int) -> None:
    """Refuse fewer draws of the bootstrap than reach beyond both ends of the widest interval."""
    tail = (1 - study.family_confidence(config.confidence, n_comparisons)) / 2
    if config.n_bootstrap * tail < 1:
        raise UserError(
            f"n_bootstrap is {config.n_bootstrap}, too few for {n_comparisons} comparisons at a confidence of "
            f"{config.confidence}; expected at least {int(np.ceil(1 / tail))}"
        )


def provenance(config: Config, runs: Runs, tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Say what was compared, how, and from which files."""
    by_class = runs.test.groupby("label")
    inputs = [config.real / "images.npy", config.real / "manifest.csv"]
    inputs += [folder / name for folder in config.fid for name in ("distances.csv", "variety.csv")]
    inputs += [folder / "history.csv" for folder in config.history]
    inputs += [folder / "images.npy" for folder in config.generated]
    inputs += [folder / name for folder in config.classifier for name in ("predictions.csv", "scores.csv")]
    return {
        "script": "summarise_study",
        "settings": vars(config),
        "protocol": PROTOCOL,
        "positive_class": runs.positive_class,
        "counts": {
            "runs": len(runs.table),
            "comparisons": study.n_comparisons(tables["study"]),
            "test_images": by_class.size().to_dict(),
            "test_patients": by_class["patient"].nunique().to_dict(),
        },
        "arms": records(tables["study"]),
        **{name: records(tables[name]) for name in ("scores", "distances", "variety", "generators")},
        "sha256": {str(path): files.sha256(path) for path in inputs},
        "versions": environment.versions("numpy", "pandas", "scipy", "scikit-learn", "matplotlib"),
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a table into rows for JSON, which knows no nan."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def draw_curves(folder: Path, runs: Runs, table: pd.DataFrame, primary_score: str) -> None:
    """Draw the ROC curves and the scores of the arms."""
    of = f"on {len(runs.test)} images of {runs.test['patient'].nunique()} test patients"
    rest = next(label for label in runs.classes if label != runs.positive_class)
    rest = rest if len(runs.classes) == 2 else "all others"
    title = f"ROC curves of {runs.positive_class} against {rest} {of}; line: mean over seeds, shade: range"
    figures.save(study_figures.roc(roc_curves(runs, table), title), folder / "roc.png")
    title = (
        f"Scores of {runs.positive_class} {of}; point: one seed, bar: mean over the seeds, dotted line: mean of real"
    )
    positive = runs.scores[runs.scores["label"] == runs.positive_class]
    figures.save(study_figures.scores(positive, table, primary_score, title), folder / "scores.png")


def roc_curves(runs: Runs, table: pd.DataFrame) -> list[Curve]:
    """Average the ROC curves of every arm over its seeds."""
    # here, for it brings scikit-learn, which takes longer to import than all else
    from chestgan.scores import roc_on_grid

    truth = (runs.test["label"] == runs.positive_class).to_numpy()
    rows = runs.table.groupby(study.ARM, sort=False).indices
    curves = []
    for arm, generator, auc in table[[*study.ARM, "roc_auc_mean"]].itertuples(index=False, name=None):
        false_positive, rates = roc_on_grid(truth, runs.probabilities[rows[arm, generator]])
        ends = rates.mean(axis=0), rates.min(axis=0), rates.max(axis=0)
        curves.append(Curve(arm, generator, len(rates), auc, false_positive, *ends))
    return curves


def draw_generators(folder: Path, distances: pd.DataFrame, variety: pd.DataFrame, histories: pd.DataFrame) -> None:
    """Draw how far from the test patients and how varied the generators are by the first extractor, and how they
    learnt."""
    extractor = distances["extractor"].iloc[0]
    chosen = distances[(distances["extractor"] == extractor) & (distances["reference"] == "test")]
    title = f"Distances of generated images to the test patients by {extractor}"
    figures.save(study_figures.distances(chosen, title), folder / "distances.png")
    title = f"Variety of generated images by {extractor}, and by MS-SSIM"
    figures.save(study_figures.variety(variety[variety["extractor"] == extractor], title), folder / "variety.png")
    title = "Distance to the validation patients; line: mean over the seeds, shade: range"
    figures.save(study_figures.training(histories, title), folder / "training.png")


def draw_samples(folder: Path, real: ImageSet, pools: dict[str, tuple[int, ImageSet]], seed: int) -> None:
    """Draw real training images, each of another patient at random, beside the first images of every pool."""
    train = real.manifest[real.manifest["split"] == "train"].sample(frac=1, random_state=seed)
    # a second image of a patient only where there are too few patients
    patients_first = train.groupby(["label", "patient"]).cumcount().sort_values(kind="stable").index
    blocks = [Block("real training patients", first_images(real, train.loc[patients_first]))]
    for generator, (seed_of_training, pool) in pools.items():
        blocks.append(Block(f"{generator}, seed {seed_of_training}", first_images(pool, pool.manifest)))
    title = "Real training images, and each generator's first ones: a row a class, none picked"
    figures.save(study_figures.samples(blocks, real.classes, title), folder / "samples.png")


def first_images(images: ImageSet, rows: pd.DataFrame) -> np.ndarray:
    """Take the images of the first rows of each class, white where they are too few: (classes, columns, H, W)."""
    taken = np.full((len(images.classes), N_COLUMNS, *images.images.shape[1:]), 255, dtype=np.uint8)
    for place, label in enumerate(images.classes):
        chosen = rows.index[rows["label"] == label][:N_COLUMNS]
        taken[place, : len(chosen)] = images.images[chosen]
    return taken


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
