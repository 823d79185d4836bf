"""Files among the images of class folders that are no X-ray: masks of lungs or lesions, and coloured overlays."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from chestgan.data.rejected import COLUMNS

_MASKS = re.compile(r"\w*masks?")
_OVERLAYS = re.compile(r"overlays?|heatmaps?|gradcams?")
# a folder of a whole set may be named so, with X-rays in the folders below
_NEAR_MASKS = re.compile(r"segmentations?|segs?|groundtruths?")
_WORDS = re.compile(r"[^a-z]+")
# Of 2,500 real X-rays and CT slices none has more than three quarters of its pixels this near its darkest and brightest
# value, for all black bars; a mask saved as JPEG has nearly all.
_NEAR = 0.04
_BINARY = 0.95
# of a small copy, where edges are grey
_MAYBE_BINARY = 0.6
# A tinted film has one hue: 1 - |mean of unit vectors| is below 0.004; heat maps have 0.07 and more.
_COLOURED, _COLOUR_DIFFERENCE, _MANY_HUES = 0.2, 48, 0.04


def by_name(files: Sequence[str]) -> pd.DataFrame:
    """List the files that their names, or the folders that they lie in, call masks or overlays.

    Returns:
        A row for each: file, label, reason (`mask` or `overlay`), detail.
    """
    rows = []
    for file in files:
        *folders, name = file.casefold().split("/")
        words = [_words(part) for part in (*folders, name.rpartition(".")[0] or name)]
        near = set().union(*words[-2:])
        for reason, word in _called(set().union(*words), near)[:1]:
            rows.append((file, "", reason, f"its name or a folder of it says {word!r}"))
    return pd.DataFrame(rows, columns=COLUMNS, dtype=str)


def by_pixels(folder: Path, table: pd.DataFrame, thumbnails: np.ndarray) -> pd.DataFrame:
    """List the images that are black and white among grey ones, and those with a heat map's colours.

    Args:
        folder: what the files are relative to.
        table: file, label and coloured of each image.
        thumbnails: (N, H, W) uint8, small copies in the same order.

    Returns:
        A row for each, with the index of its row in the table: file, label, reason (`mask` or `overlay`), detail.
    """
    paths = [folder / file for file in table["file"]]
    maybe = [_near_extremes(small) >= _MAYBE_BINARY for small in thumbnails]
    binary = [seen and _is_binary(path) for seen, path in zip(maybe, paths, strict=True)]
    coloured = [share >= _COLOURED for share in table["coloured"]]
    overlay = [seen and _has_many_hues(path) for seen, path in zip(coloured, paths, strict=True)]
    # a set that is black and white throughout is of that kind
    masks = table.loc[np.array(binary, dtype=bool) & (not all(binary)), ["file", "label"]]
    overlays = table.loc[overlay, ["file", "label"]].drop(masks.index, errors="ignore")
    masks = masks.assign(reason="mask", detail="black and white alone, among grey images")
    return pd.concat([masks, overlays.assign(reason="overlay", detail="the colours of a heat map")])


def _words(name: str) -> set[str]:
    return set(filter(None, _WORDS.split(name)))


def _called(anywhere: set[str], near: set[str]) -> list[tuple[str, str]]:
    """List what words say that a file is, with the word: of all its path, and of its name and the folder around it."""
    kinds = (("mask", _MASKS, anywhere), ("overlay", _OVERLAYS, anywhere), ("mask", _NEAR_MASKS, near))
    return [(reason, word) for reason, pattern, words in kinds for word in sorted(words) if pattern.fullmatch(word)]


def _near_extremes(pixels: np.ndarray) -> float:
    """Compute the share of pixels whose value is nearly the least or the greatest."""
    values = pixels.astype(np.float64)
    low, high = values.min(), values.max()
    margin = _NEAR * (high - low)
    return float(np.mean((values <= low + margin) | (values >= high - margin)))


def _is_binary(path: Path) -> bool:
    pixels = _read(path, "L")
    return pixels is not None and _near_extremes(pixels[::2, ::2]) >= _BINARY


def _has_many_hues(path: Path) -> bool:
    pixels = _read(path, "RGB")
    if pixels is None:
        return False
    red, green, blue = np.moveaxis(pixels[::2, ::2].astype(np.float64), 2, 0)
    coloured = np.ptp(pixels[::2, ::2], axis=2) > _COLOUR_DIFFERENCE
    hue = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)[coloured]
    return bool(len(hue)) and 1 - abs(np.exp(1j * hue).mean()) >= _MANY_HUES


def _read(path: Path, mode: str) -> np.ndarray | None:
    """Read pixels with 8 bits in a mode, others as they are; None where Pillow can't."""
    try:
        with Image.open(path) as image:
            deep = mode == "L" and (image.mode == "F" or image.mode.startswith("I"))
            return np.asarray(image if deep else image.convert(mode))
    except (OSError, ValueError, SyntaxError):  # another format, which masks don't come in
        return None
