"""The model card of a generator (Mitchell et al., FAT* 2019): what it was made from, what it is for, how good it is."""

import re
from typing import Any

from chestgan.base import release
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY
from chestgan.metrics.metric import ALL
from chestgan.study import starts
from chestgan.study.page.answer_section import warnings
from chestgan.study.page.sources import Study
from chestgan.study.page.words import UNKNOWN, counted_images, number, plain
from chestgan.study.verdict import listed


def model_card(study: Study, generator: str, seed: int) -> str:
    """Write the card of a generator's training as Markdown."""
    settings, _ = study.trained[generator, seed]
    made, images = study.generated[generator, seed]
    size = images.images.shape[1]
    # strong is no part of strong_ac
    named = re.compile(rf"(?<![\w-]){re.escape(generator)}(?![\w-])")
    faults = [text for text in warnings(study) if named.search(text)]
    parts = [
        f"# {generator}, seed {seed}",
        f"A generator of {size} × {size} grey images of the classes {listed(settings['classes'])}, trained by Chestgan "
        f"{release.VERSION}: `train/generator.safetensors`, sha256 `{made.get('generator_sha256')}`.",
        "## Use",
        "Research on whether synthetic images help to train classifiers. Not for diagnosis, not for teaching, never as "
        "images of patients.",
        "## Training images",
        _training_images(study),
        *_start(settings),
        "## Training",
        _table(["setting", "value"], [[key, plain(value)] for key, value in _shown(settings).items()]),
        "## Its images beside the test patients",
        _table(["metric", "its images", "real training images"], _metrics(study, generator, seed)),
        "## Known faults",
        "\n".join(f"- {text}" for text in faults) or "None was found by the study's checks.",
        "## Licence",
        _licence(settings),
    ]
    return "\n\n".join(parts) + "\n"


def _training_images(study: Study) -> str:
    train = study.real.manifest[study.real.manifest["split"] == "train"]
    of = [f"{counted_images(group)} of class {label}" for label, group in train.groupby("label")]
    return f"{listed(of)}. The snapshot was selected by the validation patients; the test patients were not used."


def _start(settings: dict[str, Any]) -> list[str]:
    """Say what the training began from; nothing where it began from random weights."""
    start = starts.start_of(settings)
    if not start:
        return []
    known = "" if start["patients_known"] else " Which patients that has seen isn't told."
    return [f"The training began from {starts.described(start)}; sha256 of its file `{start['sha256']}`.{known}"]


def _licence(settings: dict[str, Any]) -> str:
    """Name the licences of all images that the weights come from."""
    origins = [settings.get("origin") or {}]
    origins += [start.get("origin") or {} for start in starts.chain(starts.start_of(settings))]
    told = [f"{of.get('dataset') or 'data without a name'}: {of.get('licence') or starts.UNKNOWN}" for of in origins]
    return (
        "The generator and its images may be bound by the licences of the images that it was trained on: "
        f"{'; '.join(told)}."
    )


def _shown(settings: dict[str, Any]) -> dict[str, Any]:
    """Select the settings that say how it was trained, not where."""
    places = ("checkpoint", "output", "real", "device", "threads", "tensorboard", "time_limit", "processes", "name")
    places += ("start_from", "dataset", "licence")
    return {key: value for key, value in settings["settings"].items() if key not in places}


def _metrics(study: Study, generator: str, seed: int) -> list[list[str]]:
    """List the metrics of this training over all images, by every extractor."""
    rows = []
    for name, metrics in (("distances", DISTANCES), ("diversity", DIVERSITY)):
        for row in study.told.get(name, ()):
            if (row["generator"], row["seed"], row["class"]) != (generator, seed, ALL):
                continue
            if row.get("reference", "test") == "test":
                rows += [
                    [
                        f"{metric.label.replace(chr(10), ' ')}, {row['extractor']}, n = {row['n']}",
                        number(row[metric.name]),
                        number(row[metric.real_name]),
                    ]
                    for metric in metrics
                ]
            if "n_copies" in row:
                label = f"copies of training images, {row['extractor']}, n = {row['n_images']}"
                rows.append([label, number(row["n_copies"], 0), UNKNOWN])
    return rows


def _table(columns: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [columns, ["---"] * len(columns), *rows])
