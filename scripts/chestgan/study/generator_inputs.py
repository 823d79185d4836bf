"""The inputs of a study that tell of its generators: distances, diversity, learning curves and images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.base.tables import read_table
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.metrics import tables
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY
from chestgan.metrics.metric import Metric
from chestgan.study import input_checks


def read_distances(folders: Sequence[Path]) -> pd.DataFrame:
    """Read the tables of distances of compute_fid as one, sorted by generator and seed; extractors keep their order.

    Raises:
        UserError: a table is missing or damaged, is there twice, or has other extractors or classes than the others.
    """
    return _read_measurements(folders, "distances.csv", DISTANCES)


def read_diversity(folders: Sequence[Path]) -> pd.DataFrame:
    """Read the tables of diversity of compute_fid, as `read_distances` does."""
    return _read_measurements(folders, "diversity.csv", DIVERSITY)


def _read_measurements(folders: Sequence[Path], name: str, metrics: Sequence[Metric]) -> pd.DataFrame:
    columns = tables.columns(metrics)
    # a standard error isn't defined for 2 images
    finite = [column for metric in metrics for column in (metric.name, metric.real_name)]
    read = []
    for folder in folders:
        files.require_folder(folder, "a result of compute_fid")
        text = [column for column in ("generator", "extractor", "reference", "class") if column in columns]
        read.append(read_table(folder / name, columns, text))
        if read[-1].empty or not np.isfinite(read[-1][["seed", *finite]]).all(axis=None):
            raise UserError(f"{folder}/{name} is empty or has values that aren't finite; run compute_fid again")
        input_checks.require_rows_once(folder / name, read[-1], text, "compute_fid")
    input_checks.require_equal(
        folders, [", ".join(table["extractor"].unique()) for table in read], "the values of extractor"
    )
    _require_classes(folders, [list(table["class"].unique()) for table in read])
    names = [(table["generator"].iloc[0], int(table["seed"].iloc[0])) for table in read]
    input_checks.require_once(folders, names, "distances of generator {}, seed {}")
    order = sorted(range(len(names)), key=names.__getitem__)
    return pd.concat([read[place] for place in order], ignore_index=True)[columns]


def read_histories(folders: Sequence[Path]) -> pd.DataFrame:
    """Read from the results of train_acgan the kernel distances to the validation patients over the images shown.

    Returns:
        A row for each snapshot: generator, seed, kimg, validation_kd. Generators keep the order of the folders.

    Raises:
        UserError: a history is missing or damaged, is there twice, or has no snapshot in common with another seed's.
    """
    columns = ["generator", "seed", "kimg", "validation_kd"]
    if not folders:
        return pd.DataFrame(columns=columns).astype({"seed": int, "kimg": float, "validation_kd": float})
    names, tables = [], []
    for folder in folders:
        files.require_folder(folder, "a result of train_acgan")
        training = input_checks.read_keys(folder / "settings.json", ("name", "seed"), "train_acgan")
        history = read_table(folder / "history.csv", ["kimg", "validation_kd"], ())
        snapshots = history.loc[history["validation_kd"].notna(), ["kimg", "validation_kd"]]
        if snapshots.empty or not np.isfinite(snapshots).all(axis=None):
            raise UserError(
                f"{folder}/history.csv has no validation_kd, or one that isn't finite; run train_acgan again"
            )
        input_checks.require_rows_once(folder / "history.csv", snapshots, ["kimg"], "train_acgan")
        names.append((str(training["name"]), int(training["seed"])))
        tables.append(snapshots.assign(generator=names[-1][0], seed=names[-1][1]))
    input_checks.require_once(folders, names, "the training of generator {}, seed {}")
    generators = list(dict.fromkeys(name for name, _ in names))
    order = sorted(range(len(names)), key=lambda place: (generators.index(names[place][0]), names[place][1]))
    histories = pd.concat([tables[place] for place in order], ignore_index=True)
    for generator, group in histories.groupby("generator"):
        if not (group.groupby("kimg").size() == group["seed"].nunique()).any():
            raise UserError(
                f"the trainings of {generator} were measured after different numbers of images; the seeds of a "
                "generator must differ in nothing else"
            )
    return histories[columns]


def read_synthetic(folders: Sequence[Path], real: ImageSet) -> dict[str, tuple[int, ImageSet]]:
    """Read the synthetic set of every generator's lowest seed: {generator: (seed, set)}, in alphabetical order.

    Raises:
        UserError: a set is missing or damaged, is there twice, or doesn't fit the real images.
    """
    found, names = {}, []
    for folder in folders:
        files.require_folder(folder, "a synthetic set made by generate_images")
        origin = input_checks.read_keys(folder / "settings.json", ("generator", "seed"), "generate_images")
        synthetic = image_set.read(folder)
        if synthetic.images.shape[1:] != real.images.shape[1:] or not set(synthetic.classes) <= set(real.classes):
            raise UserError(
                f"the synthetic set {folder} has {synthetic.size_and_classes}, but the real images have "
                f"{real.size_and_classes}; expected a generator trained on these"
            )
        names.append((str(origin["generator"]), int(origin["seed"])))
        found[names[-1]] = synthetic
    input_checks.require_once(folders, names, "images of generator {}, seed {}")
    first = {}
    for generator, seed in sorted(found):
        first.setdefault(generator, (seed, found[generator, seed]))
    return first


def _require_classes(folders: Sequence[Path], classes: Sequence[list[str]]) -> None:
    """Refuse other classes than those of the table that has most; an imported set may have some of them alone."""
    most = max(range(len(classes)), key=lambda place: len(classes[place]))
    for folder, found in zip(folders, classes, strict=True):
        if not set(found) <= set(classes[most]):
            raise UserError(
                f"the values of class is {', '.join(found)} in {folder}, but {', '.join(classes[most])} in "
                f"{folders[most]}; expected the same in all"
            )
