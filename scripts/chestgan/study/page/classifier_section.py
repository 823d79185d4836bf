"""The section of the classifiers: their scores, ROC curves, operating points and errors."""

import pandas as pd

from chestgan.metrics.score_tables import LOWER_IS_BETTER, SCORES
from chestgan.study.arms import NO_GENERATOR, REFERENCE_ARMS
from chestgan.study.labels import arm_label, score_label
from chestgan.study.page.blocks import Figure, Gallery, Section, Table, Tile
from chestgan.study.page.pictures import read_figure, tile_source
from chestgan.study.page.sources import Study
from chestgan.study.page.words import UNKNOWN, counted, number, with_deviation, with_interval

_AT_THRESHOLD = ("sensitivity", "specificity", "ppv", "npv", "f1", "balanced_accuracy")
_MOST_SHOWN = 12


def classifier_section(study: Study) -> Section:
    """Show the scores of every arm, and where its classifiers err."""
    blocks = [
        _differences(study),
        _equal_steps(study),
        _scores(study),
        read_figure(
            study.folder / "roc.svg",
            "ROC curves of every arm",
            f"ROC curves. Thick: mean over the seeds; thin: each seed; band: {100 * study.confidence:g} % of resampled "
            "patients, point by point.",
        ),
        read_figure(
            study.folder / "scores.svg",
            "Scores of every arm and seed",
            "Every score of every seed (points), with the mean of each arm (bars) and of real images (dotted).",
        ),
        _operating_points(study),
    ]
    blocks += _fractions(study)
    blocks += [_two_by_two(study), *_groups(study), *_probabilities(study), *_errors(study)]
    return Section("classifiers", "The classifiers", blocks)


def _differences(study: Study) -> Table:
    """Tabulate the primary score of each arm and its differences to the arms that it is compared with."""
    score, rows = study.primary_score, []
    for _, arm in study.arms.iterrows():
        row = [arm_label(arm["arm"], arm["generator"]), number(arm["n_train_real"], 0)]
        row += [number(arm["n_train_synthetic"], 0), number(arm["n_seeds"], 0)]
        row.append(with_interval(*(arm[f"{score}_{end}"] for end in ("mean", "low", "high"))))
        rows.append([*row, *(_compared(arm, reference) for reference in REFERENCE_ARMS)])
    better = "lower" if score in LOWER_IS_BETTER else "higher"
    return Table(
        f"{score_label(score)} of class {study.told['positive_class']} on the test patients, mean over the seeds "
        f"({better} is better), and its differences with {100 * study.confidence:g} % intervals that hold for all "
        "together",
        [
            *("trained on", "real images", "synthetic images", "seeds", score_label(score)),
            *("against real images", "against standard augmentation"),
        ],
        rows,
    )


def _equal_steps(study: Study) -> Table:
    """Tabulate the second reading: what each arm had learned when all were shown as many images."""
    rows = [
        [
            arm_label(arm["arm"], arm["generator"]),
            number(arm["equal_kimg"], 1),
            number(arm["equal_loss"]),
            with_interval(*(arm[f"equal_{end}"] for end in ("difference", "low", "high")), sign=True),
        ]
        for _, arm in study.arms.iterrows()
    ]
    caption = (
        "A second reading at equal steps: the lowest validation loss within the images that every arm of a seed was "
        "shown (below zero an arm had learned better than real images alone by then). It is of the validation "
        f"patients; intervals at {100 * study.confidence:g} % are over the seeds, each for itself"
    )
    columns = ["trained on", "thousand images shown", "validation loss", "against real images"]
    return Table(caption, columns, rows)


def _compared(arm: pd.Series, reference: str) -> str:
    """Write the difference of an arm to one of the reference arms, its interval, and what it shows."""
    prefix = REFERENCE_ARMS[reference]
    difference, *ends = (arm[f"{prefix}{end}"] for end in ("difference", "family_low", "family_high"))
    if arm["arm"] == reference or pd.isna(difference):
        return UNKNOWN
    return f"{with_interval(difference, *ends, sign=True)}, {arm[f'{prefix}outcome']}"


def _scores(study: Study) -> Table:
    """Tabulate the mean of every score with its interval."""
    rows = [
        [
            arm_label(arm["arm"], arm["generator"]),
            *(_score(arm, name) for name in SCORES),
        ]
        for _, arm in study.arms.iterrows()
    ]
    caption = (
        f"Every score on the test patients: mean over the seeds with its {100 * study.confidence:g} % interval, or ± "
        "standard deviation over the seeds where there is none"
    )
    return Table(caption, ["trained on", *map(score_label, SCORES)], rows)


def _score(arm: pd.Series, name: str) -> str:
    mean, low, high = (arm[f"{name}_{end}"] for end in ("mean", "low", "high"))
    return with_deviation(mean, arm[f"{name}_sd"]) if pd.isna(low) else with_interval(mean, low, high)


def _fractions(study: Study) -> list[Table | Figure]:
    """Show the scores over the number of real patients, and what arms are worth; nothing of a study with one number."""
    table = study.told["fractions"]
    if not table:
        return []
    figure = read_figure(
        study.folder / "patients.svg",
        "Scores over the number of real training patients",
        "The score of every arm over the number of real patients that it was trained with. Each seed draws its own "
        "patients, the smaller numbers among the larger ones, and a generator sees these alone. Vertical lines: "
        f"{100 * study.confidence:g} % intervals over test patients and seeds.",
    )
    rows = [
        [
            arm_label(row["arm"], row["generator"]),
            *(number(row[name], 0) for name in ("n_real_patients", "n_train_real", "n_train_synthetic")),
            with_interval(row["score"], row["score_low"], row["score_high"]),
            *(_compared(pd.Series(row), reference) for reference in REFERENCE_ARMS),
            row["worth_told"] or UNKNOWN,
        ]
        for row in table
    ]
    caption = (
        f"{score_label(study.primary_score)} with fractions of the real training patients, and its differences at the "
        "same number of them. Worth: by how many real patients an arm is ahead of real images alone of as many, with "
        "an interval that holds for all that are asked; between numbers that were trained with, the score is taken as "
        "linear in the logarithm of the number"
    )
    columns = ["trained on", "patients", "real images", "synthetic images", score_label(study.primary_score)]
    columns += ["against real images", "against standard augmentation", "worth in patients"]
    return [figure, Table(caption, columns, rows)]


def _operating_points(study: Study) -> Table:
    """Tabulate what each seed's threshold, chosen on the validation patients, gives on the test patients."""
    rows = [
        [
            arm_label(run["arm"], run["generator"]),
            str(run["seed"]),
            number(run["threshold"]),
            *(number(run[name]) for name in _AT_THRESHOLD),
        ]
        for run in _positive_runs(study)
    ]
    return Table(
        "Operating points: the threshold has the highest balanced accuracy on the validation patients, and the scores "
        "are those of the test patients",
        ["trained on", "seed", "threshold", *map(score_label, _AT_THRESHOLD)],
        rows,
    )


def _positive_runs(study: Study) -> list[dict]:
    return [row for row in study.told["scores"] if row["positive"]]


def _two_by_two(study: Study) -> Table:
    """Tabulate the decisions of every run."""
    columns = ["true_positive", "false_negative", "false_positive", "true_negative"]
    rows = [
        [arm_label(run["arm"], run["generator"]), str(run["seed"]), *(str(run[name]) for name in columns)]
        for run in study.told["two_by_two"]
    ]
    caption = f"Two-by-two tables: test images called {study.told['positive_class']} or not, by every seed"
    headings = ["trained on", "seed", *(name.replace("_", " ") for name in columns)]
    return Table(caption, headings, rows)


def _groups(study: Study) -> list[Table]:
    """Tabulate the primary score by source and by what the configuration names; nothing where nothing is known."""
    rows = [
        [
            f"{row['column']}: {row['value']}",
            arm_label(row["arm"], row["generator"]),
            *(str(row[name]) for name in ("n_images", "n_patients", "n_positive_patients")),
            with_interval(row["score"], row["low"], row["high"]),
        ]
        for row in study.told["groups"]
    ]
    caption = (
        f"{score_label(study.primary_score)} by group of test images, mean over the seeds; no interval where a class "
        "has few patients"
    )
    positive = f"of them {study.told['positive_class']}"
    return [Table(caption, ["group", "trained on", "images", "patients", positive, "score"], rows)] if rows else []


def _probabilities(study: Study) -> list[Table | Figure]:
    """Tabulate slope and intercept of every arm's calibration, and show its curve and its decision curve."""
    rows = [
        [arm_label(row["arm"], row["generator"]), number(row["slope"]), number(row["intercept"])]
        for row in study.told["calibration"]
    ]
    caption = (
        "Calibration on the test patients, mean over the seeds: a slope below one says that probabilities are too "
        "extreme, an intercept above zero that they are too low"
    )
    calibration = read_figure(
        study.folder / "calibration.svg",
        "Calibration of every arm",
        "How often images are positive, over the probability that the classifiers gave them; on the dotted line both "
        "are the same. Points: groups of as many images, over all seeds.",
    )
    decisions = read_figure(
        study.folder / "decisions.svg",
        "Decision curves of every arm",
        "Net benefit: true positives an image, less the false ones, each weighed by the odds of the threshold from "
        "which one acts; mean over the seeds. Dotted: acting on all images, or on none. It holds for the share of "
        "positive images of this test set, which isn't that of a hospital.",
    )
    return [Table(caption, ["trained on", "slope", "intercept"], rows), calibration, decisions]


def _errors(study: Study) -> list[Table | Gallery]:
    """Count and show the images that all seeds of an arm got wrong."""
    wrong = pd.DataFrame(study.told["wrong_in_all_seeds"], columns=["arm", "generator", "file", "patient", "label"])
    classes = study.real.classes
    rows = []
    for _, arm in study.arms.iterrows():
        chosen = wrong[(wrong["arm"] == arm["arm"]) & (wrong["generator"] == arm["generator"])]
        rows.append(
            [arm_label(arm["arm"], arm["generator"]), *(str((chosen["label"] == one).sum()) for one in classes)]
        )
    table = Table("Test images that every seed got wrong, by their true class", ["trained on", *classes], rows)
    shown = wrong[(wrong["arm"] == "real") & (wrong["generator"] == NO_GENERATOR)]
    return [table, *_wrong_images(study, shown)]


def _wrong_images(study: Study, wrong: pd.DataFrame) -> list[Gallery]:
    """Show the first images of each class that all seeds trained on real images got wrong."""
    rows_of = {file: row for row, file in enumerate(study.real.manifest["file"])}
    rows = []
    for label, group in wrong.groupby("label"):
        tiles = [
            Tile(tile_source(study.real.images[rows_of[file]]), f"test image {file}", file)
            for file in group["file"].head(_MOST_SHOWN)
        ]
        rows.append((f"{label}, {counted(len(group), 'image')}", tiles))
    caption = f"Test images that every classifier trained on real images alone got wrong; at most {_MOST_SHOWN} a class"
    return [Gallery(caption, rows)] if rows else []
