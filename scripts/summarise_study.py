"""Summarise a study: its tables, the figures, and the verdict on synthetic images.

    python scripts/summarise_study.py --real results/demo/split --generated results/demo/covidgan/seed-*/generated \\
        --history results/demo/covidgan/seed-*/train --fid results/demo/covidgan/seed-*/fid \\
        --classifier results/demo/classifier/*/seed-* --output results/demo/study

Every arm is compared with the arm `real` on the same test images, and what adds synthetic images to real ones with the
arm `real_augmented` too; an interval is over patients and over the seeds of the trainings.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chestgan.base import commandline, figure_style, files, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.real_fraction import WHOLE
from chestgan.base.settings import argument, setting
from chestgan.base.tables import write_table
from chestgan.metrics.catalogue import METRICS
from chestgan.metrics.score_tables import PRIMARY_SCORES
from chestgan.study import (
    arm_table,
    calibration,
    caveats,
    decisions,
    differences,
    endings,
    equal_steps,
    fractions,
    generator_inputs,
    generator_table,
    groups,
    inputs,
    jackknife,
    label_reading,
    net_benefit,
    origins,
    outcomes,
    probes,
    sources,
    starts,
    study_figures,
    verdict,
)
from chestgan.study.arms import NO_GENERATOR, REAL
from chestgan.study.inputs import Runs
from chestgan.study.jackknife import LeftOut

PROTOCOL = (
    "scores of the positive class on the test patients, mean and standard deviation (n - 1) over the seeds; "
    "n_train_real: real training images, in an arm that repeats them with the repeats; <score>_low and _high: its "
    "interval at the confidence over test patients and seeds (Wilson); difference: mean "
    "score of an arm minus that of the arm real; difference_low and _high: its interval at the confidence over test "
    "patients (the same for both arms) and seeds, from the jackknife over patients and Student's t, without random "
    "numbers; family_low and _high: the same at 1 - (1 - confidence) / number of comparisons (Bonferroni), which the "
    "outcome uses; detectable: the smallest difference whose family interval would exclude zero with a power of 80 %; "
    "augmented_: the same against the arm real_augmented, of arms that add synthetic images to real ones; "
    f"{', '.join(metric.name for metric in METRICS)}: of a generator beside the test patients over all images by the "
    "first extractor, as compute_fid measures them, mean over its seeds; real_*: those of real training images at the "
    "same n, which an arm without generator has too; copies_share: of the images of all seeds the share that are "
    "copies of training images; groups: the primary score by source and other columns of the test "
    "images, with its interval where each class has 10 patients; probes: logistic regression, learnt from the training "
    "patients and judged on the test patients, on the outer 3 of 32 × 32 pixels (border), 32 bins of grey levels "
    "(histogram), 16 × 16 pixels (thumbnail), width, height and aspect of the file (size), the source, with intervals "
    "over patients; calibration: slope and intercept of the logit, means over the seeds, and points of the curve over "
    "all seeds; decision_curves: net benefit (Vickers and Elkin 2006) at thresholds from .05 to .95, means over seeds; "
    "generators: of each over its seeds mean, standard deviation (n - 1), least and most; n_copies: of "
    "n_images of all seeds, copies of training images as compute_fid finds them, with Wilson's interval of their share "
    "at 95 %; best_validation_kd and last_validation_kd: kernel distance to the validation patients of the selected "
    "and of the last generator, last_to_best_ratio: mean over the seeds; kimg: thousand real images shown; "
    "labels: recall: share of a class's synthetic "
    "images that the classifier of the arm real with the same seed reads as it, real_recall: of the test images; "
    "label_recall: mean over the classes; equal_kimg: "
    "thousand images that every arm of a seed was shown, mean over the seeds; equal_loss: lowest validation loss until "
    "then; equal_difference: that minus the one of the arm real with the same seed, with Student's t interval over the "
    "seeds (equal_low, equal_high), each for itself; fractions: every "
    "arm with fractions of the real training patients, which each seed draws anew, smaller ones within larger ones; "
    "n_real_patients: mean over the seeds; family_low and _high of those below 1 hold for all comparisons of theirs "
    "together; worth: patients by which the arm is ahead of real images alone, where their score, linear in the "
    "logarithm of the number of patients between those trained with and made to rise (isotonic), is that of the arm; "
    "worth_low and _high: the numbers at which their difference from the arm isn't told from zero (Fieller), for all "
    "arms and fractions together (Bonferroni), empty where nothing bounds them"
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = argument("image set with a split column, made by split_data")
    generated: tuple[Path, ...] = argument(
        "synthetic sets made by generate_images or import_images, of every generator and seed"
    )
    history: tuple[Path, ...] = argument(
        "results of train_acgan, of every generator and seed; tables keep this order", ()
    )
    fid: tuple[Path, ...] = argument("results of compute_fid, of every generator and seed")
    classifier: tuple[Path, ...] = argument("results of evaluate_classifier, of every arm and seed")
    classified: tuple[Path, ...] = argument("results of classify_images, of every generator and seed", ())
    output: Path = argument("new folder for the table, the figures and the verdict")
    primary_score: str = setting("score of the verdict", "roc_auc", choices=PRIMARY_SCORES)
    confidence: float = setting("confidence of the intervals", 0.95, minimum=0.5, maximum=0.999)
    group_by: tuple[str, ...] = setting(
        "columns of the images, such as sex or view, by which to score beside the source; from split_data.columns", ()
    )
    seed: int = setting("seed of the choice of real samples, and of the bands of ROC curves", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)
        for name in ("generated", "fid", "classifier"):
            if not getattr(self, name):
                raise UserError(f"{name} names no folder; expected at least one")


def run(config: Config) -> None:
    """Read all results, check that they fit together, and summarise them; the folder appears whole."""
    files.require_empty(config.output)
    real = inputs.read_real(config.real)
    classifiers, trainings = inputs.by_fraction(config.classifier), inputs.by_fraction(config.history)
    runs = inputs.read_runs(classifiers[WHOLE], real)
    distances = generator_inputs.read_distances(config.fid)
    diversity = generator_inputs.read_diversity(config.fid)
    histories = generator_inputs.read_histories(trainings[WHOLE])
    synthetic = generator_inputs.read_synthetic(config.generated, real)
    made = origins.read_origins(config.generated)
    inputs.require_generators(runs, distances, histories, synthetic, set(made.loc[made["imported"], "generator"]))
    labels = label_reading.beside_real(label_reading.read(config.classified, real.classes), runs)
    arm_table.require_equal_scores(runs)
    groups.require_columns(real.manifest, config.group_by)
    measured = generator_table.measured(distances, diversity)
    unfinished = endings.unfinished_arms(runs.table), endings.unfinished_generators(histories)
    table = arm_table.with_metrics(compare(config, runs, *unfinished), measured)
    table = equal_steps.with_equal_steps(table, inputs.read_validations(classifiers[WHOLE]), config.confidence)
    generators = generator_table.table(measured, histories, made)
    patients_known = sources.share_without_patient(runs.test) < 1
    told_by = probes.probe_table(real, runs.positive_class, config.confidence)
    at_fractions = {fraction: inputs.read_runs(of, real) for fraction, of in classifiers.items() if fraction < WHOLE}
    endings_at = {fraction: unfinished_at(at, trainings.get(fraction, ())) for fraction, at in at_fractions.items()}
    by_fraction, of_fractions = compare_fractions(config, runs, table, at_fractions, endings_at)
    answer = {
        "answer": verdict.opening(table, patients_known),
        "verdict": verdict.verdict(table, config.primary_score, config.confidence, patients_known) + of_fractions,
        "caveats": caveats.caveats(table, real.manifest, *unfinished)
        + fractions.caveats(by_fraction, set(made.loc[made["imported"], "generator"]))
        + probes.caveats(told_by, table)
        + caveats.of_copies(generators)
        + origins.caveats(made)
        + starts.caveats(starts.read_starts(trainings[WHOLE]))
        + label_reading.warnings(labels),
    }
    tables = {"study": table, "scores": runs.scores, "distances": distances, "diversity": diversity}
    by_group = groups.group_table(runs, real.manifest, config.group_by, config.primary_score, config.confidence)
    if len(labels):
        generators = generators.join(label_reading.of_generators(labels), on="generator")
    tables |= {"labels": labels, "generators": generators, "groups": by_group, "probes": told_by}
    tables |= {"fractions": by_fraction}
    with files.new_folder(config.output) as folder:
        for name, content in tables.items():
            write_table(folder / f"{name}.csv", content)
        (folder / "verdict.txt").write_text(verdict.as_text(answer["verdict"], answer["caveats"]))
        told = answer | provenance(config, runs, tables)
        files.write_json(folder / "study.json", told)
        drawn = study_figures.of_arms(runs, table, config.primary_score, config.confidence, config.seed)
        drawn |= study_figures.of_probabilities(told["calibration"], told["decision_curves"], runs)
        drawn |= study_figures.of_generators(distances, diversity, histories)
        drawn |= study_figures.of_fractions(by_fraction, runs, config.primary_score, config.confidence)
        for name, figure in drawn.items():
            figure_style.save(figure, folder / f"{name}.svg")
        for name, figure in (drawn | study_figures.of_samples(real, synthetic, config.seed)).items():
            figure_style.save(figure, folder / f"{name}.png")


def compare(
    config: Config,
    runs: Runs,
    unfinished_arms: list[tuple[str, str]],
    unfinished_generators: list[str],
    n_together: int | None = None,
) -> pd.DataFrame:
    """Make the table of the arms: their scores, their differences, and what each shows."""
    table = arm_table.arm_table(runs.table, runs.scores, runs.test)
    left_out = left_out_of(runs)
    table = differences.with_score_intervals(table, runs, left_out, config.confidence)
    table = differences.with_differences(table, runs, left_out, config.primary_score, config.confidence, n_together)
    return outcomes.with_outcomes(table, config.primary_score, unfinished_arms, unfinished_generators)


def left_out_of(runs: Runs) -> LeftOut:
    """Leave out each test patient in turn."""
    return jackknife.leave_out(runs.test["patient"].to_numpy(), runs.test["label"].to_numpy())


def unfinished_at(runs: Runs, trainings: Sequence[Path]) -> tuple[list[tuple[str, str]], list[str]]:
    """Name the arms and the generators with unfinished trainings."""
    return endings.unfinished_arms(runs.table), endings.unfinished_generators(
        generator_inputs.read_histories(trainings)
    )


def compare_fractions(
    config: Config,
    runs: Runs,
    table: pd.DataFrame,
    at_fractions: dict[float, Runs],
    unfinished: dict[float, tuple[list[tuple[str, str]], list[str]]],
) -> tuple[pd.DataFrame, list[str]]:
    """Make the table of the arms at fractions of the real patients, and the lines that say what they show.

    Args:
        runs: of all patients.
        table: their table.
        at_fractions: the runs of each fraction.
        unfinished: arms and generators at each fraction.
    """
    counted = {at: arm_table.arm_table(of.table, of.scores, of.test) for at, of in at_fractions.items()}
    n = fractions.n_together(counted)
    tables = {at: compare(config, of, *unfinished[at], n) for at, of in at_fractions.items()} | {WHOLE: table}
    real = (REAL, NO_GENERATOR)
    too_short = [at for at, (arms, _) in unfinished.items() if real in arms]
    too_short += [WHOLE] if real in endings.unfinished_arms(runs.table) else []
    score, by_fraction = config.primary_score, fractions.fraction_table(tables, config.primary_score)
    every = at_fractions | {WHOLE: runs}
    by_fraction = fractions.with_worths(by_fraction, every, left_out_of(runs), score, config.confidence, too_short)
    return by_fraction, fractions.lines(by_fraction, tables, score, config.confidence)


def provenance(config: Config, runs: Runs, tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Collect what was compared, how, and from which files."""
    by_class = runs.test.groupby("label")
    read = [config.real / "images.npy", config.real / "manifest.csv"]
    read += [folder / name for folder in config.fid for name in ("distances.csv", "diversity.csv")]
    read += [folder / "history.csv" for folder in config.history]
    read += [folder / name for folder in config.generated for name in ("images.npy", "settings.json")]
    read += [folder / "labels.csv" for folder in config.classified]
    read += [folder / name for folder in config.classifier for name in ("predictions.csv", "scores.csv", "history.csv")]
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
        "calibration": calibration.calibration(runs),
        "decision_curves": net_benefit.decision_curves(runs),
        "two_by_two": records(decisions.two_by_two(runs)),
        "wrong_in_all_seeds": records(decisions.wrong_in_all_seeds(runs)),
        **{
            name: records(tables[name])
            for name in ("scores", "distances", "diversity", "labels", "generators", "groups", "probes", "fractions")
        },
        "sha256": {str(path): files.sha256(path) for path in read},
        "versions": versions("numpy", "pandas", "scipy", "scikit-learn", "matplotlib"),
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a table into rows for JSON, which knows no nan."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
