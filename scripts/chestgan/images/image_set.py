"""An image set, the one form of data that stages exchange: a folder with `images.npy` and `manifest.csv`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.images.labels import check_labels

FILES = ("images.npy", "manifest.csv")
SPLITS = ("train", "validation", "test")
# the label of images of which nobody said one
NO_CLASS = "no class"
# of a class: fewer decide nothing
LEAST_TEST_PATIENTS = 10
# side of the largest images that a set may hold
MAX_IMAGE_SIZE = 1024
# a patient of this beginning is an image whose patient is unknown; the file's name follows
IMAGE_AS_PATIENT = "image:"


@dataclass(frozen=True)
class ImageSet:
    """Images with what is known of each.

    Attributes:
        images: (N, H, W) uint8, grey; a memory map until a subset is taken.
        manifest: N rows, row i describes image i; `label` is always among the columns.
    """

    images: np.ndarray
    manifest: pd.DataFrame

    def __len__(self) -> int:
        return len(self.manifest)

    @property
    def classes(self) -> list[str]:
        """The labels in alphabetical order: a class's place in it is its number everywhere."""
        return sorted(self.manifest["label"].unique())

    @property
    def size_and_classes(self) -> str:
        """What has to be the same of sets that go together, in words."""
        return f"{self.images.shape[1]} × {self.images.shape[2]} px and the classes {', '.join(self.classes)}"

    def where(self, **columns: str) -> "ImageSet":
        """Select the images whose manifest has these values, such as `split="train"`, in their order."""
        chosen = np.ones(len(self), dtype=bool)
        for column, value in columns.items():
            chosen &= (self.manifest[column] == value).to_numpy()
        return ImageSet(self.images[chosen], self.manifest[chosen].reset_index(drop=True))

    def of_classes(self, classes: list[str]) -> "ImageSet":
        """Select the images of some classes, in their order; itself where it has no others."""
        chosen = self.manifest["label"].isin(classes).to_numpy()
        if chosen.all():
            return self
        return ImageSet(self.images[chosen], self.manifest[chosen].reset_index(drop=True))

    def class_numbers(self, classes: list[str]) -> np.ndarray:
        """Number each image's class by its place in `classes`: (N,) int64."""
        numbers = {label: i for i, label in enumerate(classes)}
        return np.array([numbers[label] for label in self.manifest["label"]], dtype=np.int64)

    def rows_by_class(self, classes: list[str]) -> list[np.ndarray]:
        """List for each class the rows of its images."""
        numbers = self.class_numbers(classes)
        return [np.flatnonzero(numbers == label) for label in range(len(classes))]


def create_images(folder: Path, n_images: int, image_size: int) -> np.ndarray:
    """Create an `images.npy` to fill, as a writable memory map of (n_images, image_size, image_size) uint8."""
    # a numpy integer would be written into the header as `np.int64(3)`, which numpy itself refuses to read
    shape = (int(n_images), int(image_size), int(image_size))
    images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.uint8, shape=shape)
    files.reserve(folder / "images.npy")
    return images


def write_manifest(folder: Path, manifest: pd.DataFrame) -> None:
    """Write the table that goes with `images.npy`; text columns stay text when read back."""
    manifest.to_csv(folder / "manifest.csv", index=False, lineterminator="\n")


def checksums(folder: Path) -> dict[str, str]:
    """Compute the sha256 of the two files, for `settings.json`: `read` compares them."""
    return {name: files.sha256(folder / name) for name in FILES}


def read(folder: Path) -> ImageSet:
    """Read an image set without loading its pixels.

    Raises:
        UserError: a file is missing or damaged, isn't the one that `settings.json` beside it has the checksum of, or
            the two don't fit together.
    """
    for name in FILES:
        if not (folder / name).is_file():
            told = f"{folder} isn't an image set: there is no {folder / name}"
            raise UserError(f"{told}; split_data and generate_images make one")
    try:
        images = np.lib.format.open_memmap(folder / "images.npy", mode="r")
        manifest = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
    except Exception as error:  # numpy's reader of headers raises whatever a damaged one leads it to
        reason = " ".join(str(error).split())
        raise UserError(f"the image set {folder} can't be read: {reason}; make it again") from None
    if images.ndim != 3 or images.dtype != np.uint8 or len(images) != len(manifest):
        raise UserError(
            f"the image set {folder} is damaged: images.npy holds {images.shape} {images.dtype} and manifest.csv "
            f"{len(manifest)} rows; expected (rows, height, width) uint8; make it again"
        )
    if "label" not in manifest:
        raise UserError(f"{folder}/manifest.csv has no column 'label', only {', '.join(manifest)}")
    check_labels(manifest["label"].unique(), f"{folder}/manifest.csv")
    _require_checksums(folder)
    _require_separate_patients(folder, manifest)
    return ImageSet(images, manifest)


def _require_checksums(folder: Path) -> None:
    """Refuse files that were changed after they were written; a set without checksums, made by hand, has none."""
    if not (folder / "settings.json").is_file():
        return
    described = files.read_json(folder / "settings.json")
    known = described.get("sha256") if isinstance(described, dict) else None
    for name, sha256 in (known if isinstance(known, dict) else {}).items():
        if name in FILES and files.sha256(folder / name) != sha256:
            raise UserError(f"{folder}/{name} was changed after it was made: settings.json has another checksum of it")


def _require_separate_patients(folder: Path, manifest: pd.DataFrame) -> None:
    """Refuse a split that shows test patients to a training."""
    if not {"patient", "split"} <= set(manifest):
        return
    pairs = manifest[["patient", "split"]].drop_duplicates()
    shared = pairs["patient"][pairs["patient"].duplicated()]
    if len(shared):
        raise UserError(
            f"{folder}/manifest.csv has {shared.nunique()} patients in more than one split, such as "
            f"{shared.iloc[0]!r}; split_data keeps them apart: make it again"
        )
