"""Many image files decoded at once into arrays on disk, with a row of what is known of each."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.data import decoding, duplicates
from chestgan.images import image_set

_FILES_AT_ONCE = 16
COLUMNS = [
    "sha256",
    "original_width",
    "original_height",
    "original_mode",
    "coloured",
    "outside_window",
    "reason",
    "detail",
]


@dataclass(frozen=True)
class Preparation:
    """How a file becomes a row of the image set."""

    image_size: int
    square: str
    min_size: int
    window: decoding.Window | None


@dataclass(frozen=True)
class Prepared:
    """One file: its row of the table and, unless it was refused, its image and the thumbnail to compare it by."""

    row: dict
    image: np.ndarray | None = None
    thumbnail: np.ndarray | None = None


def prepare(path: Path, preparation: Preparation) -> Prepared:
    """Decode one file, or say why it can't be used."""
    try:
        decoded = decoding.read_grey(path, preparation.window, preparation.min_size)
    except decoding.Refusal as refusal:
        return Prepared({"reason": refusal.reason, "detail": refusal.detail})
    row = {
        "sha256": files.sha256(path),
        "original_width": decoded.width,
        "original_height": decoded.height,
        "original_mode": decoded.mode,
        "coloured": decoded.coloured,
        "outside_window": decoded.outside_window,
        "reason": "",
    }
    image = decoding.square(decoded.grey, preparation.image_size, preparation.square)
    return Prepared(row, image, duplicates.thumbnail(decoded.grey))


def prepare_all(paths: Sequence[Path], preparation: Preparation, threads: int) -> Iterator[Prepared]:
    """Prepare files in their order, several at once: Pillow computes without holding the other threads up."""
    # a thread that hands over each small file by itself takes longer for that than for some of the files
    batches = [paths[start : start + _FILES_AT_ONCE] for start in range(0, len(paths), _FILES_AT_ONCE)]
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("ignore")  # Pillow's remarks on odd files, which name none
        for prepared in pool.map(lambda batch: [prepare(path, preparation) for path in batch], batches):
            yield from prepared


def store(prepared: Iterable[Prepared], n_files: int, image_size: int, folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Keep what was prepared: the usable images, one after another, as `images.npy` in the folder.

    Returns:
        A row a file with the columns of `COLUMNS`, `reason` empty where there is an image; and the thumbnails of the
        images, (N, THUMBNAIL_SIZE, THUMBNAIL_SIZE) uint8. `images.npy` may end with unused rows.
    """
    images = image_set.create_images(folder, n_files, image_size)
    thumbnails = np.empty((n_files, duplicates.THUMBNAIL_SIZE, duplicates.THUMBNAIL_SIZE), dtype=np.uint8)
    rows, n_images = [], 0
    for one in prepared:
        rows.append(one.row)
        if one.image is not None:
            images[n_images], thumbnails[n_images] = one.image, one.thumbnail
            n_images += 1
    # objects, for a gap would turn whole numbers into floats
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object), thumbnails[:n_images]


def copy_images(source: Path, places: np.ndarray, folder: Path) -> None:
    """Make an `images.npy` of some images of another folder's, without holding either in memory."""
    stored = np.load(source / "images.npy", mmap_mode="r")
    images = image_set.create_images(folder, len(places), stored.shape[1])
    for row, place in enumerate(places):
        images[row] = stored[place]
    images.flush()
