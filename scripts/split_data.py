"""Turn a folder of images into an image set, split by patients into train, validation and test.

The labels come from class folders (covid/*.png) or from metadata tables; patients, scanners and views from
the headers of DICOM files too.

    python scripts/split_data.py --folder data/demo --metadata metadata.csv --output results/demo/split
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import commandline, files, progress, recipes, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.settings import argument, setting
from chestgan.base.tables import write_table
from chestgan.data import (
    duplicates,
    header_table,
    headers,
    inspection,
    labels,
    listing,
    masks,
    metadata,
    patients,
    preparation,
    rejected,
    split_warnings,
    splits,
)
from chestgan.data.duplicates import LEAST_CORRELATION
from chestgan.data.grey import Window
from chestgan.data.inspection import Inspection, Selection
from chestgan.data.layout import Layout
from chestgan.images import image_set

WORKING_COLUMNS = ["given", *header_table.ADDED, *preparation.COLUMNS]
MANIFEST_COLUMNS = [*metadata.COLUMNS, "split", "sha256", "original_width", "original_height", "original_mode"]


@dataclass(frozen=True)
class Config:
    """The flags of this script."""

    folder: Path = setting("folder of the images; without a metadata table its subfolders are the labels")
    output: Path = argument("new folder for the image set")
    recipe: str | None = setting("keys for a public set: a name in config/recipes, or a file; own keys win", None)
    metadata: tuple[str, ...] = setting("tables of the files, in the folder or by path; * is a wildcard", ())
    table_columns: tuple[str, ...] = setting("names of the columns of tables without a header", ())
    sheet: str | None = setting("sheet of an XLSX file that has several: its name or its number", None)
    take: tuple[str, ...] = setting("files to take, such as */images/*; default: all", ())
    leave_out: tuple[str, ...] = setting("files to leave out, such as */masks/*", ())
    keep_rows: tuple[str, ...] = setting("rules for the rows to keep, such as 'view is PA or AP'", ())
    file_column: str = setting("the table's column of files, relative to the folder", "file")
    file_template: str | None = setting(
        "the files in place of file_column: images/{id}.png; **/ in front looks in every folder, /** behind takes all "
        "files of the folder that is named",
        None,
    )
    missing_files: str = setting(
        "rows whose files aren't in the folder: refuse, or leave_out and list them",
        "refuse",
        choices=("refuse", "leave_out"),
    )
    label_column: str = setting("the table's column of labels; '' where the top folders are the labels", "label")
    label_pattern: str | None = setting(
        "regular expression whose one group is the label, where a folder below the top one is: ^[^/]+/([^/]+)/", None
    )
    labels: tuple[str, ...] = setting("a rule for each label in place of label_column: 'finding contains COVID'", ())
    patient_column: str = setting("the table's column of patients; '' if it has none", "patient")
    patient_pattern: str | None = setting(
        r"regular expression whose one group is the patient, such as patient(\d+): of patient_column, or of the path",
        None,
    )
    source_column: str = setting("the table's column of sources, such as hospitals; '' if it has none", "source")
    columns: tuple[str, ...] = setting("more columns of the table to carry through, such as sex, age, view", ())
    patient_salt: Path | None = setting(
        "file with a secret; patients and studies are then written as keyed hashes in every result", None
    )
    source_from: str | None = setting(
        "what of a DICOM header is the source where the table names none", None, choices=header_table.SOURCES
    )
    header_columns: tuple[str, ...] = setting(
        "what of DICOM headers becomes a column of the manifest",
        ("view", "modality", "manufacturer"),
        choices=header_table.COLUMNS,
    )
    views: tuple[str, ...] = setting("view positions to take, such as PA AP; others are left out; default: all", ())
    modalities: tuple[str, ...] = setting("modalities to take, such as CR DX; others are left out; default: all", ())
    frames: int = setting(
        "most frames of a DICOM file, or axial slices of a NIfTI file, at equal distances; 1: the middle one; 0: all",
        1,
        minimum=0,
    )
    classes: tuple[str, ...] = setting("labels to study; default: all", ())
    ignored_labels: tuple[str, ...] = setting("labels to leave out on purpose", ())
    image_size: int = setting("side of the square images in pixels", 64, minimum=16, maximum=image_set.MAX_IMAGE_SIZE)
    square: str = setting("make images square: pad with black, or crop the centre", "pad", choices=("pad", "crop"))
    min_size: int = setting("least pixels of the shorter side of a file", 64, minimum=1)
    window_low: float | None = setting(
        "value of an image of more than 8 bits that becomes black, Hounsfield units of CT; together with window_high; "
        "wins over the window of a DICOM file",
        None,
    )
    window_high: float | None = setting("value of an image of more than 8 bits that becomes white", None)
    max_rejected: float = setting("largest share of unusable files", 0.05, minimum=0, maximum=1)
    duplicates: str = setting(
        "the same picture under two patients or labels: group, put its patients in one split; drop, leave out copies "
        "too, and all of them if their labels differ; keep, only list them",
        "group",
        choices=("group", "drop", "keep"),
    )
    duplicate_correlation: float = setting(
        "least correlation of the fine detail of two copies of one picture, laid over each other",
        LEAST_CORRELATION,
        minimum=0.6,
        maximum=1,
    )
    test_fraction: float = setting("share of the images for the test split", 0.2, minimum=0.05, maximum=0.6)
    validation_fraction: float = setting("share of the rest for the validation split", 0.2, minimum=0.05, maximum=0.6)
    test_source: str | None = setting(
        "a source whose patients are all the test split, in place of test_fraction: no training sees that source", None
    )
    allow_small: bool = setting(f"allow fewer than {image_set.LEAST_TEST_PATIENTS} test patients of a class", False)
    seed: int = setting("seed of the split", 0, minimum=0, maximum=2**31 - 1)
    threads: int = argument("threads that decode images, or processes that read DICOM and NIfTI", 2, minimum=1)

    def __post_init__(self) -> None:
        settings.check(self)
        for name in ("table_columns", "sheet", "file_template", "labels", "keep_rows", "columns"):
            if getattr(self, name) and not self.metadata:
                raise UserError(f"split_data.{name} is about a table, and split_data.metadata names none; name one")
        own = [name for name in self.columns if name in (*MANIFEST_COLUMNS, *WORKING_COLUMNS)]
        if own:
            raise UserError(f"split_data.columns has {own[0]!r}, and the manifest has a column of that name; rename it")
        if (self.window_low is None) != (self.window_high is None):
            raise UserError("split_data.window_low and split_data.window_high are given together or not at all")
        if self.window_low is not None and not self.window_low < self.window_high:
            raise UserError(
                f"split_data.window_low is {self.window_low:g}; expected less than split_data.window_high, "
                f"{self.window_high:g}"
            )

    @property
    def layout(self) -> Layout:
        """What the tables say, and where."""
        return Layout(
            tables=self.metadata,
            table_columns=self.table_columns,
            sheet=self.sheet,
            take=self.take,
            leave_out=self.leave_out,
            file=self.file_column,
            label=self.label_column,
            patient=self.patient_column,
            source=self.source_column,
            file_template=self.file_template,
            label_pattern=self.label_pattern,
            patient_pattern=self.patient_pattern,
            labels=self.labels,
            keep_rows=self.keep_rows,
            missing_files=self.missing_files,
            columns=self.columns,
        )

    @property
    def parts(self) -> splits.Parts:
        """How large the three splits are, and what is in them."""
        return splits.Parts(self.test_fraction, self.validation_fraction, self.seed, self.test_source, self.allow_small)

    @property
    def preparation(self) -> preparation.Preparation:
        """How a file becomes an image of the set."""
        window = None if self.window_low is None else Window(self.window_low, self.window_high)
        return preparation.Preparation(self.image_size, self.square, self.min_size, window)


def run(config: Config) -> None:
    """List, decode, compare, split and write."""
    files.require_empty(config.output)
    selected = select(config)
    table, left_out = selected.table, selected.rejected
    notes = selected.notes + split_warnings.on_patients(table)
    if config.layout.by_folders:
        notes += split_warnings.on_subfolders(table)

    with files.new_folder(config.output) as folder:
        scratch = folder / "scratch"
        scratch.mkdir()
        table, thumbnails = decode(config, table, scratch)
        left_out = pd.concat([left_out, table.loc[table["reason"] != "", rejected.COLUMNS]])
        rejected.require_few(left_out, selected.n_listed, config.max_rejected, config.output)
        table = table[table["reason"] == ""].reset_index(drop=True)
        inspection.require_large_enough(table, config.image_size, config.square)
        notes += split_warnings.on_images(table)

        if config.layout.by_folders:
            unlike = masks.by_pixels(config.folder, table, thumbnails)
            left_out = pd.concat([left_out, unlike])
            thumbnails = np.delete(thumbnails, unlike.index, axis=0)
            table = table.drop(unlike.index)

        manifest, pairs, copies = handle_duplicates(config, table, thumbnails)
        left_out = pd.concat([left_out, copies]).sort_values("file", ignore_index=True)
        rejected.require_patients_left(manifest, selected.classes, left_out, config.output)
        manifest["split"] = splits.assign(manifest, config.parts)
        splits.require_test_patients(manifest, config.parts)
        notes += split_warnings.on_duplicates(pairs, config.duplicates)
        notes += split_warnings.on_rejected(left_out) + split_warnings.on_splits(manifest)

        preparation.copy_images(scratch, manifest.index.to_numpy(), folder)
        shutil.rmtree(scratch)
        said = [name for name in config.header_columns if name not in config.columns and (manifest[name] != "").any()]
        image_set.write_manifest(folder, manifest[[*MANIFEST_COLUMNS, *config.columns, *said]])
        write_table(folder / "rejected.csv", left_out)
        write_table(folder / "duplicates.csv", pairs)
        write_table(folder / "patients.csv", split_warnings.patient_table(manifest))
        made = provenance(config, folder, manifest, pairs, left_out, selected.others, notes)
        files.write_json(folder / "settings.json", made)
    rejected.list_beside(config.output).unlink(missing_ok=True)
    for note in notes:
        print(f"warning: {note}", file=sys.stderr)


def select(config: Config) -> Selection:
    """List the images of the classes with their patients; what can be no study is refused before an image is opened."""
    files.require_named_folder(config.folder, "split_data.folder")
    listed, left_out, others = listing.list_files(config.folder, config.layout)
    classes = labels.require_labels(listed, config.classes, config.ignored_labels)
    left_out = pd.concat([left_out, labels.unusable_labels(listed, classes, config.ignored_labels)])
    table = listed[listed["label"].isin(classes)].reset_index(drop=True)
    n_unusable = len(listed) - len(table)
    table, unwanted, notes = read_headers(config, table)
    left_out = pd.concat([left_out, unwanted])
    table = table.assign(given=table["patient"], patient=patients.identify(table["patient"], table["path"]))
    splits.require_patients(patients.majority(table, "label"), classes, f"; {told_apart(config, table)}")
    if config.test_source is not None:
        splits.require_source(table, config.test_source)
    return Selection(table, classes, left_out, others, n_unusable + len(table), notes)


def read_headers(config: Config, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Complete the rows of files by what DICOM and NIfTI headers say.

    Returns:
        A row for each frame to take; the files of other views and modalities, with the reason; and what to warn of.
    """
    paths = [config.folder / file for file in table["file"]]
    table = header_table.describe(table, list(headers.read_all(paths, config.threads)), config.source_from)
    others = [
        header_table.left_out(table, "view", config.views, "split_data.views"),
        header_table.left_out(table, "modality", config.modalities, "split_data.modalities"),
    ]
    unwanted = pd.concat(others)
    unwanted = unwanted[~unwanted.index.duplicated()]
    table = table.drop(unwanted.index)
    notes = header_table.warnings_about(table)
    if config.patient_salt is not None:
        table, told = header_table.hide_patients(table, patients.read_salt(config.patient_salt))
        notes += told
    return header_table.expand(table, config.frames), unwanted, notes


def told_apart(config: Config, table: pd.DataFrame) -> str:
    """Say which key tells patients apart, and how many it finds."""
    n_patients = table["patient"].nunique()
    if config.patient_pattern is not None:
        told = f"split_data.patient_pattern is {config.patient_pattern!r}"
    elif config.metadata and config.patient_column:
        told = f"split_data.patient_column is {config.patient_column!r}"
    elif (table["given"] == "").all():
        return f"split_data.folder is {str(config.folder)!r}, and each image in it counts as a patient of its own"
    else:
        told = f"split_data.folder is {str(config.folder)!r}, with the patients of its headers"
    return f"{told}, and {n_patients} patients have {len(table)} images"


def inspect(section: Mapping[str, Any], n_files: int = inspection.N_FILES) -> Inspection:
    """Look at the data as a run would take them, without a result: their labels, their patients, and some images.

    Args:
        section: the settings of split_data in the configuration.
        n_files: images to open.

    Raises:
        UserError: no study can be made of these data.
    """
    config = commandline.from_settings(Config, {**section, "output": "none"})
    selected = select(config)
    inspection.require_split(selected.table, config.parts)
    looked = inspection.look(selected.table, config.folder, config.preparation, config.threads, n_files)
    inspection.require_few_rejected(selected, looked, config.max_rejected, vars(config))
    inspection.require_large_enough(looked[looked["reason"] == ""], config.image_size, config.square)
    return Inspection(selected, looked)


def decode(config: Config, table: pd.DataFrame, scratch: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Decode all files into the scratch folder; the table gets what was found, thumbnails are of the usable ones."""
    prepared = preparation.prepare_rows(table, config.folder, config.preparation, config.threads)
    tracked = progress.track(prepared, "decode", total=len(table))
    known, thumbnails = preparation.store(tracked, len(table), config.image_size, scratch)
    return pd.concat([table, known], axis=1), thumbnails


def handle_duplicates(
    config: Config, table: pd.DataFrame, thumbnails: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Join the patients that share a picture, and leave copies out, as the settings ask.

    Returns:
        The images that stay, with their places in the scratch folder as index; the pairs; and the rejected copies.
    """
    pairs = duplicates.find_between(table, thumbnails, config.duplicate_correlation, config.threads)
    table, dropped = table.copy(), np.zeros(len(table), dtype=bool)
    if config.duplicates != "keep":
        table["patient"] = patients.join(table["patient"], pairs[["first", "second"]].to_numpy())
    if config.duplicates == "drop":
        dropped = duplicates.to_drop(pairs, table["label"].to_numpy())
    pairs = pairs.assign(kept_a=~dropped[pairs.pop("first")], kept_b=~dropped[pairs.pop("second")])
    copies = table.loc[dropped, ["file", "label"]].assign(reason="duplicate", detail="see duplicates.csv")
    return table[~dropped].copy(), pairs, copies


def provenance(
    config: Config,
    folder: Path,
    manifest: pd.DataFrame,
    pairs: pd.DataFrame,
    left_out: pd.DataFrame,
    others: list[str],
    notes: list[str],
) -> dict[str, Any]:
    """Collect what the split was made from, and how."""
    return {
        "script": "split_data",
        "settings": asdict(config),
        "versions": versions("pillow", "pydicom", "python-gdcm", "nibabel", "scikit-learn", "numpy"),
        "classes": sorted(manifest["label"].unique()),
        "metadata_sha256": {path.name: files.sha256(path) for path in listing.tables(config.folder, config.layout)},
        "sha256": image_set.checksums(folder),
        "n_images": len(manifest),
        "n_patients": int(manifest["patient"].nunique()),
        "n_rejected": {reason: int(n) for reason, n in left_out["reason"].value_counts().items()},
        "n_duplicate_pairs": {kind: int(n) for kind, n in pairs["kind"].value_counts().items()},
        "counts": splits.counts(manifest).to_dict("records"),
        "image_shares": splits.shares(manifest),
        "not_images": others,
        "warnings": notes,
        "protocol": {
            "grey": "ITU-R 601 luminance, on black where transparent, upright by EXIF, more than 8 bits through the "
            "window",
            "dicom": "rescale or modality LUT; then the window that was set, or else the file's VOI LUT or first "
            "window, or else, but for CT and PET, from the least to the greatest value; MONOCHROME1 inverted; pixel "
            "padding black",
            "nifti": "axial slices in the order of the affine's nearest axes, the patient's right on the left",
            "frames": "the middles of so many equal parts of the file",
            "resize": "Lanczos with antialiasing, from six times the size on after means of whole squares of pixels",
            "near_duplicates": duplicates.PROTOCOL,
            "split": "StratifiedGroupKFold by patient, stratified by class and by sources with enough patients"
            + ("" if config.test_source is None else f"; the patients of source {config.test_source} are the test"),
        },
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv, recipes.expand)


if __name__ == "__main__":
    sys.exit(main())
