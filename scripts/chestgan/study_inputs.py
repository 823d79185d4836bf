"""The inputs of a study, read from the folders of its runs and held against each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan import files, imageset
from chestgan.errors import UserError
from chestgan.imageset import ImageSet

NO_GENERATOR = "-"
# the names of the arms that others are compared with
REAL, REAL_AUGMENTED = "real", "real_augmented"
RUN_COLUMNS = ["arm", "train_on", "augment", "generator", "generator_seed", "seed", "n_train_real", "n_train_synthetic"]
SCORE_COLUMNS = ["label", "positive", "n_images", "n_patients", "prevalence", "threshold"]
SCORE_COLUMNS += ["accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv", "f1"]
SCORE_COLUMNS += ["roc_auc", "pr_auc", "brier"]
DISTANCE_COLUMNS = ["generator", "seed", "extractor", "reference", "class", "n"]
DISTANCE_COLUMNS += ["fd", "kid", "kid_spread", "real_fd", "real_kid", "real_kid_spread"]
VARIETY_COLUMNS = ["generator", "seed", "extractor", "class", "n"]
VARIETY_COLUMNS += ["coverage", "real_coverage", "nearest_ratio", "ms_ssim", "real_ms_ssim"]
_KEY = ["arm", "generator", "generator_seed", "seed"]
_SETTINGS = (*RUN_COLUMNS, "classes", "positive_class")


@dataclass(frozen=True)
class Runs:
    """What the classifiers of a study gave, run by run, on the same test images.

    Attributes:
        table: a row a run, sorted: `RUN_COLUMNS`; `generator` is "-" where there is none. The arm `real` comes first.
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
    real = imageset.read(folder)
    missing = {"file", "patient", "split"} - set(real.manifest)
    if missing:
        raise UserError(f"{folder}/manifest.csv has no column {', '.join(sorted(missing))}; expected split_data's")
    if not (real.manifest["split"] == "test").any():
        raise UserError(f"{folder}/manifest.csv has no test image; expected an image set made by split_data")
    return real


def read_runs(folders: Sequence[Path], real: ImageSet) -> Runs:
    """Read the results of evaluate_classifier.

    Raises:
        UserError: a folder is missing or damaged, is there twice, or was tested on other images than the test patients
            of `real`: runs on different images can't be compared in pairs.
    """
    columns = ["file", "patient", "label"]
    test = real.manifest.loc[real.manifest["split"] == "test", columns].reset_index(drop=True)
    told, scores, predictions = [], [], []
    for folder in folders:
        files.require_folder(folder, "a result of evaluate_classifier")
        told.append(_read_settings(folder, real.classes))
        scores.append(_read_scores(folder, real.classes, told[-1]["positive_class"]))
        predictions.append(_read_predictions(folder, test, real.classes))
    _require_equal(folders, [one["positive_class"] for one in told], "the positive class")
    positive = told[0]["positive_class"]
    table = pd.DataFrame(told)
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
    """Say which images a run called the positive class, as `scores.decide` did."""
    if n_classes == 2:
        return (predictions["predicted"] == positive).to_numpy()
    threshold = scores["threshold"][scores["label"] == positive].item()
    return (predictions[f"score_{positive}"] >= threshold).to_numpy()


def read_distances(folders: Sequence[Path]) -> pd.DataFrame:
    """Read the tables of distances of compute_fid as one, sorted by generator and seed; extractors keep their order.

    Raises:
        UserError: a table is missing or damaged, is there twice, or has other extractors or classes than the others.
    """
    return _read_measurements(folders, "distances.csv", DISTANCE_COLUMNS, ["fd", "kid", "real_fd", "real_kid"])


def read_variety(folders: Sequence[Path]) -> pd.DataFrame:
    """Read the tables of variety of compute_fid, as `read_distances` does."""
    return _read_measurements(folders, "variety.csv", VARIETY_COLUMNS, VARIETY_COLUMNS[5:])


def _read_measurements(
    folders: Sequence[Path], name: str, columns: Sequence[str], finite: Sequence[str]
) -> pd.DataFrame:
    tables = []
    for folder in folders:
        files.require_folder(folder, "a result of compute_fid")
        text = [column for column in ("generator", "extractor", "reference", "class") if column in columns]
        tables.append(_read_table(folder / name, columns, text))
        if tables[-1].empty or not np.isfinite(tables[-1][finite]).all(axis=None):
            raise UserError(f"{folder}/{name} is empty or has values that aren't finite; run compute_fid again")
    for column in ("extractor", "class"):
        _require_equal(folders, [", ".join(table[column].unique()) for table in tables], f"the values of {column}")
    names = [(table["generator"].iloc[0], int(table["seed"].iloc[0])) for table in tables]
    _require_once(folders, names, "distances of generator {}, seed {}")
    order = sorted(range(len(names)), key=names.__getitem__)
    return pd.concat([tables[place] for place in order], ignore_index=True)[columns]


def read_histories(folders: Sequence[Path]) -> pd.DataFrame:
    """Read from the results of train_acgan the distances to the validation patients over the images shown.

    Returns:
        A row for each snapshot: generator, seed, kimg, distance. Generators keep the order of the folders.

    Raises:
        UserError: a history is missing or damaged, is there twice, or has no snapshot in common with another seed's.
    """
    names, tables = [], []
    for folder in folders:
        files.require_folder(folder, "a result of train_acgan")
        told = _read_keys(folder / "settings.json", ("settings",), "train_acgan")["settings"]
        if not isinstance(told, dict) or not {"name", "preset", "seed"} <= told.keys():
            raise UserError(f"{folder}/settings.json names no generator and seed; expected a result of train_acgan")
        history = _read_table(folder / "history.csv", ["kimg", "distance"], ())
        snapshots = history.loc[history["distance"].notna(), ["kimg", "distance"]]
        if snapshots.empty or not np.isfinite(snapshots).all(axis=None):
            raise UserError(f"{folder}/history.csv has no distance, or one that isn't finite; run train_acgan again")
        names.append((str(told["name"] or told["preset"]), int(told["seed"])))
        tables.append(snapshots.assign(generator=names[-1][0], seed=names[-1][1]))
    _require_once(folders, names, "the training of generator {}, seed {}")
    generators = list(dict.fromkeys(name for name, _ in names))
    order = sorted(range(len(names)), key=lambda place: (generators.index(names[place][0]), names[place][1]))
    histories = pd.concat([tables[place] for place in order], ignore_index=True)
    for generator, group in histories.groupby("generator"):
        if not (group.groupby("kimg").size() == group["seed"].nunique()).any():
            raise UserError(
                f"the trainings of {generator} were measured after different numbers of images; the seeds of a "
                "generator must differ in nothing else"
            )
    return histories[["generator", "seed", "kimg", "distance"]]


def read_pools(folders: Sequence[Path], real: ImageSet) -> dict[str, tuple[int, ImageSet]]:
    """Read of every generator the pool of its lowest seed: {generator: (seed, pool)}, in alphabetical order.

    Raises:
        UserError: a pool is missing or damaged, is there twice, or doesn't fit the real images.
    """
    pools = {}
    names = []
    for folder in folders:
        files.require_folder(folder, "an image set made by generate_images")
        told = _read_keys(folder / "settings.json", ("generator", "seed"), "generate_images")
        pool = imageset.read(folder)
        if pool.images.shape[1:] != real.images.shape[1:] or pool.classes != real.classes:
            raise UserError(
                f"the pool {folder} has {_described(pool)}, but the real images have {_described(real)}; expected a "
                "generator trained on these"
            )
        names.append((str(told["generator"]), int(told["seed"])))
        pools[names[-1]] = pool
    _require_once(folders, names, "images of generator {}, seed {}")
    first = {}
    for generator, seed in sorted(pools):
        first.setdefault(generator, (seed, pools[generator, seed]))
    return first


def require_generators(runs: Runs, distances: pd.DataFrame, histories: pd.DataFrame, pools: dict[str, Any]) -> None:
    """Refuse a study in which a generator that an arm trained on has no distances or no images, or distances no
    training."""
    for generator in sorted(set(runs.table["generator"]) - {NO_GENERATOR}):
        for known, flag in ((set(distances["generator"]), "--fid"), (set(pools), "--generated")):
            if generator not in known:
                raise UserError(
                    f"an arm trained on images of {generator}, but {flag} has only {', '.join(sorted(known))}; name "
                    f"the folder of {generator} too"
                )
    measured, trained = (set(zip(table["generator"], table["seed"], strict=True)) for table in (distances, histories))
    for generator, seed in sorted(measured - trained):
        raise UserError(
            f"--fid has distances of generator {generator}, seed {seed}, but --history has no training of it; name "
            "its folder too"
        )


def _read_settings(folder: Path, classes: list[str]) -> dict[str, Any]:
    """Read what a run was, as a row of `Runs.table` with its positive class."""
    told = _read_keys(folder / "settings.json", _SETTINGS, "evaluate_classifier")
    if told["classes"] != classes:
        raise UserError(
            f"{folder} knows the classes {', '.join(map(str, told['classes']))}, but the real images have "
            f"{', '.join(classes)}; run evaluate_classifier again on them"
        )
    if told["positive_class"] not in classes:
        raise UserError(f"{folder}/settings.json has positive_class {told['positive_class']!r}, which is no class")
    generator = told["generator"] or NO_GENERATOR
    arm = str(told["arm"])
    if arm in (REAL, REAL_AUGMENTED) and (told["train_on"] != "real" or told["augment"] != (arm == REAL_AUGMENTED)):
        trained = f"{told['train_on']} {'with' if told['augment'] else 'without'} augmentation"
        raise UserError(f"{folder} is called {arm}, but trained on {trained}; give that arm another name")
    seed = told["generator_seed"]
    return {name: told[name] for name in _SETTINGS} | {
        "arm": arm,
        "generator": generator,
        "generator_seed": NO_GENERATOR if seed is None else seed,
    }


def _read_scores(folder: Path, classes: list[str], positive: str) -> pd.DataFrame:
    path = folder / "scores.csv"
    scores = _read_table(path, SCORE_COLUMNS, ("label",)).sort_values("label", ignore_index=True)[SCORE_COLUMNS]
    if list(scores["label"]) != classes or list(scores["positive"]) != [label == positive for label in classes]:
        raise UserError(
            f"{path} hasn't one row for each of {', '.join(classes)} with {positive} as the positive one; make it again"
        )
    return scores


def _read_predictions(folder: Path, test: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Read predictions in the order of the test images."""
    path = folder / "predictions.csv"
    columns = [f"score_{label}" for label in classes]
    text = ("file", "patient", "label", "predicted")
    predictions = _read_table(path, [*text, *columns], text)
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
    """Give the places of the runs by arm, generator and seed, the arm `real` first; refuse a run that is there twice
    and runs of one arm that trained on different numbers of images."""
    names = list(table[["arm", "generator", "seed"]].itertuples(index=False, name=None))
    _require_once(folders, names, "arm {} with generator {} and seed {}")
    for (arm, generator), group in table.groupby(["arm", "generator"]):
        for column in ("train_on", "augment", "n_train_real", "n_train_synthetic"):
            if group[column].nunique() > 1:
                found = ", ".join(map(str, sorted(group[column].unique())))
                raise UserError(
                    f"the runs of arm {arm} with generator {generator} have different values of {column}: {found}; "
                    "the seeds of an arm must differ in nothing else"
                )
    return sorted(range(len(names)), key=lambda run: (names[run][0] != REAL, *names[run]))


def _read_table(path: Path, columns: Sequence[str], text: Sequence[str]) -> pd.DataFrame:
    """Read a CSV table with these columns, of which `text` are text and the others not."""
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise UserError(f"there is no file {path.absolute()}; run again what makes {path.parent}") from None
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(f"{path} can't be read: {error}; make it again") from None
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}; make it again")
    for column in columns:
        if column not in text and not pd.api.types.is_numeric_dtype(table[column]):
            raise UserError(f"column {column} of {path} holds what is no number; make it again")
    return table.assign(**{column: table[column].fillna("") for column in text})


def _read_keys(path: Path, keys: Sequence[str], made_by: str) -> dict[str, Any]:
    told = files.read_json(path)
    missing = [key for key in keys if not isinstance(told, dict) or key not in told]
    if missing:
        raise UserError(f"{path} doesn't say {', '.join(missing)}; expected a result of {made_by}")
    return told


def _require_once(folders: Sequence[Path], names: Sequence[tuple], description: str) -> None:
    seen = {}
    for folder, name in zip(folders, names, strict=True):
        if name in seen:
            raise UserError(f"{description.format(*name)} is there twice: in {seen[name]} and in {folder}")
        seen[name] = folder


def _require_equal(folders: Sequence[Path], values: Sequence[str], description: str) -> None:
    for folder, value in zip(folders, values, strict=True):
        if value != values[0]:
            raise UserError(
                f"{description} is {value} in {folder}, but {values[0]} in {folders[0]}; expected the same in all"
            )


def _described(images: ImageSet) -> str:
    return f"{images.images.shape[1]} × {images.images.shape[2]} px and the classes {', '.join(images.classes)}"
