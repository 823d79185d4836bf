"""A plain folder of images, such as another generator's: class folders or none, no table, no patients, no split."""

import contextlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import files, progress
from chestgan.base.errors import UserError, unknown_name
from chestgan.data import decoding, listing, metadata, preparation, rejected, split_warnings
from chestgan.data.preparation import Preparation
from chestgan.data.refusal import Refusal
from chestgan.images import image_set
from chestgan.images.image_set import NO_CLASS, ImageSet

MANIFEST_COLUMNS = ["file", "label", "sha256", "original_width", "original_height", "original_mode"]
ORDER_SEED = 0
_LOOKED_AT = 100
# of so many sizes all are named
_LISTED = 5


@dataclass(frozen=True)
class PlainFolder:
    """The images of a folder, and what is to be said of them.

    Attributes:
        images: all usable ones, in the files' alphabetical order; the manifest has `MANIFEST_COLUMNS`.
        rejected: `rejected.COLUMNS` of the files that can't be used.
        warnings: what is odd about them, in one line each.
    """

    images: ImageSet
    rejected: pd.DataFrame
    warnings: list[str]


def is_plain(folder: Path) -> bool:
    """Check whether a folder is none that a stage of the study made."""
    return folder.is_dir() and not any((folder / name).exists() for name in ("images.npy", "manifest.csv"))


def list_images(folder: Path, named: str = "") -> pd.DataFrame:
    """List the images of a folder: file and label, which is the class folder, or empty where there are none.

    Args:
        folder: of images.
        named: the key or flag that names it, for errors.

    Raises:
        UserError: there is no image, or a name can't be written down.
    """
    where = f"{named} is {folder}, and" if named else f"{folder}:"
    if not folder.is_dir():
        raise UserError(f"{where} there is no such folder; expected a folder of images")
    images, others = metadata.find(folder)
    if not images:
        raise UserError(f"{where} there is no image in it, only {len(others)} other files; expected PNG files or such")
    images, nameless = listing.with_text_names(images)
    if len(nameless):
        raise UserError(
            f"{where} the names of {len(nameless)} images aren't UTF-8, such as {nameless['file'].iloc[0]}; rename them"
        )
    labels = [file.split("/")[0] if "/" in file else "" for file in images]
    return pd.DataFrame({"file": images, "label": labels}, dtype=str)


def read(folder: Path, listed: pd.DataFrame, how: Preparation, threads: int, scratch: Path) -> PlainFolder:
    """Decode files as the study's own are: made grey, square, and of one size.

    Args:
        folder: of images.
        listed: from `list_images`, or some of its rows.
        how: as the real images were prepared.
        threads: that decode.
        scratch: an existing folder for the pixels, which the images are a memory map of.
    """
    paths = [folder / file for file in listed["file"]]
    prepared = progress.track(preparation.prepare_all(paths, how, threads), f"decode {folder.name}", total=len(paths))
    known, _ = preparation.store(prepared, len(paths), how.image_size, scratch)
    table = pd.concat([listed.reset_index(drop=True), known], axis=1)
    left_out = table.loc[table["reason"] != "", rejected.COLUMNS]
    usable = table[table["reason"] == ""].reset_index(drop=True)
    warnings = on_sizes(usable, how) + split_warnings.on_images(usable) + split_warnings.on_rejected(left_out)
    images = np.load(scratch / "images.npy", mmap_mode="r")[: len(usable)]
    return PlainFolder(ImageSet(images, usable[MANIFEST_COLUMNS]), left_out, warnings)


def make_set(
    folder: Path, how: Preparation, threads: int, output: Path, classes: list[str] | None = None, **described: Any
) -> None:
    """Turn a folder into an image set, for a stage that is run by hand; what is odd is printed, and in its settings.

    Args:
        folder: of images.
        how: as the images that it is compared with were prepared.
        threads: that decode.
        output: a folder that doesn't exist.
        classes: those that class folders may have; None: any; where there are no class folders all are `NO_CLASS`.
        described: more for `settings.json`.

    Raises:
        UserError: there is no image, none of a class can be read, or a class folder has another name.
    """
    listed = list_images(folder)
    if classes is None and (listed["label"] == "").all():
        listed = listed.assign(label=NO_CLASS)
    require_classes(folder, listed, classes or sorted(set(listed["label"]) - {""}))
    scratch = output / "scratch"
    scratch.mkdir(parents=True)
    found = read(folder, listed, how, threads, scratch)
    require_few_rejected(folder, found, 1.0)
    preparation.copy_images(scratch, np.arange(len(found.images)), output)
    shutil.rmtree(scratch)
    manifest = found.images.manifest
    image_set.write_manifest(output, manifest.assign(seed=random_order(manifest)))
    prepared = {"image_size": how.image_size, "square": how.square, "rejected": found.rejected.to_dict("records")}
    told = {"folder": folder, "prepared": prepared, "warnings": found.warnings}
    files.write_json(output / "settings.json", told | described)
    for warning in found.warnings:
        print(f"warning: {folder}: {warning}", file=sys.stderr)


def random_order(manifest: pd.DataFrame) -> pd.Series:
    """Number the images of each class in a random order, always the same: an arm takes the first of it."""
    order = pd.Series(0, index=manifest.index)
    for rows in manifest.groupby("label").groups.values():
        order[rows] = np.random.default_rng(ORDER_SEED).permutation(len(rows))
    return order


def median_side(folder: Path) -> int:
    """Compute the median of the shorter sides of a folder's first images, at most `MAX_IMAGE_SIZE`: for an image
    set's size."""
    sides = []
    for file in list_images(folder)["file"].head(_LOOKED_AT):
        with contextlib.suppress(Refusal):
            sides.append(min(decoding.read_grey(folder / file).grey.shape))
    if not sides:
        raise UserError(f"{folder}: none of its images can be read")
    return min(image_set.MAX_IMAGE_SIZE, int(np.median(sides)))


def require_classes(folder: Path, listed: pd.DataFrame, classes: list[str], named: str = "") -> None:
    """Refuse images in no class folder, and class folders that are no classes of the study."""
    where = f"{named} is {folder}, where" if named else f"{folder}:"
    loose = listed.loc[listed["label"] == "", "file"]
    if len(loose):
        raise UserError(
            f"{where} {len(loose)} images lie in no class folder, such as {loose.iloc[0]}; expected a folder for each "
            f"class: {', '.join(classes)}"
        )
    for label in sorted(set(listed["label"]) - set(classes)):
        raise UserError(f"{where} {unknown_name('class folder', label, classes)}; rename it, or move it out")
    if listed.empty:
        raise UserError(f"{where} no image is of the study's classes, {', '.join(classes)}")


def require_few_rejected(folder: Path, found: PlainFolder, max_rejected: float) -> None:
    """Refuse a folder of which more files than this share can't be used, or all of a class."""
    n_bad, n_good = len(found.rejected), len(found.images)
    lost = sorted(set(found.rejected["label"]) - set(found.images.manifest["label"]))
    if n_bad <= max_rejected * (n_bad + n_good) and not lost:
        return
    first = "; ".join(f"{row.file} ({row.reason}: {row.detail})" for row in found.rejected.head(3).itertuples())
    allowed = f"none of class {lost[0]!r} is left" if lost and lost[0] else f"max_rejected allows {max_rejected:g}"
    raise UserError(
        f"{n_bad} of the {n_bad + n_good} images in {folder} can't be used, {allowed}: "
        f"{split_warnings.by_reason(found.rejected)}. The first: {first}"
    )


def on_sizes(images: pd.DataFrame, how: Preparation) -> list[str]:
    """Warn of images of several sizes, smaller ones than the study's, and others than square ones.

    Args:
        images: original_width and original_height.
        how: what they were made.
    """
    size, notes = f"{how.image_size} × {how.image_size}", []
    shapes = images[["original_width", "original_height"]].astype(int)
    counts = shapes.value_counts()
    if len(counts) > 1:
        shown = ", ".join(f"{width} × {height} ({n})" for (width, height), n in counts.head(_LISTED).items())
        more = f" and {len(counts) - _LISTED} more" if len(counts) > _LISTED else ""
        notes.append(f"images of {len(counts)} sizes, all made {size} px: {shown}{more}")
    n_smaller = int((shapes.max(axis=1) < how.image_size).sum())
    if n_smaller:
        notes.append(f"images smaller than {size} px, enlarged: {n_smaller}")
    n_oblong = int((shapes["original_width"] != shapes["original_height"]).sum())
    if n_oblong:
        notes.append(f"images that weren't square, made so as the real ones were ({how.square}): {n_oblong}")
    return notes
