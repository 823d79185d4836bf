"""Measure a synthetic set: its distances to real images, diversity and memorisation, over all images and by class.

    python scripts/compute_fid.py --real results/demo/split --generated results/demo/covidgan/seed-0/generated \\
        --output results/demo/covidgan/seed-0/fid

distances.csv has the Fréchet and the kernel distance by each extractor; with the extractor `fid`, whose weights you
bring, they are FID and KID. diversity.csv has coverage, DCR ratio and MS-SSIM: diagnostics for mode collapse and
memorisation, which distances alone don't show. Every value stands beside its n and beside that of real training images
at the same n: what a perfect generator could reach. Both sides of a comparison have as many images of each class.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import commandline, devices, files, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.settings import argument, setting
from chestgan.base.tables import write_table
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.metrics import efficientnet, features, inception, matching, tables
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY
from chestgan.metrics.extractor import BATCH_SIZE, Extractor
from chestgan.metrics.features import EXTRACTORS
from chestgan.metrics.matching import MatchedRows


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = argument("image set with a split column, made by split_data")
    generated: Path = argument("synthetic set, made by generate_images")
    output: Path = argument("new folder for the tables of distances and of diversity")
    extractors: tuple[str, ...] = setting("networks to measure with", (efficientnet.NAME,), choices=tuple(EXTRACTORS))
    inception_weights: Path | None = setting(f"the file {inception.FILE} of the extractor fid", None)
    allow_unverified_weights: bool = setting(
        "accept an Inception file with another checksum; the result says so", False
    )
    features: Path | None = argument("folder that keeps features for other runs; default: none are kept", None)
    n_draws: int = setting("random draws to average over where a side has more than n images", 10, minimum=1)
    n_subsets: int = setting("random halves for the standard error of the kernel distance", 100, minimum=2)
    seed: int = setting("seed of the draws and the halves", 0, minimum=0)
    batch_size: int = setting("images at a time", BATCH_SIZE, minimum=1)
    device: str = argument("compute device", "cpu", choices=devices.DEVICES)
    threads: int = argument("CPU threads; 0: torch's own choice", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)


def run(config: Config) -> None:
    """Measure the synthetic set beside the training and the test patients; the folder of tables appears whole."""
    files.require_empty(config.output)
    origin = read_origin(config.generated)
    sides = read_sides(config)
    counts = matching.count_images(sides)
    devices.use_threads(config.threads)
    extractors = [
        features.load_extractor(
            name, config.inception_weights, devices.device(config.device), config.allow_unverified_weights
        )
        for name in dict.fromkeys(config.extractors)
    ]
    matched = matching.match_rows(sides, counts, config.n_draws, config.seed)
    measured = measure(config, sides, extractors, matched, origin)
    with files.new_folder(config.output) as folder:
        for name, table in measured.items():
            write_table(folder / f"{name}.csv", table)
        files.write_json(folder / "settings.json", provenance(config, origin, extractors, counts, len(matched)))


def measure(
    config: Config,
    sides: dict[str, ImageSet],
    extractors: list[Extractor],
    matched: list[MatchedRows],
    origin: dict[str, Any],
) -> dict[str, pd.DataFrame]:
    """Compute the tables of distances and of diversity, by all extractors."""
    train_rows = matching.rows_by_class(sides["train"])
    of_features = [metric for metric in DIVERSITY if not metric.of_pixels]
    of_pixels = tables.measure_pixels([metric for metric in DIVERSITY if metric.of_pixels], sides, config.seed)
    distances, diversity = [], []
    for extractor in extractors:
        by_side = {side: side_features(extractor, side, images, config) for side, images in sides.items()}
        common = (by_side, matched, train_rows, config.n_subsets, config.seed)
        named = {"extractor": extractor.name} | origin
        distances.append(tables.measure(DISTANCES, tables.REFERENCES, *common).assign(**named))
        varied = tables.measure(of_features, ["test"], *common).join(of_pixels, on="class")
        diversity.append(varied.assign(**named))
    return {
        "distances": pd.concat(distances)[tables.columns(DISTANCES)],
        "diversity": pd.concat(diversity)[tables.columns(DIVERSITY)],
    }


def read_origin(generated: Path) -> dict[str, Any]:
    """Read which generator the synthetic set is from, and the seed of its training.

    Raises:
        UserError: the set doesn't tell.
    """
    files.require_folder(generated, "a synthetic set made by generate_images")
    described = files.read_json(generated / "settings.json")
    if not isinstance(described, dict) or not {"generator", "seed"} <= described.keys():
        raise UserError(
            f"{generated}/settings.json names no generator and seed; expected a synthetic set made by generate_images"
        )
    return {key: described[key] for key in ("generator", "seed")}


def read_sides(config: Config) -> dict[str, ImageSet]:
    """Read the real training images, the real test images and the synthetic set.

    Raises:
        UserError: the sets don't fit together.
    """
    files.require_folder(config.real, "an image set made by split_data")
    real, generated = image_set.read(config.real), image_set.read(config.generated)
    if "split" not in real.manifest:
        raise UserError(f"{config.real}/manifest.csv has no column 'split'; expected an image set made by split_data")
    if real.images.shape[1:] != generated.images.shape[1:]:
        (height, width), (other_height, other_width) = real.images.shape[1:], generated.images.shape[1:]
        raise UserError(
            f"the real images in {config.real} have {height} × {width} px, the generated ones in {config.generated} "
            f"{other_height} × {other_width} px; expected one size"
        )
    sides = {reference: real.where(split=reference) for reference in tables.REFERENCES} | {"generated": generated}
    for side, images in sides.items():
        if images.classes != real.classes:
            found = f"the classes {', '.join(images.classes)}" if images.classes else "no classes"
            raise UserError(
                f"the {side} images have {found}, but {config.real} has {', '.join(real.classes)}; expected the same "
                "classes on every side"
            )
    return sides


def side_features(extractor: Extractor, side: str, images: ImageSet, config: Config) -> np.ndarray:
    """Compute the features of all images of a side: (N, d) float32."""
    description = f"{extractor.name}, {side} images"
    return features.kept_features(extractor, images.images, config.features, config.batch_size, description)


def provenance(
    config: Config, origin: dict[str, Any], extractors: list[Extractor], counts: pd.DataFrame, n_draws: int
) -> dict[str, Any]:
    """Collect what was measured with what."""
    shown = ("dimension", "weights_sha256", "verified", "protocol")
    return origin | {
        "script": "compute_fid",
        "settings": vars(config),
        "protocol": {"distances": tables.protocol(DISTANCES), "diversity": tables.protocol(DIVERSITY)},
        "n_draws": n_draws,
        "extractors": {one.name: {key: getattr(one, key) for key in shown} for one in extractors},
        "counts": counts.to_dict(orient="index"),
        "sha256": {
            f"{name}/{file}": files.sha256(folder / file)
            for name, folder in (("real", config.real), ("generated", config.generated))
            for file in ("images.npy", "manifest.csv")
        },
        "versions": versions("torch", "numpy", "pytorch-fid", "efficientnet-lite-pytorch"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
