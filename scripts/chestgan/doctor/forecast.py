"""How many jobs a study has, and how long they take and how much they fill, as far as that is known beforehand.

An hour that nothing is known of is called unknown. What is known: how fast trainings of this study were on this
machine, how long jobs of it took, and the speeds of the presets in docs/performance.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import pandas as pd

from chestgan.base import branches, configuration, files, imported
from chestgan.base.errors import UserError
from chestgan.base.real_fraction import WHOLE, part
from chestgan.doctor.machine import BYTES_PER_TRAINING
from chestgan.gan import schedule

# settings that decide how fast a training is and how large its files are; none but its own count for a kind
_DECISIVE = (
    *("architecture", "conditioning", "spectral_norm", "augment", "channels", "latent_dim"),
    *("generator_width", "discriminator_width", "batch_size", "mixed_precision"),
)
# a checkpoint has both networks with Adam's two moments, the EMA, and the two that were selected; files of these and of
# the last generator follow
_COPIES_OF_GENERATOR, _COPIES_OF_DISCRIMINATOR = 7, 5
_BYTES_PER_NUMBER = 4
# of the extractor with most
_FEATURES = 2048
# an image as a row of images.npy and as a PNG file
_BYTES_PER_PIXEL = 2

# what a job of each stage took in the demo after its start, in seconds of one core; right in proportion to one another
_SECONDS_IN_DEMO = {
    "make_demo_data": 1.0,
    "split_data": 2.0,
    "take_patients": 1.0,
    "import_images": 2.0,
    "train_acgan": 58.0,
    "generate_images": 0.5,
    "compute_fid": 8.0,
    "evaluate_classifier": 13.0,
    "classify_images": 1.0,
    "draw_curves": 12.0,
    "summarise_study": 15.0,
    "write_report": 3.0,
}
_SECONDS_TO_START = 2.5
_KIMG_IN_DEMO = {"train_acgan": 20.0, "evaluate_classifier": 30.0}


@dataclass(frozen=True)
class Known:
    """What is known of networks without loading torch: the contents of workflow/schemas/networks.json.

    Attributes:
        presets: every setting of each preset.
        architectures: those of each kind.
        sizes: the sides of images that each architecture can make.
        measured: presets by image size with their parameters and the images/s of a training.
        classifier_bytes: size of each classifier's weights.
    """

    presets: dict[str, dict[str, Any]]
    architectures: dict[str, list[str]]
    sizes: dict[str, list[int]]
    measured: list[dict[str, Any]]
    classifier_bytes: dict[str, int]


@dataclass(frozen=True)
class Speed:
    """How fast a training is with images of their own size, and what that is known from; None and why if it isn't."""

    images_per_second: float | None
    basis: str


def read_known(path: Path) -> Known:
    """Read the file that `make schema` writes."""
    return Known(**files.read_json(path))


def trained(config: Mapping[str, Any]) -> list[str]:
    """List the generators that are trained; the images of others come from elsewhere."""
    return [name for name, settings in config["generators"].items() if not imported.is_imported(settings)]


def image_size(config: Mapping[str, Any]) -> int:
    """Find the side of a study's images: what it says, or split_data's default."""
    return config["split_data"].get("image_size", 64)


def jobs(config: Mapping[str, Any]) -> dict[str, int]:
    """Count the jobs of a whole study by stage."""
    n_seeds, n_generators = len(config["seeds"]), len(config["generators"])
    n_trainings = len(branches.trainings(config)) * n_seeds
    is_demo = config["split_data"]["folder"] == configuration.DEMO_FOLDER
    jobs = {"make_demo_data": int(is_demo), "split_data": 1}
    jobs |= {"take_patients": len(branches.parts(config)) * n_seeds}
    jobs |= {"import_images": (n_generators - len(trained(config))) * n_seeds}
    jobs |= dict.fromkeys(("train_acgan", "generate_images"), n_trainings)
    jobs |= {"compute_fid": n_generators * n_seeds}
    jobs |= {"evaluate_classifier": len(branches.classifiers(config)) * n_seeds}
    jobs |= {"classify_images": n_generators * n_seeds if "real" in config["arms"] else 0}
    jobs |= dict.fromkeys(("draw_curves", "summarise_study", "write_report"), 1)
    return {stage: n for stage, n in jobs.items() if n}


def given(config: Mapping[str, Any], generator: str) -> dict[str, Any]:
    """Find the settings of a generator that a configuration has: its own, and those of all generators."""
    found = dict(config.get("train_acgan", {})) | dict(config["generators"][generator] or {})
    return {name: value for name, value in found.items() if value is not None}


def resolved(config: Mapping[str, Any], generator: str, known: Known) -> dict[str, Any]:
    """Find every setting of a generator, as train_acgan will: its own, those of all generators, its preset's."""
    of_configuration = given(config, generator)
    return known.presets[of_configuration.get("preset", "covidgan")] | of_configuration


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


def training_seconds(config: Mapping[str, Any], generator: str, images_per_second: float, known: Known) -> float:
    """Compute how long a training takes at this speed, which is that with images of their own size."""
    settings, size = resolved(config, generator, known), image_size(config)
    stages, batch_size = _stages(settings, size), settings["batch_size"]
    n_steps = math.ceil(1000 * settings["kimg"] / batch_size)
    return schedule.work(stages, n_steps) / size**2 * batch_size / images_per_second


def seconds_of_jobs(stage: str, benchmarks: Path) -> float | None:
    """Compute how long a job of a stage took on the average in this study; None where none ran."""
    found = [_column(path, "s", sep="\t") for path in sorted((benchmarks / stage).rglob("*.tsv"))]
    taken = [float(seconds.iloc[-1]) for seconds in found if len(seconds)]
    return mean(taken) if taken else None


def earlier_seconds(benchmarks: Path) -> dict[str, float]:
    """Compute how long a job of each stage took on the average in this study, where any ran."""
    taken = {stage: seconds_of_jobs(stage, benchmarks) for stage in _SECONDS_IN_DEMO}
    return {stage: seconds for stage, seconds in taken.items() if seconds is not None}


def expected_seconds(config: Mapping[str, Any]) -> dict[str, float]:
    """Estimate how long a job of each stage takes as in the demo, right in proportion to the others."""
    expected = {}
    for stage, seconds in _SECONDS_IN_DEMO.items():
        in_demo = _KIMG_IN_DEMO.get(stage, 1.0)
        share = (config.get(stage) or {}).get("kimg", in_demo) / in_demo
        expected[stage] = _SECONDS_TO_START + seconds * share
    return expected


def disk_bytes(config: Mapping[str, Any], n_images: int, known: Known) -> dict[str, int]:
    """Estimate what the results of a whole study fill: by what they are, in bytes."""
    size = image_size(config)
    n_seeds = len(config["seeds"])
    # a fraction of the patients has fewer images in its sets; its networks are as large
    shares = {part(fraction): fraction for fraction in config.get("real_fraction") or [WHOLE]}
    whole = [("", name) for name in config["generators"] if name not in trained(config)]
    made = sum(shares[of] for of, _ in [*whole, *branches.trainings(config)])
    n_each = generated_per_training(config, n_images)
    n_generated = n_seeds * n_each * made
    n_taken = n_seeds * n_images * sum(_share_taken(config, fraction) for fraction in shares.values() if fraction < 1)
    arms, backbone = branches.arms(config), config.get("evaluate_classifier", {}).get("backbone")
    backbones = [arms[name].get("backbone") or backbone for _, name in branches.classifiers(config)]
    trainings = sum(_bytes_of_training(config, generator, known) for _, generator in branches.trainings(config))
    return {
        "image sets": round(size**2 * (n_images + n_taken + _BYTES_PER_PIXEL * n_generated)),
        "trainings": n_seeds * trainings,
        "classifiers": n_seeds * sum(known.classifier_bytes.get(name or "convnet", 0) for name in backbones),
        # of the generators of all patients alone
        "features": _BYTES_PER_NUMBER * _FEATURES * (n_images + n_seeds * len(config["generators"]) * n_each),
    }


def generated_per_training(config: Mapping[str, Any], n_images: int) -> int:
    """Count the images that each training's generator makes: as asked, or by the number of training images."""
    counts, ratio = config["generate_images"].get("counts"), config["generate_images"].get("ratio")
    if counts:
        return sum(counts.values())
    return round((ratio or 0) * _share_of_training(config) * n_images)


def _share_of_training(config: Mapping[str, Any]) -> float:
    """Compute which share of the images is trained on, by what the split is asked for."""
    split = config["split_data"]
    return (1 - split.get("test_fraction", 0.2)) * (1 - split.get("validation_fraction", 0.2))


def _share_taken(config: Mapping[str, Any], fraction: float) -> float:
    """Compute which share of the images is in a set with a fraction of the training patients, and all others."""
    return 1 - (1 - fraction) * _share_of_training(config)


def _earlier_speeds(config: Mapping[str, Any], settings: Mapping[str, Any], folder: Path) -> list[float]:
    """List the images/s of a generator's finished trainings with these settings, while images had this size."""
    split = folder.parent / "split" / "settings.json"
    size = image_size(config)
    if _settings(split).get("image_size") != size:
        return []
    found = []
    for path in sorted(folder.glob("seed-*/train/settings.json")):
        before = _settings(path)
        if "kimg" not in before or any(before.get(name) != settings.get(name) for name in _DECISIVE):
            continue
        small_kimg = _stages(before, size)[-1].first_step * before["batch_size"] / 1000
        columns = {name: _column(path.with_name("speed.csv"), name) for name in ("kimg", "images_per_second")}
        speed = pd.DataFrame(columns).dropna()
        in_full = speed[speed["kimg"] > small_kimg]
        if len(in_full):
            found.append(float(in_full["images_per_second"].median()))
    return found


def _stages(settings: Mapping[str, Any], image_size: int) -> list[schedule.Stage]:
    """List the stages of a training; one with a start has a single one."""
    growth_kimg = 0 if settings.get("start_from") else settings.get("growth_kimg", 0)
    kimg, batch_size = settings["kimg"], settings["batch_size"]
    return schedule.stages(image_size, kimg=kimg, growth_kimg=growth_kimg, batch_size=batch_size)


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
    if any(settings.get(name) != preset.get(name) for name in _DECISIVE):
        return None
    wanted = (settings.get("preset", "covidgan"), image_size(config))
    return next((row for row in known.measured if (row["preset"], row["image_size"]) == wanted), None)


def _bytes_of_training(config: Mapping[str, Any], generator: str, known: Known) -> int:
    """Estimate what a training's files fill, with the networks of the snapshots that are kept."""
    settings = resolved(config, generator, known)
    every, n_kept = settings.get("keep_snapshots", 0), 0
    if every:
        n_kept = int(settings["kimg"] / (every * settings["snapshot_kimg"]))
    row = _measured(config, settings, known)
    if row is None:
        return round(BYTES_PER_TRAINING * (1 + n_kept / _COPIES_OF_GENERATOR))
    of_discriminator = _COPIES_OF_DISCRIMINATOR + n_kept * bool(settings.get("keep_discriminators"))
    numbers = (_COPIES_OF_GENERATOR + n_kept) * row["generator_parameters"]
    return round(_BYTES_PER_NUMBER * (numbers + of_discriminator * row["discriminator_parameters"]))
