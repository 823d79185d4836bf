"""Plain folders in place of the image sets of a study, for a classifier that is trained by hand."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.data import plain_folder, preparation
from chestgan.data.preparation import Preparation
from chestgan.images import image_set

_VALIDATION_SHARE = 0.2
WARNING = (
    "no patients: each image counts as one, so images of one patient may lie in two of training, validation and test, "
    "and the scores may be too good"
)


def locate(
    real: Path, test: Path | None, generated: Path | None, seed: int, threads: int, scratch: Path
) -> tuple[Path, Path | None]:
    """Locate the real and the synthetic image set; plain folders become such in `scratch`.

    Args:
        real: an image set with a split, or a plain folder of training images in class folders.
        test: a plain folder of test images, where `real` is a plain folder.
        generated: a synthetic set, a plain folder, or nothing.
        seed: of the choice of validation images.
        threads: that decode.
        scratch: an existing folder.

    Raises:
        UserError: the folders don't go together.
    """
    is_plain = plain_folder.is_plain(real)
    if is_plain and test is None:
        raise UserError(f"real is {real}, a plain folder without a split; name one of test images too: --test")
    if test is not None and not is_plain:
        raise UserError(
            f"test is {test}, but real is {real}, which has test images of its own; expected a plain folder"
        )
    if is_plain:
        how = Preparation(plain_folder.median_side(real), "pad", 1, None)
        make_split(real, test, how, seed, threads, scratch)
        real = scratch / "real"
    elif generated is not None and plain_folder.is_plain(generated):
        how = preparation.like(files.read_json(real / "settings.json")["settings"])
    if generated is not None and plain_folder.is_plain(generated):
        named = {"generator": generated.resolve().name, "seed": 0}
        classes = image_set.read(real).classes
        plain_folder.make_set(generated, how, threads, scratch / "generated", classes, **named)
        generated = scratch / "generated"
    return real, generated


def make_split(train: Path, test: Path, how: Preparation, seed: int, threads: int, scratch: Path) -> None:
    """Make an image set with a split in `scratch / "real"`: a fifth of each class of `train` are for validation."""
    plain_folder.make_set(train, how, threads, scratch / "train")
    classes = image_set.read(scratch / "train").classes
    plain_folder.make_set(test, how, threads, scratch / "test", classes)
    sides = {side: image_set.read(scratch / side) for side in ("train", "test")}
    tables = [images.manifest.assign(split=side) for side, images in sides.items()]
    random = np.random.default_rng(seed)
    for rows in tables[0].groupby("label").groups.values():
        n_validation = max(1, round(_VALIDATION_SHARE * len(rows)))
        tables[0].loc[random.permutation(rows)[:n_validation], "split"] = "validation"
    manifest = pd.concat(tables, ignore_index=True).drop(columns="seed")
    # a training and a test image may have one name
    manifest["file"] = manifest["split"].where(manifest["split"] == "test", "train") + "/" + manifest["file"]
    folder = scratch / "real"
    folder.mkdir()
    images = image_set.create_images(folder, len(manifest), how.image_size)
    images[:] = np.concatenate([side.images for side in sides.values()])
    images.flush()
    image_set.write_manifest(folder, manifest.assign(patient=manifest["file"], source=""))
    told = {side: files.read_json(scratch / side / "settings.json") for side in sides}
    files.write_json(folder / "settings.json", told | {"warnings": [WARNING]})
    print(f"warning: {WARNING}", file=sys.stderr)
