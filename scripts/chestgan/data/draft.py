"""The text of a configuration for what was found in a folder, with comments and no key that it doesn't need."""

import json
import re
from pathlib import Path

import numpy as np

from chestgan.data.column_guesses import TableGuess
from chestgan.data.survey import Survey
from chestgan.images.labels import mistake

_ILL = re.compile(r"covid|pneumon|positive|tubercul|cancer|ill|sick|abnormal|effusion|opacity", re.IGNORECASE)
_WELL = re.compile(r"(no|non|not|neg|negative|normal|healthy|control|other|0)(\b|[ _-]).*|non?.?covid", re.IGNORECASE)
# classes with fewer images than this can't be in all splits with enough
_FEWEST_IMAGES = 6
_MOST_CLASSES = 6
_USUAL_SIZE, _LEAST_OF_GAN = 64, 32
# of which a diffusion model can make images
_SMALL_SIZES = (28, 24, 20, 16)
_STRONG = """strong:
    preset: strong # for a few hundred images; covidgan and dcgan are the published ones, and collapse on so few"""
_DIFFUSION = """diffusion:
    preset: diffusion # the GANs here make no images this small"""
_STUDY = """
# Trained once with each seed; three say little of the variance, five say more.
seeds: [0, 1, 2]
gpus: {gpus} # {why}

train_acgan:
  batch_size: 32
  # {budget}
  kimg: 300
  snapshot_kimg: 10
  mixed_precision: bf16

generators:
  {generator}

generate_images:
  ratio: 1.0 # as many as there are real training images

compute_fid:
  extractors: [fd_efficientnet_lite0]

evaluate_classifier:
  backbone: efficientnet_lite0
  positive_class: {positive}

arms:
  real:
    train_on: real
  real_augmented: # what synthetic images have to beat
    train_on: real
    augment: true
  real_synthetic:
    train_on: real_synthetic
    ratio: 1.0
  synthetic:
    train_on: synthetic
    ratio: 1.0

summarise_study:
  primary_score: roc_auc
"""


def write(dataset: str, folder: Path, found: Survey, split: list[str], classes: list[str], n_gpus: int) -> str:
    """Write a configuration.

    Args:
        split: lines of the section split_data, as `split_keys` or `recipe_keys` gives them.
        classes: the classes of the study.
        n_gpus: GPUs of this machine.
    """
    gpus = min(n_gpus, 1)
    size = image_size(found)
    hours = f"about {'a quarter of an hour on a GPU' if gpus else 'an hour on a core'} for each seed at 64 pixels"
    lines = [
        f"# {folder}: {found.n_images} images{_sizes(found)}. config/README.md describes every key.",
        "",
        f"dataset: {_yaml(dataset)} # results go to results/{dataset}",
        "",
        "split_data:",
        f"  folder: {_yaml(str(folder))}",
        *(f"  {line}" for line in split),
        *(f"  {line}" for line in _pixel_keys(found, size)),
    ]
    study = _STUDY.format(
        gpus=gpus,
        why=f"this machine has {n_gpus}" if n_gpus else "this machine has none",
        budget=f"thousand images shown, {hours}; 30 show in a tenth of it whether all fits together",
        positive=_yaml(positive_class(classes)),
        generator=_STRONG if size >= _LEAST_OF_GAN else _DIFFUSION,
    )
    return "\n".join(lines) + "\n" + study


def recipe_keys(recipe: str) -> list[str]:
    """Write the lines for a set that a recipe reads."""
    return [f"recipe: {recipe} # config/recipes/{recipe}.yaml; keys that are set here win over its"]


def split_keys(found: Survey) -> tuple[list[str], list[str]]:
    """Write the lines about the table or the class folders, and name the classes."""
    if found.table is None or not (found.table.label or len(found.classes) > 1):
        return _folder_keys(found), _classes(found.classes)
    table = found.table
    lines = [f"metadata: {_yaml(table.path)} # names {table.n_named} of the images"]
    if table.file_template:
        lines.append(f"file_template: {_yaml(table.file_template)}")
    elif table.file != "file":
        lines.append(f"file_column: {_yaml(table.file)}")
    by_folder = not table.label
    counts = found.classes if by_folder else table.labels
    if by_folder:
        lines.append('label_column: "" # the folders are the labels')
    elif len(_classes(counts)) > _MOST_CLASSES or any(map(mistake, _classes(counts))):
        ruled = _two_of(counts) if len(_classes(counts)) > _MOST_CLASSES else _classes(counts)
        return lines + _rule_keys(table, ruled) + _who_keys(table), ruled
    elif table.label != "label":
        lines.append(f"label_column: {_yaml(table.label)}")
    return lines + _who_keys(table) + _ignored(counts), _classes(counts)


def image_size(found: Survey) -> int:
    """Choose the side of the images: 64 pixels, or less where most have no 64."""
    if not len(found.sides):
        return _USUAL_SIZE
    usual = float(np.median(found.sides.min(axis=1)))
    return next((size for size in (_USUAL_SIZE, _LEAST_OF_GAN, *_SMALL_SIZES) if usual >= size), _SMALL_SIZES[-1])


def positive_class(classes: list[str]) -> str:
    """Choose the class to find: the one that sounds ill, or else the first that doesn't sound well."""
    ill = [label for label in classes if _ILL.search(label) and not _WELL.match(label)]
    return next(iter(ill or [label for label in classes if not _WELL.match(label)] or classes))


def _folder_keys(found: Survey) -> list[str]:
    lines = [f"# class folders: {', '.join(f'{name} {n}' for name, n in found.classes.items())}"]
    if found.n_masks:
        lines.append(f"# {found.n_masks} masks and overlays are left out and listed")
    if found.classes_below:
        lines.append("label_pattern: ^[^/]+/([^/]+)/ # below train, test, ...; the study splits anew")
    if found.patients_in_folders:
        return [*lines, "patient_pattern: ^[^/]+/([^/]+)/ # the folder inside a class folder"]
    return [
        *lines,
        "# patients are those of DICOM headers; others a table names, or patient_pattern by the files' paths",
    ]


def _rule_keys(table: TableGuess, ruled: list[str]) -> list[str]:
    """Write a rule for each label, by a name that a folder may have."""
    head = f"# {table.label!r} has {len(table.labels)} values; all others are left out"
    rules = [f"  {_yaml(_folder_name(label))}: {_yaml(f'{table.label} is {label}')}" for label in ruled]
    return [head, "labels:", *rules]


def _folder_name(label: str) -> str:
    if not mistake(label):
        return label
    return re.sub(r"[^\w-]+", "_", label.rpartition("/")[2]).strip("_-")[:40] or "other"


def _who_keys(table: TableGuess) -> list[str]:
    lines = []
    for key, usual in (("patient", "patient"), ("source", "source")):
        column = getattr(table, key)
        unknown = " # none was recognised" if not column else ""
        if column != usual:
            lines.append(f"{key}_column: {_yaml(column)}{unknown}")
    if table.carried:
        lines.append(f"# columns: {_yaml(table.carried)} # to carry them into manifest.csv")
    return lines


def _classes(counts: dict[str, int]) -> list[str]:
    return sorted(label for label, n in counts.items() if label and n >= _FEWEST_IMAGES)


def _ignored(counts: dict[str, int]) -> list[str]:
    few = sorted(label for label, n in counts.items() if label and n < _FEWEST_IMAGES)
    return [f"ignored_labels: {_yaml(few)} # fewer than {_FEWEST_IMAGES} images"] if few else []


def _two_of(counts: dict[str, int]) -> list[str]:
    return sorted(sorted(_classes(counts), key=lambda label: -counts[label])[:2])


def _pixel_keys(found: Survey, size: int) -> list[str]:
    lines = ["# image_size: 128 # shows more than 64, and takes four times as long"]
    if size < _USUAL_SIZE:
        lines = [f"image_size: {size}", f"min_size: {size}"]
    if found.varies_in_shape:
        lines.append("square: crop # the black bars of pad may give the source away, and so the class")
    if found.window is not None:
        low, high = found.window
        lines += [
            f"window_low: {low} # more than 8 bits: what lies below is black, and above window_high white",
            f"window_high: {high}",
        ]
    return lines


def _sizes(found: Survey) -> str:
    if not len(found.sides):
        return ""
    shorter = found.sides.min(axis=1)
    sides = " to ".join(map(str, sorted({int(shorter.min()), int(shorter.max())})))
    return f", the shorter side {sides} pixels"


def _yaml(value: str | list[str]) -> str:
    """Write a value as YAML on one line: plain where it is a word, else in quotes."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    reads_as_other = re.fullmatch(r"(?i)true|false|yes|no|on|off|null|y|n", value)
    plain = re.fullmatch(r"[A-Za-z_/][\w/.-]*", value) and not reads_as_other
    return value if plain else json.dumps(value, ensure_ascii=False)
