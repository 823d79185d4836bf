"""What the classifiers of real patients read in the synthetic images, beside what they read in real ones."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.base.tables import read_table
from chestgan.metrics import label_table
from chestgan.study.arms import REAL
from chestgan.study.input_checks import read_keys
from chestgan.study.inputs import Runs

# below this share of the recall on real patients the labels of a class don't say what its images show
_LEAST_SHARE = 0.5


def read(folders: Sequence[Path], classes: Sequence[str]) -> pd.DataFrame:
    """Read the tables of classify_images as one.

    Returns:
        A row for each generator, seed and class: generator, seed, then the columns of `label_table`; none for no
        folders.

    Raises:
        UserError: a table is missing or damaged, of other classes, or is there twice.
    """
    columns = [*label_table.COLUMNS, *label_table.confusion_columns(classes)]
    read, seen = [pd.DataFrame(columns=["generator", "seed", *columns])], {}
    for folder in folders:
        files.require_folder(folder, "a result of classify_images")
        described = read_keys(folder / "settings.json", ("generator", "seed"), "classify_images")
        key = (described["generator"], described["seed"])
        if key in seen:
            raise UserError(f"labels of generator {key[0]}, seed {key[1]} are there twice: {seen[key]} and {folder}")
        seen[key] = folder
        table = read_table(folder / "labels.csv", columns, text=["class"])[columns]
        table.insert(0, "generator", key[0])
        table.insert(1, "seed", key[1])
        read.append(table)
    return pd.concat(read[1:] or read, ignore_index=True)


def beside_real(labels: pd.DataFrame, runs: Runs) -> pd.DataFrame:
    """Add `real_recall`: the share of the real test images of the class that the same classifier reads as it."""
    truth = runs.test["label"].to_numpy()
    of_real = runs.table["arm"] == REAL
    rows = [
        {"seed": seed, "class": label, "real_recall": (predicted[truth == label] == label).mean()}
        for seed, predicted in zip(runs.table["seed"][of_real], runs.predicted[of_real], strict=True)
        for label in runs.classes
    ]
    real = pd.DataFrame(rows, columns=["seed", "class", "real_recall"])
    return labels.merge(real, on=["seed", "class"], how="left", validate="many_to_one")


def of_generators(labels: pd.DataFrame) -> pd.DataFrame:
    """Average the recall of every generator over its classes and seeds.

    Returns:
        By generator: label_recall_mean, _sd (n - 1), _least and _most over the seeds, and real_label_recall of the same
        classes.
    """
    # the mean over classes: each counts alike, however many images it has
    of_seeds = labels.groupby(["generator", "seed"])[["recall", "real_recall"]].mean()
    groups = of_seeds.groupby("generator")
    recall = groups["recall"].agg(["mean", "std", "min", "max"])
    recall.columns = [f"label_recall_{part}" for part in ("mean", "sd", "least", "most")]
    return recall.assign(real_label_recall=groups["real_recall"].mean())


def warnings(labels: pd.DataFrame) -> list[str]:
    """Name the classes whose images are hardly read as theirs: far less often than those of real patients are."""
    means = labels.groupby(["class", "generator"])[["recall", "real_recall"]].mean().reset_index()
    bad = means[means["recall"] < _LEAST_SHARE * means["real_recall"]]
    return [
        f"Of images labelled {label} the classifier of real patients reads as {label} only "
        + ", ".join(f"{100 * row.recall:.0f} % ({row.generator})" for row in rows.itertuples())
        + f"; of real test images {100 * rows['real_recall'].mean():.0f} %."
        for label, rows in bad.groupby("class")
    ]
