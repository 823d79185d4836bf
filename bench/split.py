"""split_data against the bare decoding of the same files."""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from PIL import Image

from alternation import Row, alternate, ratios, run, workers
from chestgan.data import phantoms
from chestgan.data.preparation import Preparation, prepare_all, store
from sizes import SCRIPTS, Sizes

IMAGE_SIZE = 64
MIN_SIZE = 64
REAL = SCRIPTS.parent.parent / "shared" / "data" / "cxr"
DEVICE = phantoms.Device(exposure=0, contrast=1, border=0, marker=False, noise=0.02)
BARE = "decoding and resizing alone, {} processes"


def measure(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure phantoms of the size of films, and the real chest X-rays where they are."""
    side = sizes.split_side
    rows = measure_files(sizes, f"{side} px phantoms", write_films(folder / "films", sizes.n_split, side), folder)
    if REAL.is_dir() and sizes.n_split > 10:
        files = pd.read_csv(REAL / "metadata.csv")["filename"]
        rows += measure_files(sizes, "256 px chest X-rays", [REAL / file for file in files], folder)
    return rows


def measure_files(sizes: Sizes, name: str, paths: list[Path], folder: Path) -> list[Row]:
    """Measure the decoding in split_data, and the script itself, from its start to its end."""
    links = folder / name
    for number, path in enumerate(paths):
        link = links / ("covid", "normal")[number % 2] / f"{number:05d}{path.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    output = folder / "split"
    words = [sys.executable, SCRIPTS / "split_data.py", "--folder", links, "--output", output]
    words += ["--duplicates", "keep", "--image-size", IMAGE_SIZE, "--threads", sizes.threads]

    def script() -> float:
        seconds, _ = run(words, dict(os.environ))
        run(["rm", "-r", output], dict(os.environ))
        return seconds

    with workers() as start:
        sides = {
            "ours": start(make_ours, paths, sizes.threads).wait_until_ready(),
            "bare": start(make_bare, paths, sizes.threads).wait_until_ready(),
            "script": script,
        }
        seconds = alternate(sides, sizes.rounds)
    against = BARE.format(sizes.threads)
    rates = {side: len(paths) / median(taken) for side, taken in seconds.items()}
    measured = f"{rates['ours']:.0f} and {rates['bare']:.0f} images/s"
    whole = f"{median(seconds['script']):.1f} and {median(seconds['bare']):.1f} s"
    what = f"split_data, {len(paths)} {name}"
    return [
        Row(f"{what}, its decoding", against, ratios(seconds["bare"], seconds["ours"]), measured),
        Row(f"{what}, from start to end", against, ratios(seconds["bare"], seconds["script"]), whole),
    ]


def make_ours(paths: list[Path], threads: int) -> tuple[Callable[[], None], None]:
    """Make a piece of work of the decoding, as split_data does it."""
    preparation = Preparation(IMAGE_SIZE, "pad", MIN_SIZE, None)

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            prepared = prepare_all(paths, preparation, threads)
            store(prepared, len(paths), IMAGE_SIZE, Path(folder))

    return work, None


def make_bare(paths: list[Path], processes: int) -> tuple[Callable[[], None], None]:
    """Make a piece of work of the least that has to be done, by processes that wait for it."""
    pool = multiprocessing.Pool(processes)

    def work() -> None:
        images = np.empty((len(paths), IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
        images[:] = pool.map(decode, paths, chunksize=16)

    return work, None


def decode(path: Path) -> np.ndarray:
    """Decode a file and make it small: (IMAGE_SIZE, IMAGE_SIZE) uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("L").resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS))


def write_films(folder: Path, n_images: int, side: int) -> list[Path]:
    """Draw phantoms, enlarge them to the size of films, and add a detector's noise."""
    folder.mkdir()
    paths = []
    for number in range(n_images):
        random = np.random.default_rng(number)
        drawn = phantoms.render(phantoms.draw_anatomy(random), None, DEVICE, 256, random)
        film = np.asarray(Image.fromarray(drawn).resize((side, side)), dtype=np.float64)
        pixels = (film + random.normal(0, 2, film.shape)).clip(0, 255).astype(np.uint8)
        paths.append(folder / f"{number:05d}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths
