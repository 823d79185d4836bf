"""How much is measured: all of it for the table, and next to nothing where only the measuring is tried."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@dataclass(frozen=True)
class Sizes:
    """The numbers of a run.

    Attributes:
        rounds: times that each side is measured.
        threads: cores that each side may use.
        gans: the names of those that are trained, presets among them; all if none are given.
        gan: settings that replace those of every preset.
        generator_width: of covidgan and dcgan at 64 px; the sources' networks have twice as many channels.
        image_sizes: sides of the images whose training's memory is measured.
        n_features: images whose features are measured.
        n_distance: images on each side of a distance.
        n_split: files of a split, and their side in pixels.
        n_seeds: seeds of a plan.
        plan_jobs: jobs, about, of the plans whose growth is measured.
    """

    rounds: int = 5
    threads: int = 2
    gans: tuple[str, ...] = ()
    gan: dict[str, Any] = field(default_factory=dict)
    generator_width: int = 512
    image_sizes: tuple[int, ...] = (64, 112, 128, 256)
    n_features: int = 48
    n_distance: int = 120
    n_split: int = 200
    split_side: int = 1024
    n_seeds: int = 91
    plan_jobs: tuple[int, ...] = (1_000, 5_000, 10_000)


TINY = Sizes(1, 1, ("strong", "diffusion"), {"batch_size": 8}, 16, (32,), 4, 8, 6, 128, 2, (11, 22))
