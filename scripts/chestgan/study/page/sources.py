"""Everything that the page of a study tells, read from the folders that its stages left."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.base.tables import read_table
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.metrics import copies

# of study.json, what every page shows
_NEEDED = (
    *("answer", "verdict", "caveats", "settings", "counts", "positive_class", "protocol"),
    *("arms", "scores", "generators", "groups", "labels", "probes", "calibration", "decision_curves"),
    *("two_by_two", "wrong_in_all_seeds", "fractions"),
)


@dataclass(frozen=True)
class Study:
    """A finished study.

    Attributes:
        folder: of its summary.
        told: study.json.
        real: the image set of the split.
        split: settings.json of the split.
        rejected: files that were left out: file, label, reason.
        generated: by generator and seed, settings.json of a synthetic set, and the set.
        trained: by generator and seed, settings.json of a training, and its folder; none for images from elsewhere.
        measured: settings.json of every measurement of synthetic images.
        closest: copies.csv of every measurement, by the first extractor, the closest pair first.
        classified: settings.json of every classifier.
        notes: what the authors add, by key of the configuration's `study_notes`.
        seconds: what the jobs of each stage took together.
    """

    folder: Path
    told: dict[str, Any]
    real: ImageSet
    split: dict[str, Any]
    rejected: pd.DataFrame
    generated: dict[tuple[str, int], tuple[dict[str, Any], ImageSet]]
    trained: dict[tuple[str, int], tuple[dict[str, Any], Path]]
    measured: list[dict[str, Any]]
    closest: pd.DataFrame
    classified: list[dict[str, Any]]
    notes: dict[str, str]
    seconds: dict[str, float]

    @property
    def arms(self) -> pd.DataFrame:
        """A row for each arm and generator."""
        return pd.DataFrame(self.told["arms"])

    @property
    def generators(self) -> list[str]:
        """The names of the generators, in the order of the summary's table."""
        return [row["generator"] for row in self.told["generators"]]

    @property
    def primary_score(self) -> str:
        """The score of the verdict."""
        return self.told["settings"]["primary_score"]

    @property
    def confidence(self) -> float:
        """The confidence of the intervals, in (0, 1)."""
        return self.told["settings"]["confidence"]

    @property
    def seeds(self) -> list[int]:
        """The seeds of the classifiers."""
        return sorted({row["seed"] for row in self.told["scores"]})

    def stages(self) -> Iterator[dict[str, Any]]:
        """Give settings.json of every result."""
        yield self.split
        for settings, _ in (*self.trained.values(), *self.generated.values()):
            yield settings
        yield from (*self.measured, *self.classified)


def read(
    study: Path,
    split: Path,
    generated: Sequence[Path],
    train: Sequence[Path],
    fid: Sequence[Path],
    classifier: Sequence[Path],
    notes: dict[str, str],
    benchmarks: Path | None,
) -> Study:
    """Read the folders of a finished study.

    Raises:
        UserError: one is missing or damaged, or the summary is of a version that told less.
    """
    files.require_folder(study, "a result of summarise_study")
    told = files.read_json(study / "study.json")
    missing = [key for key in _NEEDED if not isinstance(told, dict) or key not in told]
    if missing:
        raise UserError(f"{study}/study.json doesn't name {', '.join(missing)}; run summarise_study again")
    sets = ((_settings(folder, "generator", "seed"), folder) for folder in generated)
    trainings = ((_settings(folder, "name", "seed"), folder) for folder in train)
    return Study(
        folder=study,
        told=told,
        real=image_set.read(split),
        split=_settings(split),
        rejected=read_table(split / "rejected.csv", ["file", "label", "reason"], ["file", "label", "reason"]),
        generated={(one["generator"], one["seed"]): (one, image_set.read(folder)) for one, folder in sets},
        trained={(one["name"], one["seed"]): (one, folder) for one, folder in trainings},
        measured=[_settings(folder) for folder in fid],
        closest=_closest(fid),
        classified=[_settings(folder) for folder in classifier],
        notes=notes,
        seconds=_seconds(benchmarks) if benchmarks else {},
    )


def _settings(folder: Path, *needed: str) -> dict[str, Any]:
    settings = files.read_json(folder / "settings.json")
    if not isinstance(settings, dict) or not settings.keys() >= set(needed):
        raise UserError(f"{folder}/settings.json isn't of a result; run again what makes {folder}")
    return settings


def _closest(folders: Sequence[Path]) -> pd.DataFrame:
    tables = [read_table(folder / "copies.csv", copies.COLUMNS, copies.TEXT_COLUMNS) for folder in folders]
    table = pd.concat([pd.DataFrame(columns=copies.COLUMNS), *(one for one in tables if len(one))], ignore_index=True)
    return copies.closest_first(table[table["extractor"] == table["extractor"].iloc[0]]) if len(table) else table


def _seconds(folder: Path) -> dict[str, float]:
    """Add up the times of the jobs of each stage, which Snakemake wrote below a folder; none where it is absent."""
    taken: dict[str, float] = {}
    for path in sorted(folder.rglob("*.tsv")):
        stage = path.relative_to(folder).parts[0].removesuffix(".tsv")
        # that of a job that was killed may be empty
        with contextlib.suppress(ValueError, KeyError):
            taken[stage] = taken.get(stage, 0.0) + float(pd.read_csv(path, sep="\t")["s"].sum())
    return taken
