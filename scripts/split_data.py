"""Turn a folder of images into an image set, split by patients into train, validation and test.

The labels come from class folders (covid/*.png) or from a metadata table with one row per file.

    python scripts/split_data.py --folder data/demo --metadata metadata.csv --output results/demo/split
"""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import commandline, files, progress, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.settings import argument, setting
from chestgan.base.tables import write_table
from chestgan.data import decoding, duplicates, metadata, patients, preparation, split_warnings, splits
from chestgan.images import image_set
from chestgan.images.image_set import SPLITS

REJECTED_COLUMNS = ["file", "label", "reason", "detail"]
MANIFEST_COLUMNS = [*metadata.COLUMNS, "split", "sha256", "original_width", "original_height", "original_mode"]
# left out by wish or by rule, not because a file is bad
NOT_BAD = ("ignored label", "not in the table", "duplicate")


@dataclass(frozen=True)
class Config:
    """The flags of this script."""

    folder: Path = setting("folder of the images; without a metadata table its subfolders are the labels")
    output: Path = argument("new folder for the image set")
    metadata: Path | None = setting("table with one row per file, CSV or TSV; looked for in the folder too", None)
    file_column: str = setting("the table's column of files, relative to the folder", "file")
    label_column: str = setting("the table's column of labels", "label")
    patient_column: str = setting("the table's column of patients; '' if it has none", "patient")
    source_column: str = setting("the table's column of sources, such as hospitals; '' if it has none", "source")
    classes: tuple[str, ...] = setting("labels to study; default: all", ())
    ignored_labels: tuple[str, ...] = setting("labels to leave out on purpose", ())
    image_size: int = setting("side of the square images in pixels", 64, minimum=16, maximum=1024)
    square: str = setting("make images square: pad with black, or crop the centre", "pad", choices=("pad", "crop"))
    min_size: int = setting("least pixels of the shorter side of a file", 64, minimum=1)
    window_low: float | None = setting("value of a 16-bit image that becomes black; together with window_high", None)
    window_high: float | None = setting("value of a 16-bit image that becomes white", None)
    max_rejected: float = setting("largest share of unusable files", 0.05, minimum=0, maximum=1)
    duplicates: str = setting(
        "the same picture under two patients or labels: group, put its patients in one split; drop, leave out copies "
        "too, and all of them if their labels differ; keep, only list them",
        "group",
        choices=("group", "drop", "keep"),
    )
    duplicate_distance: int = setting(
        "most bits of 64 in which pHashes of duplicates differ", 10, minimum=0, maximum=16
    )
    test_fraction: float = setting("share of the images for the test split", 0.2, minimum=0.05, maximum=0.6)
    validation_fraction: float = setting("share of the rest for the validation split", 0.2, minimum=0.05, maximum=0.6)
    seed: int = setting("seed of the split", 0, minimum=0, maximum=2**31 - 1)
    threads: int = argument("threads that decode images", 2, minimum=1)

    def __post_init__(self) -> None:
        settings.check(self)
        if (self.window_low is None) != (self.window_high is None):
            raise UserError("window_low and window_high are given together or not at all")
        if self.window_low is not None and not self.window_low < self.window_high:
            raise UserError(f"window_low is {self.window_low:g}; expected less than window_high, {self.window_high:g}")

    @property
    def preparation(self) -> preparation.Preparation:
        """How a file becomes an image of the set."""
        window = None if self.window_low is None else decoding.Window(self.window_low, self.window_high)
        return preparation.Preparation(self.image_size, self.square, self.min_size, window)


def run(config: Config) -> None:
    """List, decode, compare, split and write."""
    files.require_empty(config.output)
    files.require_folder(config.folder, "a folder of images")
    listed, rejected, others = list_files(config)
    classes = metadata.require_labels(listed, config.classes, config.ignored_labels)
    rejected = pd.concat([rejected, metadata.unusable_labels(listed, classes, config.ignored_labels)])
    table = listed[listed["label"].isin(classes)].reset_index(drop=True)
    table = table.assign(given=table["patient"], patient=patients.identify(table["patient"], table["file"]))
    splits.require_patients(patients.majority(table, "label"), classes)
    notes = split_warnings.on_patients(table)

    with files.new_folder(config.output) as folder:
        scratch = folder / "scratch"
        scratch.mkdir()
        table, thumbnails = decode(config, table, scratch)
        rejected = pd.concat([rejected, table.loc[table["reason"] != "", REJECTED_COLUMNS]])
        require_few_rejected(config, rejected, len(listed))
        table = table[table["reason"] == ""].reset_index(drop=True)
        notes += split_warnings.on_images(table)

        manifest, pairs, copies = handle_duplicates(config, table, thumbnails)
        rejected = pd.concat([rejected, copies]).sort_values("file", ignore_index=True)
        require_patients_left(config, manifest, classes, rejected)
        manifest["split"] = splits.assign(manifest, config.test_fraction, config.validation_fraction, config.seed)
        notes += split_warnings.on_duplicates(pairs, config.duplicates)
        notes += split_warnings.on_rejected(rejected) + split_warnings.on_splits(manifest)

        preparation.copy_images(scratch, manifest.index.to_numpy(), folder)
        shutil.rmtree(scratch)
        image_set.write_manifest(folder, manifest[MANIFEST_COLUMNS])
        write_table(folder / "rejected.csv", rejected)
        write_table(folder / "duplicates.csv", pairs)
        write_table(folder / "patients.csv", split_warnings.patient_table(manifest))
        files.write_json(folder / "settings.json", provenance(config, folder, manifest, pairs, rejected, others, notes))
    rejected_path(config).unlink(missing_ok=True)
    for note in notes:
        print(f"warning: {note}", file=sys.stderr)


def list_files(config: Config) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """List the images with their labels, the rejected images that no table names, and the files that are no images."""
    images, others = metadata.find(config.folder)
    if not images:
        raise UserError(f"there is no image in {config.folder.absolute()}, only {len(others)} other files")
    unlisted = pd.DataFrame(columns=REJECTED_COLUMNS, dtype=str)
    if config.metadata is None:
        return metadata.from_folders(images), unlisted, others
    columns = metadata.Columns(config.file_column, config.label_column, config.patient_column, config.source_column)
    table = metadata.read_table(metadata_path(config), columns, images, others)
    unlisted["file"] = sorted(set(images) - set(table["file"]))
    unlisted = unlisted.assign(label="", reason="not in the table", detail=f"{config.metadata} doesn't name it")
    return table, unlisted, sorted(set(others) - set(table["file"]))


def metadata_path(config: Config) -> Path:
    """Locate the metadata table: as it was given, or else in the folder of the images."""
    inside = config.folder / config.metadata
    return inside if inside.is_file() and not config.metadata.is_file() else config.metadata


def decode(config: Config, table: pd.DataFrame, scratch: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Decode all files into the scratch folder; the table gets what was found, thumbnails are of the usable ones."""
    paths = [config.folder / file for file in table["file"]]
    prepared = preparation.prepare_all(paths, config.preparation, config.threads)
    tracked = progress.track(prepared, "decode", total=len(paths))
    known, thumbnails = preparation.store(tracked, len(paths), config.image_size, scratch)
    return pd.concat([table, known], axis=1), thumbnails


def handle_duplicates(
    config: Config, table: pd.DataFrame, thumbnails: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Join the patients that share a picture, and leave copies out, as the settings ask.

    Returns:
        The images that stay, with their places in the scratch folder as index; the pairs; and the rejected copies.
    """
    pairs = duplicates.find_between(table, thumbnails, config.duplicate_distance)
    table, dropped = table.copy(), np.zeros(len(table), dtype=bool)
    if config.duplicates != "keep":
        table["patient"] = patients.join(table["patient"], pairs[["first", "second"]].to_numpy())
    if config.duplicates == "drop":
        dropped = duplicates.to_drop(pairs, table["label"].to_numpy())
    pairs = pairs.assign(kept_a=~dropped[pairs.pop("first")], kept_b=~dropped[pairs.pop("second")])
    copies = table.loc[dropped, ["file", "label"]].assign(reason="duplicate", detail="see duplicates.csv")
    return table[~dropped].copy(), pairs, copies


def require_few_rejected(config: Config, rejected: pd.DataFrame, n_listed: int) -> None:
    """Stop where more files are unusable than the settings allow, and leave the list of them."""
    bad = rejected[~rejected["reason"].isin(NOT_BAD)]
    n_wanted = n_listed - (rejected["reason"] == "ignored label").sum()
    if len(bad) <= config.max_rejected * n_wanted:
        return
    first = "; ".join(f"{row.file} ({row.reason}: {row.detail})" for row in bad.head(3).itertuples())
    raise UserError(
        f"{len(bad)} of {n_wanted} files can't be used, more than max_rejected allows ({config.max_rejected:g}): "
        f"{split_warnings.by_reason(bad)}. The first: {first}. All: {leave_rejected(config, rejected)}"
    )


def require_patients_left(config: Config, table: pd.DataFrame, classes: list[str], rejected: pd.DataFrame) -> None:
    """Stop where a class has too few patients once files are rejected and patients joined."""
    label_of = patients.majority(table, "label")
    if label_of.value_counts().reindex(classes, fill_value=0).min() < len(SPLITS):
        clue = f"; files were left out or patients joined: {leave_rejected(config, rejected)}"
        splits.require_patients(label_of, classes, clue)


def rejected_path(config: Config) -> Path:
    """Name the list of rejected files that is left where there is no output folder to hold it."""
    return config.output.with_name(f"{config.output.name}.rejected.csv")


def leave_rejected(config: Config, rejected: pd.DataFrame) -> Path:
    """Write the list of rejected files beside the output that won't be."""
    write_table(rejected_path(config), rejected.sort_values("file"))
    return rejected_path(config)


def provenance(
    config: Config,
    folder: Path,
    manifest: pd.DataFrame,
    pairs: pd.DataFrame,
    rejected: pd.DataFrame,
    others: list[str],
    notes: list[str],
) -> dict[str, Any]:
    """Collect what the split was made from, and how."""
    sha256 = {name: files.sha256(folder / name) for name in ("images.npy", "manifest.csv")}
    return {
        "script": "split_data",
        "settings": asdict(config),
        "versions": versions("pillow", "scikit-learn", "numpy"),
        "classes": sorted(manifest["label"].unique()),
        "metadata_sha256": files.sha256(metadata_path(config)) if config.metadata else None,
        "sha256": sha256,
        "n_images": len(manifest),
        "n_patients": int(manifest["patient"].nunique()),
        "n_rejected": {reason: int(n) for reason, n in rejected["reason"].value_counts().items()},
        "n_duplicate_pairs": {kind: int(n) for kind, n in pairs["kind"].value_counts().items()},
        "counts": splits.counts(manifest).to_dict("records"),
        "image_shares": splits.shares(manifest),
        "not_images": others,
        "warnings": notes,
        "protocol": {
            "grey": "ITU-R 601 luminance, on black where transparent, upright by EXIF, 16 bits through the window",
            "resize": "Lanczos with antialiasing, from six times the size on after means of whole squares of pixels",
            "near_duplicates": f"pHash within duplicate_distance bits and gradients' cosine at least "
            f"{duplicates.LEAST_CORRELATION}",
            "split": "StratifiedGroupKFold by patient, stratified by class and by sources with enough patients",
        },
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
