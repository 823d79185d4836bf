"""The section of the data: from files to patients, and who is in which split."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from chestgan.images.image_set import SPLITS
from chestgan.study.arms import REAL
from chestgan.study.labels import arm_label, probe_label, score_label
from chestgan.study.page.blocks import Flow, Prose, Section, Step, Table
from chestgan.study.page.sources import Study
from chestgan.study.page.words import counted, counted_images, with_interval
from chestgan.study.sources import are_known, share_without_patient


def data_section(study: Study) -> Section:
    """Show the flow of files and patients, the table by split, class and source, and the probes."""
    blocks = [_flow(study), _split_table(study.real.manifest), *_probes(study)]
    notes = [study.notes.get(key) for key in ("population", "acquisition", "reference_standard")]
    return Section("data", "The data", [*blocks, *(Prose(note) for note in notes if note)])


def _flow(study: Study) -> Flow:
    """Follow the files from the folder to the three splits."""
    manifest, rejected = study.real.manifest, study.rejected
    left_out = [f"{reason}: {n}" for reason, n in rejected["reason"].value_counts().sort_index().items()]
    left_out = [f"left out, {line}" for line in left_out] or ["none left out"]
    steps = [
        Step("Files found", counted(len(manifest) + len(rejected), "image file"), left_out),
        Step("In the study", counted_images(manifest), []),
    ]
    branches = []
    for split in SPLITS:
        chosen = manifest[manifest["split"] == split]
        by_class = [f"{label}: {counted_images(group)}" for label, group in chosen.groupby("label")]
        branches.append(Step(split.capitalize(), counted_images(chosen), by_class))
    return Flow("Files and patients, from the folder of images to the three splits", steps, branches)


def _split_table(manifest: pd.DataFrame) -> Table:
    """Count images and patients of each class, and of each of its sources where they are known."""
    has_sources, patients_known = are_known(manifest), share_without_patient(manifest) < 1
    rows = []
    for label, of_class in manifest.groupby("label"):
        rows.append([label, *(["all"] if has_sources else []), *_cells(of_class)])
        for source, of_source in of_class.groupby("source") if has_sources else ():
            rows.append([label, source or "not known", *_cells(of_source)])
    rows.append(["all", *(["all"] if has_sources else []), *_cells(manifest)])
    columns = ["class", *(["source"] if has_sources else []), *SPLITS, "in all"]
    counted = f"by split{', class and source' if has_sources else ' and class'}"
    if patients_known:
        return Table(f"Images (patients) {counted}. No patient is in two splits.", columns, rows)
    return Table(f"Images {counted}. Patients are unknown, so one may be in two splits.", columns, rows)


def _probes(study: Study) -> list[Table]:
    """Tabulate how well the classes are told by what isn't a lung, with the classifiers of real images last; nothing
    where that couldn't be measured."""
    probes = study.told["probes"]
    if not probes:
        return []
    rows = [[probe_label(one["probe"]), _roc_auc(one, "roc_auc")] for one in probes]
    rows += [
        [f"whole images, by classifiers of {arm_label(arm['arm'])}", _roc_auc(arm, "roc_auc_mean")]
        for _, arm in study.arms.iterrows()
        if arm["arm"] == REAL
    ]
    caption = (
        "What tells the classes apart without the lungs: logistic regression on one thing at a time, learnt from "
        f"{counted(probes[0]['n_train_images'], 'training image')} and judged on "
        f"{counted(probes[0]['n_test_images'], 'image')} of {counted(probes[0]['n_test_patients'], 'test patient')}. "
        "Grey levels and thumbnail hold the lungs too, but hardly a finding. Where one comes near the classifiers, "
        "these may tell where an image comes from instead of the disease. ROC AUC of class "
        f"{study.told['positive_class']} with its {100 * study.confidence:g} % interval; 0.5 is guessing."
    )
    return [Table(caption, ["told by", score_label("roc_auc")], rows)]


def _roc_auc(row: Mapping[str, Any], name: str) -> str:
    return with_interval(row[name], row["roc_auc_low"], row["roc_auc_high"])


def _cells(images: pd.DataFrame) -> list[str]:
    groups = [*(images[images["split"] == split] for split in SPLITS), images]
    if share_without_patient(images) == 1:
        return [str(len(group)) for group in groups]
    return [f"{len(group)} ({group['patient'].nunique()})" for group in groups]
