"""What a study is about to do: a look at its configuration and its data before any job, and a summary in lines."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from chestgan.base import branches, configuration, imported
from chestgan.data import split_warnings
from chestgan.data.inspection import Inspection
from chestgan.doctor import forecast, refusals
from chestgan.doctor.forecast import Known

_SECONDS_PER_HOUR = 3600
_BY_STAGE = ("generate_images", "compute_fid", "evaluate_classifier")


def look_ahead(config: Mapping[str, Any], known: Known, folder: Path, inspect: Callable[..., Inspection]) -> list[str]:
    """Refuse what can be seen of a configuration and its data before any job, and say what the study takes.

    Args:
        config: checked against its schema.
        folder: where Snakemake runs.
        inspect: that of split_data, which opens no image where there is a split already.

    Raises:
        UserError: a mistake, with the key of the configuration.
    """
    refusals.check_settings(config, known)
    split = folder / "results" / config["dataset"] / "split"
    inspected, classes = None, list(configuration.DEMO_CLASSES)
    if config["split_data"]["folder"] != configuration.DEMO_FOLDER:
        is_split = (split / "settings.json").is_file()
        inspected = inspect(config["split_data"], **({"n_files": 0} if is_split else {}))
        classes = inspected.selected.classes
    refusals.check_labels(config, classes)
    refusals.check_batches(config, classes, known)
    imported.require_enough(config, classes, split)
    refusals.check_counts(config, classes, split)
    refusals.check_fractions(config, inspected, split)
    refusals.check_starts(config, classes, split)
    return list(summary(config, inspected, known, folder))


def summary(config: Mapping[str, Any], inspected: Inspection | None, known: Known, folder: Path) -> Iterator[str]:
    """Say in a few lines what a whole study takes: images and patients, jobs, hours, and disk.

    Args:
        inspected: what the data hold; None where they don't exist yet.
        folder: where Snakemake runs, with the results and benchmarks of what is done.
    """
    if inspected is not None:
        yield from data_lines(config, inspected)
    if "real" not in config["arms"]:
        yield "warning: arms has no real, with which the others are compared: the study will have no answer"
    n_jobs = forecast.jobs(config)
    by_stage = ", ".join(f"{stage} {n}" for stage, n in n_jobs.items())
    yield f"jobs: {sum(n_jobs.values())} in the whole study, done or not: {by_stage}"
    yield from hour_lines(config, n_jobs, known, folder)
    if inspected is not None:
        parts = forecast.disk_bytes(config, len(inspected.selected.table), known)
        shown = ", ".join(f"{name} {_size(n)}" for name, n in parts.items())
        yield f"disk: about {_size(sum(parts.values()))} when all is done: {shown}"


def data_lines(config: Mapping[str, Any], inspected: Inspection) -> Iterator[str]:
    """Say how many images and patients there are by class, what is left out or odd, and what the opened files hold."""
    table, left_out = inspected.selected.table, inspected.selected.rejected
    grouped = table.groupby("label").agg(n_images=("file", "size"), n_patients=("patient", "nunique"))
    by_class = ", ".join(f"{row.Index} {row.n_images} of {row.n_patients}" for row in grouped.itertuples())
    yield (
        f"data: {len(table)} images of {table['patient'].nunique()} patients in {config['split_data']['folder']}: "
        f"{by_class}" + (f"; left out: {split_warnings.by_reason(left_out)}" if len(left_out) else "")
    )
    for note in (*split_warnings.on_patients(table), *inspected.selected.notes):
        yield f"warning: {note}"
    looked = inspected.looked
    if looked.empty:
        return
    bad = looked[looked["reason"] != ""]
    usable = "all can be used" if bad.empty else f"{len(looked) - len(bad)} can be used"
    others = "" if bad.empty else f", others not: {split_warnings.by_reason(bad)}"
    yield f"opened: {len(looked)} of them; {usable}{_sizes(looked.drop(bad.index))}{others}"


def hour_lines(config: Mapping[str, Any], n_jobs: Mapping[str, int], known: Known, folder: Path) -> Iterator[str]:
    """Say how many hours trainings and other jobs take, one after another, and what that is known from."""
    results, benchmarks = (folder / name / config["dataset"] for name in ("results", "benchmarks"))
    trainings = []
    for name in forecast.trained(config):
        speed = forecast.speed(config, name, known, results)
        if speed.images_per_second is None:
            trainings.append(f"{name} unknown ({speed.basis})")
        else:
            seconds = forecast.training_seconds(config, name, speed.images_per_second, known)
            n = len(config["seeds"]) * sum(generator == name for _, generator in branches.trainings(config))
            rate = f"{speed.images_per_second:.0f} images/s, {speed.basis}"
            trainings.append(f"{name} {_hours(n * seconds / _SECONDS_PER_HOUR)} ({rate})")
    if trainings:
        yield f"hours of the {n_jobs['train_acgan']} trainings, one after another: {'; '.join(trainings)}"
    others = []
    for stage in (stage for stage in _BY_STAGE if stage in n_jobs):
        seconds = forecast.seconds_of_jobs(stage, benchmarks)
        taken = "unknown" if seconds is None else _hours(n_jobs[stage] * seconds / _SECONDS_PER_HOUR)
        others.append(f"{stage} {taken}")
    yield f"hours of other jobs, as earlier ones took here: {', '.join(others)}"


def _sizes(usable: pd.DataFrame) -> str:
    """Say from which size to which images are; nothing where there is none."""
    if usable.empty:
        return ""
    sides = usable[["original_width", "original_height"]].astype(int)
    ends = sides.iloc[sides.prod(axis=1).argsort(kind="stable")].iloc[[0, -1]]
    return f", {' to '.join(dict.fromkeys(f'{width} × {height}' for width, height in ends.to_numpy()))} pixels"


def _hours(hours: float) -> str:
    return f"{hours:.1f}" if hours >= 0.1 else f"{hours:.2f}"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.0f} MB"
