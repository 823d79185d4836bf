"""What is refused of a study before any job: keys of its configuration that don't fit one another or the data."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from chestgan.base import branches, configuration, imported
from chestgan.base.arm_kinds import KINDS
from chestgan.base.errors import UserError, did_you_mean
from chestgan.base.real_fraction import WHOLE
from chestgan.data import fractions, patients, splits
from chestgan.data.inspection import Inspection
from chestgan.data.splits import Parts
from chestgan.doctor import forecast
from chestgan.doctor.forecast import Known
from chestgan.gan import batch_limits

# with as many patients of each class a fraction leaves none empty, however they are split
_PLENTY = 10
# what split_data takes from the headers of DICOM files by default
_HEADER_COLUMNS = ("view", "modality", "manufacturer")


def check_settings(config: Mapping[str, Any], known: Known) -> None:
    """Refuse settings that don't fit one another, whatever the data.

    Raises:
        UserError: counts or ratios of images that contradict, a training too short for its arm, or an image size that
            a generator can't make.
    """
    counts, ratio = config["generate_images"].get("counts"), config["generate_images"].get("ratio")
    if bool(counts) == (ratio is not None):
        found = "both are set" if counts else "neither is set"
        raise UserError(f"generate_images.counts and generate_images.ratio: {found}; expected one of them")
    for name, arm in config["arms"].items():
        wanted = arm.get("ratio", 1.0)
        if KINDS[arm["train_on"]].needs_generator and ratio is not None and wanted > ratio:
            raise UserError(
                f"arms.{name}.ratio is {wanted:g}, and generate_images.ratio is {ratio:g}, so there are fewer images "
                "than that arm wants; raise the latter, or lower the former"
            )
        settings = (config.get("evaluate_classifier") or {}) | arm
        kimg, validation_kimg = settings.get("kimg", 20.0), settings.get("validation_kimg", 0.5)
        if arm["train_on"] == "pretrained" and kimg < 2 * validation_kimg:
            raise UserError(
                f"arms.{name}.train_on is pretrained, which trains twice, but kimg is {kimg:g} and validation_kimg "
                f"{validation_kimg:g} there; raise evaluate_classifier.kimg to two validation_kimg at least"
            )
    check_groups(config)
    check_kinds(config, known)
    size = forecast.image_size(config)
    for name in forecast.trained(config):
        architecture = forecast.resolved(config, name, known)["architecture"]
        sizes = known.sizes[architecture]
        if size not in sizes:
            nearest = sorted(sizes, key=lambda other: (abs(other - size), other))[:2]
            raise UserError(
                f"split_data.image_size is {size}, which generators.{name} can't make (architecture {architecture}); "
                f"the nearest that it can are {' and '.join(map(str, sorted(nearest)))}"
            )


def check_kinds(config: Mapping[str, Any], known: Known) -> None:
    """Refuse settings that a generator's kind doesn't have, as train_acgan would.

    Raises:
        UserError: names the key, the preset, and what to do.
    """
    of_any = set().union(*known.presets.values())
    for name in forecast.trained(config):
        resolved = forecast.resolved(config, name, known)
        preset = resolved.get("preset", "covidgan")
        own = known.presets[preset]
        architectures = known.architectures[own["kind"]]
        if resolved["architecture"] not in architectures:
            raise UserError(
                f"generators.{name}.architecture is {resolved['architecture']!r}, and its preset {preset} is of kind "
                f"{own['kind']}; expected {' or '.join(architectures)}, or another preset"
            )
        foreign = [key for key in resolved if key in of_any and key not in own]
        if own["kind"] != "gan" and resolved.get("keep_discriminators"):
            foreign.append("keep_discriminators")
        if foreign:
            raise UserError(_foreign(config, name, foreign[0], f"preset {preset}, kind {own['kind']}"))
        if resolved.get("keep_discriminators") and not resolved.get("keep_snapshots"):
            raise UserError(
                f"generators.{name}: keep_discriminators goes with keep_snapshots: the snapshots to keep them of"
            )


def _foreign(config: Mapping[str, Any], generator: str, key: str, found: str) -> str:
    """Say that a generator has no such setting, and what to do where it was set."""
    if (config["generators"][generator] or {}).get(key) is not None:
        place, remedy = f"generators.{generator}", "leave it out"
    else:
        place, remedy = "train_acgan", f"set generators.{generator}.{key} to null, or move it to those that have it"
    value = forecast.given(config, generator)[key]
    return f"{place}.{key} is {value!r}, but generators.{generator} ({found}) has no such setting; {remedy}"


def check_batches(config: Mapping[str, Any], classes: Sequence[str], known: Known) -> None:
    """Refuse batches that the processes of a training can't share, which on a cluster it would say after hours.

    Raises:
        UserError: names the generator.
    """
    processes = config.get("nodes", 1) * max(1, config.get("gpus", 0))
    for name in forecast.trained(config):
        settings = forecast.resolved(config, name, known)
        try:
            batch_limits.check(settings["batch_size"], settings["snapshot_kimg"], len(classes), processes)
        except UserError as error:
            raise UserError(f"generators.{name}: {error}") from None


def check_counts(config: Mapping[str, Any], classes: Sequence[str], split: Path) -> None:
    """Refuse counts of generated images with which an arm can't be trained, as soon as there is a split.

    Raises:
        UserError: names the arm, the class and the counts.
    """
    counts, n_train = config["generate_images"].get("counts"), imported.training_images(split)
    if not counts or not n_train:
        return
    trained = set(forecast.trained(config))
    for name, generators in imported.arms_with(config["arms"], list(config["generators"])).items():
        ratio = config["arms"][name].get("ratio", 1.0)
        for label in classes if trained & set(generators) else ():
            wanted = round(ratio * n_train.get(label, 0))
            if counts.get(label, 0) < wanted:
                raise UserError(
                    f"arms.{name}.ratio is {ratio:g}, which takes {wanted} images of {label} for the {n_train[label]} "
                    f"that it is trained on, and generate_images.counts has {counts.get(label, 0)}; raise the latter, "
                    "or lower the former"
                )


def check_fractions(config: Mapping[str, Any], inspected: Inspection | None, split: Path) -> None:
    """Refuse fractions of the training patients that leave a class too few of them.

    Args:
        inspected: what the data hold; None for the demo's, which may not be drawn yet.
        split: the result of split_data; where there is none yet, its patients are those of the data before copies of
            one picture join them.

    Raises:
        UserError: names the key, the fraction and the class.
    """
    smallest = min(fraction for own in branches.real_fractions(config).values() for fraction in own)
    if smallest == WHOLE:
        return
    manifest, data = split / "manifest.csv", config["split_data"]
    parts = Parts(
        data.get("test_fraction", 0.2),
        data.get("validation_fraction", 0.2),
        data.get("seed", 0),
        data.get("test_source"),
    )
    train_share = (1 - parts.test_fraction) * (1 - parts.validation_fraction)
    if manifest.is_file():
        images = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    elif inspected is None:
        n = config.get("make_demo_data", {}).get("patients")
        if n is not None:
            fractions.require_patients(dict.fromkeys(configuration.DEMO_CLASSES, round(n * train_share)), smallest)
        return
    else:
        table = inspected.selected.table
        fewest = table.groupby("label")["patient"].nunique().min()
        if parts.test_source is None and smallest * fewest * train_share > _PLENTY:
            return
        images = table.assign(split=splits.assign(table, parts))
    label_of = patients.majority(images[images["split"] == "train"], "label")
    fractions.require_patients(label_of.value_counts().to_dict(), smallest)


def check_starts(config: Mapping[str, Any], classes: Sequence[str], split: Path) -> None:
    """Refuse generator files that trainings can't begin from, or whose patients this study holds out.

    Args:
        split: the result of split_data; where there is none yet, each training looks for these patients itself.

    Raises:
        UserError: names the generator and its file.
    """
    starts = branches.starts(config)
    if not starts:
        return
    # it takes seconds to load, and few studies have a start
    from chestgan.gan import images_seen, presets, start

    path = split / "manifest.csv"
    manifest = pd.read_csv(path, dtype=str, keep_default_na=False) if path.is_file() else None
    for (name, _), start_from in starts.items():
        given = forecast.given(config, name)
        own = {field.name: given.get(field.name) for field in dataclasses.fields(presets.Overrides)}
        try:
            settings = presets.resolve(given.get("preset", "covidgan"), presets.Overrides(**own))
            seen = start.read(start_from, settings, classes, forecast.image_size(config)).seen
        except UserError as error:
            raise UserError(f"generators.{name}: {error}") from None
        try:
            if seen is not None and manifest is not None:
                images_seen.require_unseen(seen, manifest, start_from)
        except UserError as error:
            raise UserError(f"generators.{name}: {error}; delete {split} if the data have changed since") from None


def check_groups(config: Mapping[str, Any]) -> None:
    """Refuse to group scores by a column that the images won't have.

    Raises:
        UserError: names the column and those that there are.
    """
    data = config["split_data"]
    columns = ["source", *data.get("columns", ()), *data.get("header_columns", _HEADER_COLUMNS)]
    for column in config.get("summarise_study", {}).get("group_by", ()):
        if column not in columns:
            raise UserError(
                f"summarise_study.group_by has {column}, which no image will have; expected one of "
                f"{', '.join(columns)}, or {column} among split_data.columns{did_you_mean(column, columns)}"
            )


def check_labels(config: Mapping[str, Any], classes: Sequence[str]) -> None:
    """Refuse settings that name a class which the study doesn't have, or leave one of its classes out.

    Raises:
        UserError: names the key, the value, and the nearest class.
    """
    sections = {"evaluate_classifier": config.get("evaluate_classifier") or {}}
    sections |= {f"arms.{name}": arm for name, arm in config["arms"].items()}
    named = [(f"{name}.positive_class", section.get("positive_class")) for name, section in sections.items()]
    counts = config["generate_images"].get("counts") or {}
    for key, label in [*named, *(("generate_images.counts", label) for label in counts)]:
        if label is not None and label not in classes:
            raise UserError(
                f"{key} is {label!r}, and the study has no such class, but {_listed(classes)}"
                + did_you_mean(label, classes)
            )
    lacking = [label for label in classes if counts and not counts.get(label)]
    if lacking:
        raise UserError(
            f"generate_images.counts asks for no image of class {lacking[0]!r}, and a study needs some of each: "
            f"{_listed(classes)}"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
