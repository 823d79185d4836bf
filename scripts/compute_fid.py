"""Measure a synthetic set: its distances to real images, diversity and memorisation, over all images and by class.

    python scripts/compute_fid.py --real results/demo/split --generated results/demo/covidgan/seed-0/generated \\
        --output results/demo/covidgan/seed-0/fid

Either may be a plain folder of images, of class folders or of images alone. Two of them:

    python scripts/compute_fid.py --real REAL --generated GENERATED --batch-size 50 --output fid

distances.csv has the Fréchet and the kernel distance by each extractor; with the extractor `fid`, whose weights you
bring, they are FID and KID. diversity.csv has coverage, precision, recall, density, DCR ratio, MS-SSIM and the number
of copies: diagnostics for mode collapse and memorisation, which distances alone don't show; copies.csv names the
copies, image by image. Every value stands beside its n and beside that of real training images at the same n: what a
perfect generator could reach. Both sides of a comparison have as many images of each class.
"""

import sys
import tempfile
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
from chestgan.data import duplicates, framing, plain_folder, preparation
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.metrics import copies, efficientnet, features, image_sides, inception, matching, tables
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY
from chestgan.metrics.extractor import BATCH_SIZE, Extractor
from chestgan.metrics.features import EXTRACTORS
from chestgan.metrics.matching import MatchedRows


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = argument("image set with a split column, made by split_data; or a plain folder of images")
    generated: Path = argument("synthetic set, made by generate_images or import_images; or a plain folder of images")
    output: Path = argument("new folder for the tables of distances and of diversity")
    extractors: tuple[str, ...] = setting("networks to measure with", (efficientnet.NAME,), choices=tuple(EXTRACTORS))
    inception_weights: Path | None = setting(f"the file {inception.FILE} of the extractor fid", None)
    allow_unverified_weights: bool = setting(
        "accept an Inception file with another checksum; the result says so", False
    )
    features: Path | None = argument("folder that keeps features for other runs; default: none are kept", None)
    n_draws: int = setting(
        "random draws to average over where a side has more than n images", 10, minimum=1, maximum=1000
    )
    most_images: int = setting(
        "images of a side in a draw, at most: time and memory grow with their square", 5000, minimum=4
    )
    n_subsets: int = setting(
        "random halves for the standard error of the kernel distance", 100, minimum=2, maximum=10_000
    )
    seed: int = setting("seed of the draws and the halves", 0, minimum=0)
    batch_size: int = setting("images at a time", BATCH_SIZE, minimum=1)
    image_size: int | None = argument(
        "side that the images of a plain folder of real ones get; default: the median of their shorter sides",
        None,
        minimum=16,
        maximum=image_set.MAX_IMAGE_SIZE,
    )
    square: str | None = argument(
        "how the images of a plain folder of real ones become square; default: pad", None, choices=("pad", "crop")
    )
    device: str = argument("compute device", "cpu", choices=devices.DEVICES)
    threads: int = argument("CPU threads; 0: torch's own choice", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)


def run(config: Config) -> None:
    """Measure the synthetic set beside the training and the test patients; the folder of tables appears whole."""
    files.require_empty(config.output)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        # several measures are of the same features
        measure_sets(config, image_sets(config, scratch), config.features or scratch / "features")


def measure_sets(config: Config, sets: dict[str, Path], kept: Path) -> None:
    """Measure two image sets, `real` and `generated`, keeping features in a folder, and write the tables."""
    origin = image_sides.read_origin(sets["generated"])
    sides = image_sides.read_sides(**sets, has_split=sets["real"] == config.real)
    counts = matching.count_images(sides, config.most_images)
    devices.use_threads(config.threads)
    extractors = [
        features.load_extractor(
            name, config.inception_weights, devices.device(config.device), config.allow_unverified_weights
        )
        for name in dict.fromkeys(config.extractors)
    ]
    if "real" in sides:
        matched = matching.match_two(sides["real"], sides["generated"], counts, config.n_draws, config.seed)
        measured = measure_without_split(config, kept, sides, extractors, matched, origin)
    else:
        matched = matching.match_rows(sides, counts, config.n_draws, config.seed)
        held_out = image_sides.read_held_out(sets["real"], sides["generated"].classes)
        counted, closest = measure_copies(config, kept, sides, held_out, extractors, origin)
        measured = measure(config, kept, sides, extractors, matched, origin)
        diversity = measured["diversity"].merge(counted, on=["extractor", "class"], validate="one_to_one")
        measured["diversity"] = diversity[tables.columns(DIVERSITY)]
        measured["copies"] = closest
    with files.new_folder(config.output) as folder:
        for name, table in measured.items():
            write_table(folder / f"{name}.csv", table)
        files.write_json(folder / "settings.json", provenance(config, sets, origin, extractors, counts, len(matched)))
    if "real" in sides:
        shown = ["extractor", "class", "n", *tables.value_columns(DISTANCES), "real_fd", "real_kd"]
        print(measured["distances"][shown].to_string(index=False))


def image_sets(config: Config, scratch: Path) -> dict[str, Path]:
    """Locate the two image sets; a plain folder becomes one in `scratch`, of the size that the real images have."""
    sets = {"real": config.real, "generated": config.generated}
    for side, folder in sets.items():
        files.require_folder(folder, "an image set, or a plain folder of images")
        if plain_folder.is_plain(folder):
            sets[side] = scratch / side
    threads = config.threads or 2
    require_use(config, sets)
    if sets["real"] != config.real:
        if sets["generated"] == config.generated:
            size = image_set.read(config.generated).images.shape[1]
        else:
            size = config.image_size or plain_folder.median_side(config.real)
        how, classes = preparation.Preparation(size, config.square or "pad", 1, None), None
        plain_folder.make_set(config.real, how, threads, sets["real"])
    elif sets["generated"] != config.generated:
        real = files.read_json(config.real / "settings.json")
        how, classes = preparation.like(real["settings"]), image_set.read(config.real).classes
    if sets["generated"] != config.generated:
        named = {"generator": config.generated.resolve().name, "seed": 0}
        plain_folder.make_set(config.generated, how, threads, sets["generated"], classes, **named)
    return sets


def require_use(config: Config, sets: dict[str, Path]) -> None:
    """Refuse flags of how plain folders are prepared where an image set has decided that.

    Args:
        sets: the image sets of both sides; that of a plain folder has another place than the folder.

    Raises:
        UserError: names the flag and the set.
    """
    for flag, sides in (("image_size", ("real", "generated")), ("square", ("real",))):
        for side in sides:
            if vars(config)[flag] is not None and sets[side] == vars(config)[side]:
                raise UserError(
                    f"{flag} is {vars(config)[flag]}, but {side} is the image set {sets[side]}, which has decided "
                    "that; leave it out"
                )


def measure_without_split(
    config: Config,
    kept: Path,
    sides: dict[str, ImageSet],
    extractors: list[Extractor],
    matched: list[MatchedRows],
    origin: dict[str, Any],
) -> dict[str, pd.DataFrame]:
    """Compute the table of distances to real images that have no split, by all extractors."""
    rows, distances = matching.rows_by_class(sides["real"]), []
    for extractor in extractors:
        by_side = {side: side_features(extractor, side, images, config, kept) for side, images in sides.items()}
        by_side["train"] = by_side["real"]
        measured = tables.measure(DISTANCES, ["real"], by_side, matched, rows, config.n_subsets, config.seed)
        distances.append(measured.assign(extractor=extractor.name, **origin))
    return {"distances": pd.concat(distances)[tables.columns(DISTANCES)]}


def measure(
    config: Config,
    kept: Path,
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
        by_side = {side: side_features(extractor, side, images, config, kept) for side, images in sides.items()}
        common = (by_side, matched, train_rows, config.n_subsets, config.seed)
        named = {"extractor": extractor.name} | origin
        distances.append(tables.measure(DISTANCES, tables.REFERENCES, *common).assign(**named))
        varied = tables.measure(of_features, ["test"], *common).join(of_pixels, on="class")
        diversity.append(varied.assign(**named))
    return {
        "distances": pd.concat(distances)[tables.columns(DISTANCES)],
        "diversity": pd.concat(diversity)[tables.metric_columns(DIVERSITY)],
    }


def measure_copies(
    config: Config,
    kept: Path,
    sides: dict[str, ImageSet],
    held_out: ImageSet,
    extractors: list[Extractor],
    origin: dict[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count the synthetic images that are copies, by extractor and class, and list them with the closest others."""
    train, generated = sides["train"], sides["generated"]
    pictures = find_pictures([generated, held_out], train, config.threads)
    counted, closest = [], []
    for extractor in extractors:
        training = side_features(extractor, "train", train, config, kept)
        near = [
            copies.nearest(
                *(side_features(extractor, name, side, config, kept) for side in (images, mirrored(images))), training
            )
            for name, images in (("generated", generated), ("held-out", held_out))
        ]
        found = copies.find(*zip(near, pictures, strict=True))
        labels = generated.manifest["label"]
        counted.append(copies.count(found, labels, len(held_out)).assign(extractor=extractor.name))
        listed = copies.listed(found, generated.manifest, train.manifest)
        closest.append(listed.assign(extractor=extractor.name, **origin)[copies.COLUMNS])
    return pd.concat(counted), pd.concat(closest)


def find_pictures(sets: Sequence[ImageSet], train: ImageSet, threads: int) -> list[copies.Pictures]:
    """Find the training images of which the images of each set are copies: moved, mirrored, brighter or darker."""
    queries, references = (
        np.stack([framing.thumbnail(np.array(image)) for one in images for image in one.images])
        for images in (sets, [train])
    )
    # together, for the search learns from the training images first
    pairs = duplicates.search(queries, references, threads=max(1, threads))
    small = train.images.shape[1] < framing.THUMBNAIL_SIZE
    least = duplicates.LEAST_WITHOUT_DETAIL if small else duplicates.LEAST_CORRELATION
    best = copies.best_pictures(pairs[pairs["correlation"] >= least], len(queries))
    ends = np.cumsum([len(images) for images in sets])[:-1]
    return [copies.Pictures(*parts) for parts in zip(*(np.split(part, ends) for part in best), strict=True)]


def mirrored(images: ImageSet) -> ImageSet:
    """Mirror images, left to right."""
    return ImageSet(np.ascontiguousarray(images.images[:, :, ::-1]), images.manifest)


def side_features(extractor: Extractor, side: str, images: ImageSet, config: Config, kept: Path) -> np.ndarray:
    """Compute the features of all images of a side: (N, d) float32."""
    description = f"{extractor.name}, {side} images"
    return features.kept_features(extractor, images.images, kept, config.batch_size, description)


def provenance(
    config: Config,
    sets: dict[str, Path],
    origin: dict[str, Any],
    extractors: list[Extractor],
    counts: pd.DataFrame,
    n_draws: int,
) -> dict[str, Any]:
    """Collect what was measured with what; of a plain folder also how its images were prepared."""
    shown = ("dimension", "weights_sha256", "verified", "protocol")
    return origin | {
        "script": "compute_fid",
        "settings": vars(config),
        "protocol": {"distances": tables.protocol(DISTANCES), "diversity": tables.protocol(DIVERSITY)}
        | {"copies": copies.PROTOCOL},
        "n_draws": n_draws,
        "extractors": {one.name: {key: getattr(one, key) for key in shown} for one in extractors},
        "counts": counts.to_dict(orient="index"),
        "sha256": {
            f"{name}/{file}": files.sha256(folder / file)
            for name, folder in sets.items()
            for file in ("images.npy", "manifest.csv")
        },
        "plain_folders": {
            name: files.read_json(folder / "settings.json")
            for name, folder in sets.items()
            if folder != vars(config)[name]
        },
        "versions": versions("torch", "numpy", "scipy", "pytorch-fid", "efficientnet-lite-pytorch"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
