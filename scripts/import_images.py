"""Make a synthetic set of another generator's images: a folder with a folder of images for each class.

    python scripts/import_images.py --images stylegan --name stylegan --real results/demo/split --output generated

The images are decoded, made square and resized as the real ones were, by the settings of their split. From here on they
are judged as those of the study's own generators. Images of real patients among them are named in real_images.csv.
"""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import commandline, files, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.settings import argument
from chestgan.base.tables import write_table
from chestgan.data import duplicates, framing, plain_folder, preparation
from chestgan.data.plain_folder import PlainFolder
from chestgan.images import image_set
from chestgan.images.counts import parse_counts
from chestgan.images.image_set import SPLITS, ImageSet
from chestgan.images.labels import check_labels

PAIR_COLUMNS = ["file", "label", "real_file", "real_label", "patient", "split", "kind", "correlation"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    images: Path = argument("folder of images, in a folder for each class")
    name: str = argument("name of the generator that they are from")
    real: Path = argument("image set of the real images, made by split_data")
    output: Path = argument("new folder for the image set")
    counts: tuple[str, ...] = argument("most images per class, such as covid=100 normal=50; default: all", ())
    ratio: float | None = argument(
        "most images of a class per real training image of it", None, minimum=0.001, maximum=1e6
    )
    seed: int = argument("seed of the training that made the images, or of the study", 0, minimum=0)
    same_for_all_seeds: bool = argument("the study has these images for every seed: their spread isn't known", False)
    threads: int = argument("threads that decode images", 2, minimum=1)

    def __post_init__(self) -> None:
        settings.check(self)
        if self.counts and self.ratio is not None:
            raise UserError("expected --counts or --ratio, or none of them for all images")


def run(config: Config) -> None:
    """List, decode, choose, compare and write; the folder appears whole."""
    files.require_empty(config.output)
    check_labels([config.name], "name")
    real, split = read_split(config.real)
    wanted = count_images(config, real)
    key = f"generators.{config.name}.images"
    listed = plain_folder.list_images(config.images, key)
    ignored = listed["label"].isin(split["settings"].get("ignored_labels") or ())
    plain_folder.require_classes(config.images, listed[~ignored], real.classes, key)
    how = preparation.like(split["settings"])
    with files.new_folder(config.output) as folder:
        scratch = folder / "scratch"
        scratch.mkdir()
        found = plain_folder.read(config.images, listed[~ignored], how, config.threads, scratch)
        plain_folder.require_few_rejected(config.images, found, split["settings"]["max_rejected"])
        manifest = choose(found.images.manifest, wanted)
        preparation.copy_images(scratch, manifest.index.to_numpy(), folder)
        shutil.rmtree(scratch)
        image_set.write_manifest(folder, manifest)
        least_correlation = split["settings"].get("duplicate_correlation", duplicates.LEAST_CORRELATION)
        pairs = real_images(image_set.read(folder), real, least_correlation, config.threads)
        write_table(folder / "real_images.csv", pairs)
        left_out = listed[ignored].assign(reason="ignored label", detail="as split_data.ignored_labels asks")
        write_table(folder / "rejected.csv", pd.concat([found.rejected, left_out]))
        notes = [*found.warnings, *on_counts(config, manifest, real), *on_real_images(pairs, len(manifest))]
        files.write_json(folder / "settings.json", provenance(config, folder, split, manifest, found, notes))
    for note in notes:
        print(f"warning: {note}", file=sys.stderr)


def read_split(folder: Path) -> tuple[ImageSet, dict[str, Any]]:
    """Read the real images, and how they were made.

    Raises:
        UserError: it isn't a result of split_data.
    """
    files.require_folder(folder, "an image set made by split_data")
    real, split = image_set.read(folder), files.read_json(folder / "settings.json")
    if not isinstance(split, dict) or split.get("script") != "split_data" or "split" not in real.manifest:
        raise UserError(f"{folder} isn't a result of split_data; its settings say how to prepare other images")
    return real, split


def count_images(config: Config, real: ImageSet) -> dict[str, int]:
    """Count how many images of each class are asked for: all, where nothing asks for fewer."""
    if config.ratio is not None:
        train = real.manifest.loc[real.manifest["split"] == "train", "label"].value_counts()
        return {label: round(config.ratio * train[label]) for label in real.classes}
    if not config.counts:
        return dict.fromkeys(real.classes, sys.maxsize)
    return dict.fromkeys(real.classes, 0) | parse_counts(config.counts, real.classes)


def choose(manifest: pd.DataFrame, wanted: dict[str, int]) -> pd.DataFrame:
    """Put each class's images into a random order, the column `seed`, and take the first of it.

    Returns:
        The rows that were taken, in their old order and with their old index.
    """
    order = plain_folder.random_order(manifest)
    taken = manifest.assign(seed=order)[order < manifest["label"].map(wanted)]
    if taken.empty:
        raise UserError("counts asks for no image at all")
    return taken


def real_images(images: ImageSet, real: ImageSet, least_correlation: float, threads: int) -> pd.DataFrame:
    """Find the images that are real ones of any split: `PAIR_COLUMNS`, a row for each pair."""
    # of pixels as they are now, for both sides were prepared alike
    sides = (np.stack([framing.thumbnail(np.array(image)) for image in one.images]) for one in (images, real))
    alike = duplicates.search(*sides, least_correlation, threads=threads)
    if images.images.shape[1] < framing.THUMBNAIL_SIZE:
        alike = alike[alike["correlation"] >= duplicates.LEAST_WITHOUT_DETAIL]
    query, reference = (
        pd.DataFrame({"sha256": one.manifest["sha256"], place: range(len(one))})
        for one, place in ((images, "query"), (real, "reference"))
    )
    exact = query.merge(reference, on="sha256").assign(kind="exact", correlation=1.0)
    columns = ["query", "reference", "kind", "correlation"]
    pairs = pd.concat([exact[columns], alike[columns]], ignore_index=True).drop_duplicates(["query", "reference"])
    pairs = pairs.sort_values(["query", "reference"], ignore_index=True)
    ours = images.manifest.iloc[pairs["query"].to_numpy(int)].reset_index(drop=True)[["file", "label"]]
    theirs = real.manifest.iloc[pairs["reference"].to_numpy(int)].reset_index(drop=True)
    theirs = theirs[["file", "label", "patient", "split"]].rename(columns={"file": "real_file", "label": "real_label"})
    return pd.concat([ours, theirs, pairs], axis=1)[PAIR_COLUMNS]


def on_counts(config: Config, manifest: pd.DataFrame, real: ImageSet) -> list[str]:
    """Warn of classes that are absent, or have fewer images than were asked for."""
    found, notes = manifest["label"].value_counts(), []
    absent = [label for label in real.classes if label not in found]
    if absent:
        notes.append(f"no images of {', '.join(absent)}: all that is measured is of {', '.join(sorted(found.index))}")
    if config.counts or config.ratio is not None:
        wanted = count_images(config, real)
        few = [f"{n} of {label} instead of {wanted[label]}" for label, n in found.items() if n < wanted[label]]
        notes += [f"fewer images than generate_images asks for: {', '.join(sorted(few))}"] if few else []
    return notes


def on_real_images(pairs: pd.DataFrame, n_images: int) -> list[str]:
    """Warn of images that are real patients'."""
    if pairs.empty:
        return []
    of_split = pairs.groupby("split")["file"].nunique()
    where = ", ".join(f"{of_split[split]} in {split}" for split in SPLITS if split in of_split)
    wrong = pairs.loc[pairs["label"] != pairs["real_label"], "file"].nunique()
    labelled = f"; {wrong} of them with another label than the patient" if wrong else ""
    return [
        f"{pairs['file'].nunique()} of {n_images} images are images of this study's real patients ({where}){labelled}: "
        "see real_images.csv"
    ]


def provenance(
    config: Config, folder: Path, split: dict[str, Any], manifest: pd.DataFrame, found: PlainFolder, notes: list[str]
) -> dict[str, Any]:
    """Collect where the images come from, and how they were prepared."""
    used = ("image_size", "square", "window_low", "window_high", "ignored_labels", "max_rejected")
    return {
        "script": "import_images",
        "settings": vars(config),
        "generator": config.name,
        "seed": config.seed,
        "same_for_all_seeds": config.same_for_all_seeds,
        "split_settings": {name: split["settings"].get(name) for name in used},
        "protocol": split["protocol"]
        | {
            "prepared": "as the real images of the split, by split_settings; of any least size",
            "chosen": f"the first of each class in an order drawn with seed {plain_folder.ORDER_SEED}: column seed",
            "real_images": f"equal files of all splits, and at the size of the set: {duplicates.PROTOCOL}",
        },
        "counts": manifest["label"].value_counts().to_dict(),
        "n_rejected": found.rejected["reason"].value_counts().to_dict(),
        "sha256": image_set.checksums(folder),
        "warnings": notes,
        "versions": versions("pillow", "numpy"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
