"""Many image files decoded at once into arrays on disk, with a row of what is known of each."""

import functools
import hashlib
import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.data import decoding, file_formats, framing, grey, processes
from chestgan.data.grey import Decoded, Window
from chestgan.data.refusal import Refusal
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
    window: Window | None


def like(settings: dict[str, Any]) -> Preparation:
    """Prepare others as the images of a split were, from the settings that it records; of any least size.

    Raises:
        UserError: they are of no result of split_data.
    """
    if not {"image_size", "square"} <= settings.keys():
        raise UserError(
            "real is no result of split_data, so how its images were prepared isn't known; name the split, or give "
            "the other images as an image set too"
        )
    low, high = settings.get("window_low"), settings.get("window_high")
    window = None if low is None else Window(low, high)
    return Preparation(settings["image_size"], settings["square"], 1, window)


@dataclass(frozen=True)
class Prepared:
    """One file: its row of the table and, unless it was refused, its image and the thumbnail to compare it by."""

    row: dict
    image: np.ndarray | None = None
    thumbnail: np.ndarray | None = None


def prepare(path: Path, frames: Sequence[int | None], preparation: Preparation) -> list[Prepared]:
    """Decode frames of a file, or say why they can't be used; `[None]` is a file with one picture."""
    decoded = decoding.read_frames(path, frames, preparation.window, preparation.min_size)
    if all(isinstance(one, Refusal) for one in decoded):
        return [_refused(one) for one in decoded]
    checksum = files.sha256(path)
    return [
        _refused(one) if isinstance(one, Refusal) else _prepared(one, _of_frame(checksum, frame), preparation)
        for one, frame in zip(decoded, frames, strict=True)
    ]


def prepare_all(
    paths: Sequence[Path], preparation: Preparation, threads: int, frames: Sequence[int | None] | None = None
) -> Iterator[Prepared]:
    """Prepare files in their order, several at once.

    Args:
        threads: threads where all files are pictures, for Pillow computes without holding the other threads up;
            processes where some are DICOM or NIfTI, whose readers do hold them up, or TIFF, whose reader writes to the
            standard error what is wrong with a file, and not with which.
        frames: the frame of each file, None where it has one picture; a file is read once for neighbouring rows.
    """
    asked = _by_file(paths, [None] * len(paths) if frames is None else frames)
    work = functools.partial(_prepare, preparation)
    if any(file_formats.needs_process(path) for path, _ in asked):
        done = processes.run(work, asked, threads, _crashed)
    else:
        done = _in_threads(work, asked, threads)
    for prepared in done:
        yield from prepared


def prepare_rows(table: pd.DataFrame, folder: Path, how: Preparation, threads: int) -> Iterator[Prepared]:
    """Prepare the rows of a table in their order, as `prepare_all` does.

    Args:
        table: path, relative to the folder, and frame, None where the file has one picture.
    """
    return prepare_all([folder / path for path in table["path"]], how, threads, table["frame"].tolist())


def _by_file(paths: Sequence[Path], frames: Sequence[int | None]) -> list[tuple[Path, list[int | None]]]:
    grouped = itertools.groupby(zip(paths, frames, strict=True), key=lambda pair: pair[0])
    return [(path, [frame for _, frame in pairs]) for path, pairs in grouped]


def _prepare(preparation: Preparation, asked: tuple[Path, list[int | None]]) -> list[Prepared]:
    return prepare(*asked, preparation)


def _in_threads(work: Callable, asked: list, threads: int) -> Iterator[list[Prepared]]:
    # a thread that hands over each small file by itself takes longer for that than for some of the files
    batches = [asked[start : start + _FILES_AT_ONCE] for start in range(0, len(asked), _FILES_AT_ONCE)]
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("ignore")  # Pillow's remarks on odd files, which name none
        for prepared in pool.map(lambda batch: [work(one) for one in batch], batches):
            yield from prepared


def _prepared(decoded: Decoded, checksum: str, preparation: Preparation) -> Prepared:
    row = {
        "sha256": checksum,
        "original_width": decoded.width,
        "original_height": decoded.height,
        "original_mode": decoded.mode,
        "coloured": decoded.coloured,
        "outside_window": decoded.outside_window,
        "reason": "",
    }
    image = grey.square(decoded.grey, preparation.image_size, preparation.square)
    return Prepared(row, image, framing.thumbnail(decoded.grey))


def _refused(refusal: Refusal) -> Prepared:
    return Prepared({"reason": refusal.reason, "detail": refusal.detail})


def _crashed(asked: tuple[Path, list[int | None]]) -> list[Prepared]:
    return [_refused(Refusal("damaged", "its decoder crashed, or lacked memory"))] * len(asked[1])


def _of_frame(checksum: str, frame: int | None) -> str:
    """Make a checksum of one of several frames: the frames of a file are no copies of each other."""
    return checksum if frame is None else hashlib.sha256(f"{checksum}#{frame}".encode()).hexdigest()


def store(prepared: Iterable[Prepared], n_files: int, image_size: int, folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Keep what was prepared: the usable images, one after another, as `images.npy` in the folder.

    Returns:
        A row a file with the columns of `COLUMNS`, `reason` empty where there is an image; and the thumbnails of the
        images, (N, THUMBNAIL_SIZE, THUMBNAIL_SIZE) uint8. `images.npy` may end with unused rows.
    """
    images = image_set.create_images(folder, n_files, image_size)
    thumbnails = np.empty((n_files, framing.THUMBNAIL_SIZE, framing.THUMBNAIL_SIZE), dtype=np.uint8)
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
