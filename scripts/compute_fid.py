"""Measure how far generated images lie from real ones: Fréchet and kernel distances, over all images and by class.

    python scripts/compute_fid.py --real results/demo/split --generated results/demo/covidgan/seed-0/generated \\
        --output results/demo/covidgan/seed-0/fid

Every value stands beside its n and beside the distance of the real training patients to the real test patients at the
same n: what a perfect generator could reach. Both sides of a distance hold as many images, and as many of each class.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan import commandline, compute, distances, environment, features, files, imageset, settings
from chestgan.errors import UserError
from chestgan.features import BATCH_SIZE, EXTRACTORS, INCEPTION_FILE, Extractor
from chestgan.imageset import ImageSet
from chestgan.settings import setting

COLUMNS = ["generator", "seed", "extractor", "reference", "class", "n"]
COLUMNS += ["fd", "kid", "kid_spread", "real_fd", "real_kid", "real_kid_spread"]
REFERENCES = ("train", "test")
ALL = "all"
PROTOCOL = (
    "n images a side, drawn at random without replacement, as many of each class on both sides; values are means over "
    "the draws; fd: squared Frechet distance with unbiased covariances; kid: unbiased squared MMD with the kernel "
    "(x.y / d + 1)^3 over the n images, not multiplied; kid_spread: its standard deviation over random halves; real_*: "
    "the same between the real training and the real test patients"
)

# rows of an image set by side (train, test, generated) and class
Draw = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = setting("image set with a split column, made by split_data")
    generated: Path = setting("image set made by generate_images")
    output: Path = setting("new folder for the distances")
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
    """Measure the pool against the training and the test patients and write the table; the folder appears whole."""
    files.require_empty(config.output)
    origin = read_origin(config.generated)
    sides = read_sides(config)
    counts = count_images(sides)
    compute.use_threads(config.threads)
    extractors = [
        features.load_extractor(
            name, config.inception_weights, compute.device(config.device), config.allow_unverified_weights
        )
        for name in dict.fromkeys(config.extractors)
    ]
    draws = draw_rows(sides, counts, config.n_draws, config.seed)
    with files.new_folder(config.output) as folder:
        tables = []
        for extractor in extractors:
            measured = {side: side_features(extractor, side, images, config) for side, images in sides.items()}
            tables.append(measure(measured, draws, config.n_subsets, config.seed).assign(extractor=extractor.name))
        table = pd.concat(tables).assign(**origin)[COLUMNS]
        table.to_csv(folder / "distances.csv", index=False, lineterminator="\n")
        files.write_json(folder / "settings.json", provenance(config, origin, extractors, counts, len(draws)))


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
    sides = {reference: real.where(split=reference) for reference in REFERENCES} | {"generated": generated}
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


def count_images(sides: dict[str, ImageSet]) -> pd.DataFrame:
    """Count the images by class (rows) and side (columns); `n` is what every side has.

    Raises:
        UserError: a class has too few images on a side.
    """
    counts = pd.DataFrame(
        {side: images.manifest["label"].value_counts() for side, images in sides.items()}
    ).sort_index()
    counts["n"] = counts.min(axis=1)
    for label, row in counts.iterrows():
        if row["n"] < 2:
            found = ", ".join(f"{row[side]} {side}" for side in sides)
            raise UserError(f"found {found} images of class {label}; a distance needs at least 2 on every side")
    return counts


def draw_rows(sides: dict[str, ImageSet], counts: pd.DataFrame, n_draws: int, seed: int) -> list[Draw]:
    """Draw n rows of each class from every side, several times; once where no side has more than n.

    A side's rows depend on the seed and its own images alone: the real ones are the same beside pools of one size.
    """
    if (counts[list(sides)].to_numpy() == counts[["n"]].to_numpy()).all():
        n_draws = 1
    draws = []
    for draw in range(n_draws):
        drawn: Draw = {}
        for place, (side, images) in enumerate(sides.items()):
            random = np.random.default_rng((seed, draw, place))
            labels = images.manifest["label"].to_numpy()
            by_class = {
                label: random.permutation(np.flatnonzero(labels == label))[: counts["n"][label]]
                for label in counts.index
            }
            drawn[side] = {ALL: np.concatenate(list(by_class.values()))} | by_class
        draws.append(drawn)
    return draws


def side_features(extractor: Extractor, side: str, images: ImageSet, config: Config) -> np.ndarray:
    """Give the features of all images of a side: (N, d) float32."""
    description = f"{extractor.name}, {side} images"
    return features.kept_features(extractor, images.images, config.features, config.batch_size, description)


def measure(side_features: dict[str, np.ndarray], draws: list[Draw], n_subsets: int, seed: int) -> pd.DataFrame:
    """Measure the pool against each reference, and the references against each other, by class.

    Args:
        side_features: (N, d) float32 for train, test and generated.
        draws: From `draw_rows`.
        n_subsets: As `distances.kernel_distance` takes it.
        seed: The same.

    Returns:
        A row for each reference and class with n and the six values.
    """

    def between(one: str, other: str, label: str) -> np.ndarray:
        """Average fd, kid and spread over the draws: (3,) float64."""
        values = []
        for draw in draws:
            a, b = (side_features[side][draw[side][label]] for side in (one, other))
            values.append((distances.frechet_distance(a, b), *distances.kernel_distance(a, b, n_subsets, len(a), seed)))
        return np.mean(values, axis=0)

    rows = []
    labels = draws[0]["generated"]
    real = {label: between("train", "test", label) for label in labels}
    for reference in REFERENCES:
        for label, chosen in labels.items():
            fd, kid, kid_spread = between("generated", reference, label)
            real_fd, real_kid, real_kid_spread = real[label]
            rows.append({"reference": reference, "class": label, "n": len(chosen)})
            rows[-1] |= {"fd": fd, "kid": kid, "kid_spread": kid_spread}
            rows[-1] |= {"real_fd": real_fd, "real_kid": real_kid, "real_kid_spread": real_kid_spread}
    return pd.DataFrame(rows)


def provenance(
    config: Config, origin: dict[str, Any], extractors: list[Extractor], counts: pd.DataFrame, n_draws: int
) -> dict[str, Any]:
    """Say what was measured with what."""
    shown = ("dimension", "weights_sha256", "verified", "protocol")
    return origin | {
        "script": "compute_fid",
        "settings": vars(config),
        "protocol": PROTOCOL,
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
