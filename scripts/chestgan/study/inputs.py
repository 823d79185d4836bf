"""The inputs of a study that tell of its patients and classifiers, read and checked against each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.base.real_fraction import WHOLE, of_set
from chestgan.base.tables import read_table
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.metrics.score_tables import PREDICTION_COLUMNS, SCORE_COLUMNS, probability_columns
from chestgan.study import endings, input_checks
from chestgan.study.arms import NO_GENERATOR, REAL, REAL_AUGMENTED

RUN_COLUMNS = [
    *("arm", "train_on", "augment", "generator", "generator_seed", "seed"),
    *("real_fraction", "n_real_patients", "n_train_real", "n_train_synthetic", "unfinished"),
]
_KEY = ["arm", "generator", "generator_seed", "seed"]
_SETTINGS = (*RUN_COLUMNS[:-1], "classes", "positive_class")
_ENDING = ("selected_kimg", "shown_kimg", "settings")


@dataclass(frozen=True)
class Runs:
    """The results of a study's classifiers, run by run, on the same test images.

    Attributes:
        table: one row per run, sorted, the arm `real` first: `RUN_COLUMNS`; `generator` is "-" where there is none,
            and `unfinished` says whether the training ended while its validation loss still fell.
        scores: a row for each run and class, in the order of `table`: arm, generator, generator_seed, seed, then
            `SCORE_COLUMNS`.
        test: the test images: file, patient, label; one order for all runs.
        predicted: (runs, images) labels.
        decided: (runs, images) bool, whether an image is called the positive class when that is held against the rest.
        probabilities: (runs, images) float64 in [0, 1] of the positive class.
        classes: the labels in alphabetical order.
        positive_class: the label whose scores the study compares.
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    test: pd.DataFrame
    predicted: np.ndarray
    decided: np.ndarray
    probabilities: np.ndarray
    classes: list[str]
    positive_class: str


def read_real(folder: Path) -> ImageSet:
    """Read the real images, which must have test patients.

    Raises:
        UserError: they can't be read, or have no column that this study needs.
    """
    files.require_folder(folder, "an image set made by split_data")
    real = image_set.read(folder)
    missing = {"file", "patient", "split"} - set(real.manifest)
    if missing:
        raise UserError(f"{folder}/manifest.csv has no column {', '.join(sorted(missing))}; expected split_data's")
    if not (real.manifest["split"] == "test").any():
        raise UserError(f"{folder}/manifest.csv has no test image; expected an image set made by split_data")
    return real


def by_fraction(folders: Sequence[Path]) -> dict[float, list[Path]]:
    """Group results by the fraction of the real training patients that they were trained with, all of them first."""
    groups: dict[float, list[Path]] = {WHOLE: []}
    for folder in folders:
        files.require_folder(folder, "a result of train_acgan or evaluate_classifier")
        groups.setdefault(of_set(folder), []).append(folder)
    return {fraction: groups[fraction] for fraction in sorted(groups, reverse=True)}


def read_runs(folders: Sequence[Path], real: ImageSet) -> Runs:
    """Read the results of evaluate_classifier, all with the same fraction of the real training patients.

    Raises:
        UserError: a folder is missing or damaged, is there twice, or was tested on other images than the test patients
            of `real`: runs on different images can't be compared in pairs.
    """
    columns = ["file", "patient", "label"]
    test = real.manifest.loc[real.manifest["split"] == "test", columns].reset_index(drop=True)
    described, scores, predictions = [], [], []
    for folder in folders:
        files.require_folder(folder, "a result of evaluate_classifier")
        described.append(_read_settings(folder, real.classes))
        scores.append(_read_scores(folder, real.classes, described[-1]["positive_class"]))
        predictions.append(_read_predictions(folder, test, real.classes))
    input_checks.require_equal(folders, [one["positive_class"] for one in described], "the positive class")
    positive = described[0]["positive_class"]
    table = pd.DataFrame(described)
    order = _sorted_runs(table, folders)
    named = [
        pd.concat([table.loc[[run] * len(real.classes), _KEY].reset_index(drop=True), scores[run]], axis=1)
        for run in order
    ]
    return Runs(
        table=table.loc[order, RUN_COLUMNS].reset_index(drop=True),
        scores=pd.concat(named, ignore_index=True),
        test=test,
        predicted=np.stack([predictions[run]["predicted"].to_numpy(object) for run in order]),
        decided=np.stack([_decided(predictions[run], scores[run], positive, len(real.classes)) for run in order]),
        probabilities=np.stack([predictions[run][f"score_{positive}"].to_numpy(float) for run in order]),
        classes=real.classes,
        positive_class=positive,
    )


def _decided(predictions: pd.DataFrame, scores: pd.DataFrame, positive: str, n_classes: int) -> np.ndarray:
    """Compute which images a run called the positive class, as `scores.decide` did: (N,) bool."""
    if n_classes == 2:
        return (predictions["predicted"] == positive).to_numpy()
    threshold = scores["threshold"][scores["label"] == positive].item()
    return (predictions[f"score_{positive}"] >= threshold).to_numpy()


def read_validations(folders: Sequence[Path]) -> pd.DataFrame:
    """Read from the results of evaluate_classifier how the validation loss fell.

    Returns:
        A row for each validation: arm, generator, seed, kimg, validation_loss.

    Raises:
        UserError: a history is missing or damaged.
    """
    tables = []
    for folder in folders:
        run = input_checks.read_keys(folder / "settings.json", ("arm", "generator", "seed"), "evaluate_classifier")
        named = {"arm": str(run["arm"]), "generator": run["generator"] or NO_GENERATOR, "seed": int(run["seed"])}
        history = read_table(folder / "history.csv", ["kimg", "validation_loss"], ())
        if history.empty or not np.isfinite(history[["kimg", "validation_loss"]]).all(axis=None):
            raise UserError(f"{folder}/history.csv has no validation, or one that isn't finite; make it again")
        tables.append(history[["kimg", "validation_loss"]].assign(**named))
    return pd.concat(tables, ignore_index=True)


def require_generators(
    runs: Runs, distances: pd.DataFrame, histories: pd.DataFrame, synthetic: dict[str, Any], imported: set[str]
) -> None:
    """Refuse a study in which a generator that an arm trained on has no distances or no images, or one with distances
    has no training although it isn't among those `imported`."""
    for generator in sorted(set(runs.table["generator"]) - {NO_GENERATOR}):
        for known, flag in ((set(distances["generator"]), "--fid"), (set(synthetic), "--generated")):
            if generator not in known:
                raise UserError(
                    f"an arm trained on images of {generator}, but {flag} has only {', '.join(sorted(known))}; name "
                    f"the folder of {generator} too"
                )
    measured, trained = (set(zip(table["generator"], table["seed"], strict=True)) for table in (distances, histories))
    for generator, seed in sorted(one for one in measured - trained if one[0] not in imported):
        raise UserError(
            f"--fid has distances of generator {generator}, seed {seed}, but --history has no training of it; name "
            "its folder too"
        )


def _read_settings(folder: Path, classes: list[str]) -> dict[str, Any]:
    """Read what a run was, as a row of `Runs.table` with its positive class."""
    run = input_checks.read_keys(folder / "settings.json", (*_SETTINGS, *_ENDING), "evaluate_classifier")
    if run["classes"] != classes:
        raise UserError(
            f"{folder} knows the classes {', '.join(map(str, run['classes']))}, but the real images have "
            f"{', '.join(classes)}; run evaluate_classifier again on them"
        )
    if run["positive_class"] not in classes:
        raise UserError(f"{folder}/settings.json has positive_class {run['positive_class']!r}, which is no class")
    generator = run["generator"] or NO_GENERATOR
    arm = str(run["arm"])
    if arm in (REAL, REAL_AUGMENTED) and (run["train_on"] != "real" or run["augment"] != (arm == REAL_AUGMENTED)):
        trained = f"{run['train_on']} {'with' if run['augment'] else 'without'} augmentation"
        raise UserError(f"{folder} is called {arm}, but trained on {trained}; give that arm another name")
    seed = run["generator_seed"]
    return {name: run[name] for name in _SETTINGS} | {
        "arm": arm,
        "generator": generator,
        "generator_seed": NO_GENERATOR if seed is None else seed,
        "unfinished": endings.is_unfinished(run["selected_kimg"], run["shown_kimg"], run["settings"]),
    }


def _read_scores(folder: Path, classes: list[str], positive: str) -> pd.DataFrame:
    path = folder / "scores.csv"
    scores = read_table(path, SCORE_COLUMNS, ("label",)).sort_values("label", ignore_index=True)[SCORE_COLUMNS]
    if list(scores["label"]) != classes or list(scores["positive"]) != [label == positive for label in classes]:
        raise UserError(
            f"{path} hasn't one row for each of {', '.join(classes)} with {positive} as the positive one; make it again"
        )
    return scores


def _read_predictions(folder: Path, test: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Read predictions in the order of the test images."""
    path = folder / "predictions.csv"
    columns = probability_columns(classes)
    text = PREDICTION_COLUMNS
    predictions = read_table(path, [*text, *columns], text)
    n_other = len(set(predictions["file"]) ^ set(test["file"]))
    if n_other or len(predictions) != len(test):
        raise UserError(
            f"{path} has {len(predictions)} images, but the test patients have {len(test)}, and {n_other} are in one "
            "of them alone; arms can only be compared in pairs on the same images: run evaluate_classifier again"
        )
    predictions = predictions.set_index("file").loc[test["file"]].reset_index()
    for column in ("patient", "label"):
        if list(predictions[column]) != list(test[column]):
            raise UserError(f"{path} has another {column} for some images than the real images; make it again")
    if not np.isfinite(predictions[columns]).all(axis=None) or not predictions["predicted"].isin(classes).all():
        raise UserError(f"{path} has scores that aren't finite, or predicts an unknown class; make it again")
    return predictions


def _sorted_runs(table: pd.DataFrame, folders: Sequence[Path]) -> list[int]:
    """Sort the places of the runs by arm, generator and seed, the arm `real` first; refuse a run that is there twice
    and runs of one arm that trained on different numbers of images."""
    names = list(table[["arm", "generator", "seed"]].itertuples(index=False, name=None))
    input_checks.require_once(folders, names, "arm {} with generator {} and seed {}")
    for (arm, generator), group in table.groupby(["arm", "generator"]):
        # of a fraction of the patients each seed has others, with other numbers of images
        counts = ("n_train_real", "n_train_synthetic") if (group["real_fraction"] == WHOLE).all() else ()
        for column in ("train_on", "augment", *counts):
            if group[column].nunique() > 1:
                found = ", ".join(map(str, sorted(group[column].unique())))
                raise UserError(
                    f"the runs of arm {arm} with generator {generator} have different values of {column}: {found}; "
                    "the seeds of an arm must differ in nothing else"
                )
    return sorted(range(len(names)), key=lambda run: (names[run][0] != REAL, *names[run]))
