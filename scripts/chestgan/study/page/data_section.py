"""The section of the data: from files to patients, and who is in which split."""

import pandas as pd

from chestgan.images.image_set import SPLITS
from chestgan.study.page.blocks import Flow, Prose, Section, Step, Table
from chestgan.study.page.sources import Study
from chestgan.study.page.words import counted


def data_section(study: Study) -> Section:
    """Show the flow of files and patients, and the table by split, class and source."""
    blocks = [_flow(study), _split_table(study.real.manifest)]
    notes = [study.notes.get(key) for key in ("population", "acquisition", "reference_standard")]
    return Section("data", "The data", [*blocks, *(Prose(note) for note in notes if note)])


def _flow(study: Study) -> Flow:
    """Follow the files from the folder to the three splits."""
    manifest, rejected = study.real.manifest, study.rejected
    left_out = [f"{reason}: {n}" for reason, n in rejected["reason"].value_counts().sort_index().items()]
    left_out = [f"left out, {line}" for line in left_out] or ["none left out"]
    steps = [
        Step("Files found", counted(len(manifest) + len(rejected), "image file"), left_out),
        Step("In the study", _counted(manifest), []),
    ]
    branches = []
    for split in SPLITS:
        chosen = manifest[manifest["split"] == split]
        by_class = [f"{label}: {_counted(group)}" for label, group in chosen.groupby("label")]
        branches.append(Step(split.capitalize(), _counted(chosen), by_class))
    return Flow("Files and patients, from the folder of images to the three splits", steps, branches)


def _split_table(manifest: pd.DataFrame) -> Table:
    """Count images and patients of each class, and of each of its sources where they are known."""
    has_sources = "source" in manifest and (manifest["source"] != "").any()
    rows = []
    for label, of_class in manifest.groupby("label"):
        rows.append([label, *([""] if has_sources else []), *_cells(of_class)])
        for source, of_source in of_class.groupby("source") if has_sources else ():
            rows.append([label, source or "not known", *_cells(of_source)])
    rows.append(["all", *([""] if has_sources else []), *_cells(manifest)])
    columns = ["class", *(["source"] if has_sources else []), *SPLITS, "in all"]
    return Table("Images (patients) by split, class and source. No patient is in two splits.", columns, rows)


def _cells(images: pd.DataFrame) -> list[str]:
    groups = [images[images["split"] == split] for split in SPLITS]
    return [f"{len(group)} ({group['patient'].nunique()})" for group in (*groups, images)]


def _counted(images: pd.DataFrame) -> str:
    return f"{counted(len(images), 'image')} of {counted(images['patient'].nunique(), 'patient')}"
