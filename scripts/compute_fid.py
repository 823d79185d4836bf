"""Measure how far generated images lie from real ones, and whether they vary as those do, over all images and by class.

    python scripts/compute_fid.py --real results/demo/split --generated results/demo/covidgan/seed-0/generated \\
        --output results/demo/covidgan/seed-0/fid

Every value stands beside its n and beside the distance of the real training patients to the real test patients at the
same n: what a perfect generator could reach. Both sides of a distance hold as many images, and as many of each class.
Distances alone don't unmask a generator that draws one image again and again, or copies: the table of variety does.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan import (
    commandline,
    compute,
    draws,
    environment,
    features,
    files,
    imageset,
    measurements,
    settings,
)
from chestgan.draws import ALL
from chestgan.errors import UserError
from chestgan.features import BATCH_SIZE, EXTRACTORS, INCEPTION_FILE, Extractor
from chestgan.imageset import ImageSet
from chestgan.settings import setting

COLUMNS = ["generator", "seed", "extractor", "reference", "class", "n"]
COLUMNS += ["fd", "kid", "kid_spread", "real_fd", "real_kid", "real_kid_spread"]
VARIETY_COLUMNS = ["generator", "seed", "extractor", "class", "n"]
VARIETY_COLUMNS += ["coverage", "real_coverage", "nearest_ratio", "ms_ssim", "real_ms_ssim"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = setting("image set with a split column, made by split_data")
    generated: Path = setting("image set made by generate_images")
    output: Path = setting("new folder for the tables of distances and of variety")
    extractors: tuple[str, ...] = setting("networks to measure with", EXTRACTORS[:1], choices=EXTRACTORS)
    inception_weights: Path | None = setting(f"the file {INCEPTION_FILE} of the extractor fid", None)
    allow_unverified_weights: bool = setting("take an Inception file with another checksum; the result says so", False)
    features: Path | None = setting("folder that keeps features for other runs; none are kept if not given", None)
    n_draws: int = setting("random draws to average over where a side has more than n images", 10, minimum=1)
    n_subsets: int = setting("random halves for the spread of the kernel distance", 100, minimum=2)
    seed: int = setting("seed of the draws and the halves", 0, minimum=0)
    batch_size: int = setting("images at a time", BATCH_SIZE, minimum=1)
    device: str = setting("where to compute", "cpu", choices=compute.DEVICES)
    threads: int = setting("CPU threads; 0: as torch decides", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)


def run(config: Config) -> None:
    """Measure the pool against the training and the test patients and write the tables; the folder appears whole."""
    files.require_empty(config.output)
    origin = read_origin(config.generated)
    sides = read_sides(config)
    counts = draws.count_images(sides)
    compute.use_threads(config.threads)
    extractors = [
        features.load_extractor(
            name, config.inception_weights, compute.device(config.device), config.allow_unverified_weights
        )
        for name in dict.fromkeys(config.extractors)
    ]
    drawn = draws.draw_rows(sides, counts, config.n_draws, config.seed)
    train_rows = draws.rows_by_class(sides["train"])
    similarity = measurements.similarity(sides, config.seed)
    with files.new_folder(config.output) as folder:
        distances, variety = [], []
        for extractor in extractors:
            measured = {side: side_features(extractor, side, images, config) for side, images in sides.items()}
            named = {"extractor": extractor.name} | origin
            distances.append(measurements.distances(measured, drawn, config.n_subsets, config.seed).assign(**named))
            variety.append(
                measurements.variety(measured, drawn, train_rows).join(similarity, on="class").assign(**named)
            )
        for name, tables, columns in (("distances", distances, COLUMNS), ("variety", variety, VARIETY_COLUMNS)):
            table = pd.concat(tables)[columns]
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        files.write_json(folder / "settings.json", provenance(config, origin, extractors, counts, len(drawn)))


def read_origin(generated: Path) -> dict[str, Any]:
    """Read which generator drew the pool, and the seed of its training.

    Raises:
        UserError: the pool doesn't say.
    """
    files.require_folder(generated, "an image set made by generate_images")
    described = files.read_json(generated / "settings.json")
    if not isinstance(described, dict) or not {"generator", "seed"} <= described.keys():
        raise UserError(
            f"{generated}/settings.json names no generator and seed; expected a pool made by generate_images"
        )
    return {key: described[key] for key in ("generator", "seed")}


def read_sides(config: Config) -> dict[str, ImageSet]:
    """Read the real training patients, the real test patients and the pool.

    Raises:
        UserError: the sets don't fit together.
    """
    files.require_folder(config.real, "an image set made by split_data")
    real, generated = imageset.read(config.real), imageset.read(config.generated)
    if "split" not in real.manifest:
        raise UserError(f"{config.real}/manifest.csv has no column 'split'; expected an image set made by split_data")
    if real.images.shape[1:] != generated.images.shape[1:]:
        (height, width), (other_height, other_width) = real.images.shape[1:], generated.images.shape[1:]
        raise UserError(
            f"the real images in {config.real} have {height} × {width} px, the generated ones in {config.generated} "
            f"{other_height} × {other_width} px; expected one size"
        )
    sides = {reference: real.where(split=reference) for reference in measurements.REFERENCES} | {"generated": generated}
    if ALL in real.classes:
        raise UserError(f"{config.real} has a class {ALL!r}, which the table keeps for all images; rename it")
    for side, images in sides.items():
        if images.classes != real.classes:
            found = f"the classes {', '.join(images.classes)}" if images.classes else "no classes"
            raise UserError(
                f"the {side} images have {found}, but {config.real} has {', '.join(real.classes)}; expected the same "
                "classes on every side"
            )
    return sides


def side_features(extractor: Extractor, side: str, images: ImageSet, config: Config) -> np.ndarray:
    """Give the features of all images of a side: (N, d) float32."""
    description = f"{extractor.name}, {side} images"
    return features.kept_features(extractor, images.images, config.features, config.batch_size, description)


def provenance(
    config: Config, origin: dict[str, Any], extractors: list[Extractor], counts: pd.DataFrame, n_draws: int
) -> dict[str, Any]:
    """Say what was measured with what."""
    shown = ("dimension", "weights_sha256", "verified", "protocol")
    return origin | {
        "script": "compute_fid",
        "settings": vars(config),
        "protocol": measurements.PROTOCOL,
        "variety_protocol": measurements.VARIETY_PROTOCOL,
        "n_draws": n_draws,
        "extractors": {one.name: {key: getattr(one, key) for key in shown} for one in extractors},
        "counts": counts.to_dict(orient="index"),
        "sha256": {
            f"{name}/{file}": files.sha256(folder / file)
            for name, folder in (("real", config.real), ("generated", config.generated))
            for file in ("images.npy", "manifest.csv")
        },
        "versions": environment.versions("torch", "numpy", "pytorch-fid", "efficientnet-lite-pytorch"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
