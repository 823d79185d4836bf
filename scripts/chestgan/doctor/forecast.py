"""How many jobs a study has, and how long they take and how much they fill, as far as that is known beforehand.

An hour that nothing is known of is called unknown. What is known: how fast trainings of this study were on this
machine, how long jobs of it took, and the speeds of the presets in docs/performance.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import pandas as pd

from chestgan.base import files, imported
from chestgan.base.errors import UserError
from chestgan.doctor.machine import BYTES_PER_TRAINING

# settings that decide how fast a training is and how large its files are
_DECISIVE = (
    *("architecture", "conditioning", "spectral_norm", "augment", "channels", "latent_dim"),
    *("generator_width", "discriminator_width", "batch_size", "mixed_precision"),
)
# a checkpoint has both networks with Adam's two moments, the EMA and the selected generator; two generator files follow
_COPIES_OF_GENERATOR, _COPIES_OF_DISCRIMINATOR = 7, 3
_BYTES_PER_NUMBER = 4
# of the extractor with most
_FEATURES = 2048
# an image as a row of images.npy and as a PNG file
_BYTES_PER_PIXEL = 2

# what a job of each stage took in the demo after its start, in seconds of one core; right in proportion to one another
_SECONDS_IN_DEMO = {
    "make_demo_data": 1,
    "split_data": 2,
    "import_images": 2,
    "train_acgan": 56,
    "generate_images": 3,
    "compute_fid": 12,
    "evaluate_classifier": 11,
    "classify_images": 1,
    "draw_curves": 16,
    "summarise_study": 18,
    "write_report": 4,
}
_SECONDS_TO_START = 4
_KIMG_IN_DEMO = {"train_acgan": 20.0, "evaluate_classifier": 30.0}


@dataclass(frozen=True)
class Known:
    """What is known of networks without loading torch: the contents of workflow/schemas/networks.json.

    Attributes:
        presets: every setting of each preset.
        sizes: the sides of images that each architecture can make.
        measured: presets by image size with their parameters and the images/s of a training.
        classifier_bytes: size of each classifier's weights.
    """

    presets: dict[str, dict[str, Any]]
    sizes: dict[str, list[int]]
    measured: list[dict[str, Any]]
    classifier_bytes: dict[str, int]


@dataclass(frozen=True)
class Speed:
    """How fast a training is, and what that is known from; None and the reason where it isn't."""

    images_per_second: float | None
    basis: str


def read_known(path: Path) -> Known:
    """Read the file that `make schema` writes."""
    return Known(**files.read_json(path))


def branches(arms: Mapping[str, Mapping[str, Any]], generators: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Name the branches of a study's arms: one with synthetic images has one for each generator, real ones have one."""
    return {
        name if generator is None else f"{name}-{generator}": {"arm": name, "generator": generator} | dict(arm)
        for name, arm in arms.items()
        for generator in imported.arms_with({name: arm}, generators)[name]
    }


def trained(config: Mapping[str, Any]) -> list[str]:
    """List the generators that are trained; the images of others come from elsewhere."""
    return [name for name, settings in config["generators"].items() if not imported.is_imported(settings)]


def jobs(config: Mapping[str, Any]) -> dict[str, int]:
    """Count the jobs of a whole study by stage."""
    n_seeds = len(config["seeds"])
    trainings = len(trained(config)) * n_seeds
    n_classifiers = len(branches(config["arms"], list(config["generators"]))) * len(config["seeds"])
    of_generators = dict.fromkeys(("train_acgan", "generate_images"), trainings)
    of_generators |= {"import_images": len(config["generators"]) * n_seeds - trainings}
    of_generators |= {"compute_fid": len(config["generators"]) * n_seeds}
    ends = dict.fromkeys(("draw_curves", "summarise_study", "write_report"), 1)
    of_classifiers = {"evaluate_classifier": n_classifiers}
    if "real" in config["arms"]:
        of_classifiers["classify_images"] = len(config["generators"]) * n_seeds
    jobs = {"split_data": 1} | of_generators | of_classifiers | ends
    return {stage: n for stage, n in jobs.items() if n}


def resolved(config: Mapping[str, Any], generator: str, known: Known) -> dict[str, Any]:
    """Find every setting of a generator, as train_acgan will: its own, those of all generators, its preset's."""
    given = dict(config.get("train_acgan", {})) | dict(config["generators"][generator] or {})
    given = {name: value for name, value in given.items() if value is not None}
    return known.presets[given.get("preset", "covidgan")] | given


def speed(config: Mapping[str, Any], generator: str, known: Known, results: Path) -> Speed:
    """Find how fast a training is: as earlier ones of this study here, or else as the preset was measured."""
    settings = resolved(config, generator, known)
    measured = _earlier_speeds(config, settings, results / generator)
    if measured:
        return Speed(median(measured), f"as {len(measured)} here")
    if config.get("gpus", 0) and config.get("device") != "cpu":
        return Speed(None, "no speed on a GPU is kept")
    row = _measured(config, settings, known)
    if row is None:
        return Speed(None, "no speed of these settings is kept")
    return Speed(row["images_per_second"], f"as docs/performance.md measured on {row['machine']}")


def seconds_of_jobs(stage: str, benchmarks: Path) -> float | None:
    """Compute how long a job of a stage took on the average in this study; None where none ran."""
    found = [_column(path, "s", sep="\t") for path in sorted((benchmarks / stage).glob("*.tsv"))]
    taken = [float(seconds.iloc[-1]) for seconds in found if len(seconds)]
    return mean(taken) if taken else None


def expected_seconds(config: Mapping[str, Any], benchmarks: Path) -> dict[str, float]:
    """Estimate how long a job of each stage takes, in proportion to the others: as earlier ones, or as in the demo."""
    expected = {}
    for stage, seconds in _SECONDS_IN_DEMO.items():
        in_demo = _KIMG_IN_DEMO.get(stage, 1.0)
        share = (config.get(stage) or {}).get("kimg", in_demo) / in_demo
        expected[stage] = seconds_of_jobs(stage, benchmarks) or _SECONDS_TO_START + seconds * share
    return expected


def disk_bytes(config: Mapping[str, Any], n_images: int, known: Known) -> dict[str, int]:
    """Estimate what the results of a whole study fill: by what they are, in bytes."""
    size = config["split_data"].get("image_size", 64)
    n_seeds, n_trainings = len(config["seeds"]), len(config["seeds"]) * len(config["generators"])
    per_training = [_bytes_of_training(config, generator, known) for generator in trained(config)]
    n_generated = n_trainings * generated_per_training(config, n_images)
    arms = branches(config["arms"], list(config["generators"]))
    backbones = [arm.get("backbone") or config.get("evaluate_classifier", {}).get("backbone") for arm in arms.values()]
    return {
        "image sets": size**2 * (n_images + _BYTES_PER_PIXEL * n_generated),
        "trainings": n_seeds * sum(per_training),
        "classifiers": n_seeds * sum(known.classifier_bytes.get(name or "convnet", 0) for name in backbones),
        "features": _BYTES_PER_NUMBER * _FEATURES * (n_images + n_generated),
    }


def generated_per_training(config: Mapping[str, Any], n_images: int) -> int:
    """Count the images that each training's generator makes: as asked, or by the number of training images."""
    counts, ratio = config["generate_images"].get("counts"), config["generate_images"].get("ratio")
    if counts:
        return sum(counts.values())
    split = config["split_data"]
    share = (1 - split.get("test_fraction", 0.2)) * (1 - split.get("validation_fraction", 0.2))
    return round((ratio or 0) * share * n_images)


def _earlier_speeds(config: Mapping[str, Any], settings: Mapping[str, Any], folder: Path) -> list[float]:
    """List the images/s of a generator's finished trainings that had these settings and images of this size."""
    split = folder.parent / "split" / "settings.json"
    size = config["split_data"].get("image_size", 64)
    if _settings(split).get("image_size") != size:
        return []
    found = []
    for path in sorted(folder.glob("seed-*/train/settings.json")):
        before = _settings(path)
        rates = _column(path.with_name("speed.csv"), "images_per_second")
        if len(rates) and all(before.get(name) == settings[name] for name in _DECISIVE):
            found.append(float(rates.median()))
    return found


def _settings(path: Path) -> dict[str, Any]:
    """Read the settings of a result; none where it is missing or damaged, for its stage has to say so."""
    try:
        return dict(files.read_json(path)["settings"])
    except (UserError, KeyError, TypeError, ValueError):
        return {}


def _column(path: Path, name: str, **how: Any) -> pd.Series:
    """Read the numbers of a column; none where the table is missing or damaged."""
    try:
        return pd.to_numeric(pd.read_csv(path, **how)[name]).dropna() if path.is_file() else pd.Series(dtype=float)
    except (ValueError, KeyError, TypeError):
        return pd.Series(dtype=float)


def _measured(config: Mapping[str, Any], settings: Mapping[str, Any], known: Known) -> dict[str, Any] | None:
    """Find the row of a preset with these settings and this size among those that were measured."""
    preset = known.presets[settings.get("preset", "covidgan")]
    if any(settings[name] != preset[name] for name in _DECISIVE):
        return None
    wanted = (settings.get("preset", "covidgan"), config["split_data"].get("image_size", 64))
    return next((row for row in known.measured if (row["preset"], row["image_size"]) == wanted), None)


def _bytes_of_training(config: Mapping[str, Any], generator: str, known: Known) -> int:
    row = _measured(config, resolved(config, generator, known), known)
    if row is None:
        return BYTES_PER_TRAINING
    numbers = _COPIES_OF_GENERATOR * row["generator_parameters"]
    numbers += _COPIES_OF_DISCRIMINATOR * row["discriminator_parameters"]
    return round(_BYTES_PER_NUMBER * numbers)
