"""Measure how many copies of real films are found, how many images of other patients are joined, and how long it takes.

python bench/duplicates.py --data ../shared/data/cxr --films 300
python bench/duplicates.py --data ../shared/data/ct --films 300 --sizes 1000 10000
"""

import argparse
import io
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from sizes import SCRIPTS

sys.path.insert(0, str(SCRIPTS))
from chestgan.data import decoding, duplicates, framing

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def jpeg(grey: np.ndarray, quality: int) -> np.ndarray:
    """Save an image as JPEG, and read it again."""
    content = io.BytesIO()
    Image.fromarray(grey).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def half(grey: np.ndarray) -> np.ndarray:
    """Make an image half as wide and high."""
    height, width = grey.shape
    return np.asarray(Image.fromarray(grey).resize((width // 2, height // 2), Image.Resampling.LANCZOS))


def with_text(grey: np.ndarray) -> np.ndarray:
    """Burn words into an image."""
    image = Image.fromarray(grey).copy()
    draw, (width, height) = ImageDraw.Draw(image), image.size
    for x, y, words in ((0.03, 0.03, "L  ANT  12:30"), (0.6, 0.9, "day 3 AP"), (0.8, 0.05, "B")):
        draw.text((width * x, height * y), words, fill=255)
    return np.asarray(image)


def crop(grey: np.ndarray, left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Cut shares of the sides off an image."""
    height, width = grey.shape
    rows = slice(round(height * top), height - round(height * bottom))
    return grey[rows, round(width * left) : width - round(width * right)]


def bars(grey: np.ndarray, x: float, y: float, level: int = 0) -> np.ndarray:
    """Put bars of shares of its sides around an image."""
    rows, columns = round(len(grey) * y), round(grey.shape[1] * x)
    return np.pad(grey, [(rows, rows), (columns, columns)], constant_values=level)


def turn(grey: np.ndarray, degrees: float) -> np.ndarray:
    """Turn an image in its frame, black where it ends."""
    return np.asarray(Image.fromarray(grey).rotate(degrees, Image.Resampling.BICUBIC))


CHANGES: dict[str, Change] = {
    "JPEG quality 30": lambda grey, random: jpeg(grey, 30),
    "JPEG quality 5": lambda grey, random: jpeg(grey, 5),
    "half the size": lambda grey, random: half(grey),
    "burned-in text": lambda grey, random: with_text(grey),
    "brightness × 1.15 + 12": lambda grey, random: np.clip(grey * 1.15 + 12, 0, 255).astype(np.uint8),
    "gamma 0.7": lambda grey, random: (255 * (grey / 255) ** 0.7).astype(np.uint8),
    "cropped by 1.6 % a side": lambda grey, random: crop(grey, *[0.016] * 4),
    "cropped by 4 % a side": lambda grey, random: crop(grey, *[0.04] * 4),
    "cropped by 10 % a side": lambda grey, random: crop(grey, *[0.1] * 4),
    "each side cropped by 0 to 10 %": lambda grey, random: crop(grey, *random.uniform(0, 0.1, 4)),
    "black bars left and right": lambda grey, random: bars(grey, 0.12, 0),
    "black bars above and below": lambda grey, random: bars(grey, 0, 0.12),
    "a white frame": lambda grey, random: bars(grey, 0.08, 0.08, 255),
    "mirrored": lambda grey, random: grey[:, ::-1].copy(),
    "inverted": lambda grey, random: 255 - grey,
    "turned by 1°": lambda grey, random: turn(grey, random.choice([-1, 1])),
    "turned by 3°": lambda grey, random: turn(grey, random.choice([-3, 3])),
    "mirrored, cropped by 0 to 6 %, JPEG 30": lambda grey, random: jpeg(
        crop(grey[:, ::-1], *random.uniform(0, 0.06, 4)), 30
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with metadata.csv: filename, patient_id")
    parser.add_argument("--films", type=int, default=300, help="images to copy")
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="numbers of images to measure the time of")
    arguments = parser.parse_args(argv)
    table = pd.read_csv(arguments.data / "metadata.csv")
    images = [decoding.read_grey(arguments.data / file).grey for file in table["filename"]]
    thumbnails = np.stack([framing.thumbnail(image) for image in images])
    print(shares(images, thumbnails, arguments.films).to_string(), flush=True)
    print(joined(table, thumbnails).to_string(), flush=True)
    for size in arguments.sizes:
        print(seconds(thumbnails, size), flush=True)
    return 0


def copies(images: list[np.ndarray], n_films: int) -> tuple[np.ndarray, dict[str, list[np.ndarray]]]:
    """Draw some images and change each in every way: their places, and the copies by change."""
    random = np.random.default_rng(5)
    places = np.sort(random.permutation(len(images))[:n_films])
    return places, {name: [change(images[place], random) for place in places] for name, change in CHANGES.items()}


def shares(images: list[np.ndarray], thumbnails: np.ndarray, n_films: int) -> pd.Series:
    """Measure the share of copies found among all images, by change."""
    places, changed = copies(images, n_films)
    queries = np.stack([framing.thumbnail(copy) for some in changed.values() for copy in some])
    found = duplicates.search(queries, thumbnails, threads=2)
    query = found["query"].to_numpy()
    itself = query[np.tile(places, len(changed))[query] == found["reference"]]
    by_change = np.bincount(itself // len(places), minlength=len(changed))
    return pd.Series(by_change / len(places), index=list(changed), name="share found")


def joined(table: pd.DataFrame, thumbnails: np.ndarray) -> pd.DataFrame:
    """List the pairs of two patients that are taken for one picture, to be looked at."""
    kin = pd.factorize(table["patient_id"])[0]
    found = duplicates.search(thumbnails, thumbnails, kin=(kin, kin), threads=2)
    names = {side: table["filename"].to_numpy()[found[side]] for side in ("query", "reference")}
    return found.assign(**names)


def seconds(thumbnails: np.ndarray, n_images: int) -> dict[str, float]:
    """Measure the search among so many images: each the mean of two real ones, framed a little closer."""
    random = np.random.default_rng(0)
    framed = np.concatenate([framing.closer(thumbnails, 0.95, x, y) for x, y in random.uniform(-1, 1, (8, 2))])
    places = random.integers(0, len(framed), (2, n_images))
    made = np.empty((n_images, *thumbnails.shape[1:]), dtype=np.uint8)
    for start in range(0, n_images, 1024):
        some = places[:, start : start + 1024]
        made[start : start + 1024] = framed[some].astype(np.uint16).sum(axis=0) // 2
    wall, processor = time.perf_counter(), time.process_time()
    found = duplicates.find(np.arange(n_images).astype(str), made, threads=2)
    return {
        "images": n_images,
        "seconds": round(time.perf_counter() - wall, 1),
        "processor seconds": round(time.process_time() - processor, 1),
        "GB at most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "pairs": len(found),
    }


if __name__ == "__main__":
    sys.exit(main())
