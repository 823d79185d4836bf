"""The sides of a measurement: real images, by split or without one, and a synthetic set."""

from pathlib import Path
from typing import Any

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.images import image_set
from chestgan.images.image_set import NO_CLASS, ImageSet
from chestgan.metrics.metric import ALL
from chestgan.metrics.tables import REFERENCES


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


def read_sides(real: Path, generated: Path, has_split: bool) -> dict[str, ImageSet]:
    """Read the real training images, the real test images and the synthetic set; real ones without a split as `real`.

    Args:
        real: an image set.
        generated: an image set, of the same classes or of some of them.
        has_split: whether the real images are to be those of the training and the test patients.

    Raises:
        UserError: the sets don't fit together.
    """
    real_folder, real, synthetic = real, image_set.read(real), image_set.read(generated)
    if real.images.shape[1:] != synthetic.images.shape[1:]:
        (height, width), (other_height, other_width) = real.images.shape[1:], synthetic.images.shape[1:]
        raise UserError(
            f"the real images in {real_folder} have {height} × {width} px, the generated ones in {generated} "
            f"{other_height} × {other_width} px; expected one size"
        )
    if has_split and "split" not in real.manifest:
        raise UserError(f"{real_folder}/manifest.csv has no column 'split'; expected an image set made by split_data")
    if not has_split and NO_CLASS in (*real.classes, *synthetic.classes):
        return {"real": without_classes(real), "generated": without_classes(synthetic)}
    sides = {reference: real.where(split=reference) for reference in REFERENCES} if has_split else {"real": real}
    sides["generated"] = synthetic
    for side, images in sides.items():
        unknown = set(images.classes) - set(real.classes)
        if unknown or not images.classes or (side != "generated" and images.classes != real.classes):
            found = f"the classes {', '.join(images.classes)}" if images.classes else "no classes"
            raise UserError(
                f"the {side} images have {found}, but {real_folder} has {', '.join(real.classes)}; expected the same "
                "classes on every side"
            )
    # what has images of some classes alone is measured beside real ones of those
    return {side: images.of_classes(synthetic.classes) for side, images in sides.items()}


def read_held_out(real: Path, classes: list[str]) -> ImageSet:
    """Read the real images of these classes of which no training has seen the patient: validation and test."""
    images = image_set.read(real)
    chosen = images.manifest["split"].ne("train") & images.manifest["label"].isin(classes)
    return ImageSet(images.images[chosen.to_numpy()], images.manifest[chosen].reset_index(drop=True))


def without_classes(images: ImageSet) -> ImageSet:
    """Put all images into the one class of the tables' rows of all images."""
    return ImageSet(images.images, images.manifest.assign(label=ALL))
