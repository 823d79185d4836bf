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
import pydicom
from PIL import Image
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, RLELossless

from alternation import Row, alternate, ratios, run, workers
from chestgan.data import phantoms
from chestgan.data.preparation import Preparation, prepare_all, store
from sizes import SCRIPTS, Sizes

IMAGE_SIZE = 64
MIN_SIZE = 64
REAL = SCRIPTS.parent.parent / "shared" / "data" / "cxr"
DEVICE = phantoms.Device(exposure=0, contrast=1, border=0, marker=False, noise=0.02)
BARE = "decoding and resizing alone, {} processes"
BARE_DICOM = "pydicom's pixels, modality and window alone, {} processes"


def measure(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure phantoms of the size of films, and the real chest X-rays where they are."""
    side = sizes.split_side
    films = write_films(folder / "films", sizes.n_split, side)
    rows = measure_files(sizes, f"{side} px phantoms", films, folder)
    for syntax, name in ((None, "uncompressed"), (RLELossless, "RLE")):
        paths = write_dicom(folder / name, films[: max(6, sizes.n_split // 2)], syntax)
        rows += measure_files(sizes, f"{side} px DICOM, {name}", paths, folder, read_dicom, BARE_DICOM)
    if REAL.is_dir() and sizes.n_split > 10:
        files = pd.read_csv(REAL / "metadata.csv")["filename"]
        rows += measure_files(sizes, "256 px chest X-rays", [REAL / file for file in files], folder)
    return rows


def measure_files(
    sizes: Sizes,
    name: str,
    paths: list[Path],
    folder: Path,
    read: Callable[[Path], np.ndarray] | None = None,
    bare: str = BARE,
) -> list[Row]:
    """Measure the decoding in split_data, and the script itself, from its start to its end.

    Args:
        read: what they are measured against, described by `bare`; default: `decode`.
    """
    links = folder / name
    for number, path in enumerate(paths):
        link = links / ("covid", "normal")[number % 2] / f"{number:05d}{path.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    output = folder / "split"
    words = [sys.executable, SCRIPTS / "split_data.py", "--folder", links, "--output", output]
    words += ["--allow-small", "--duplicates", "keep", "--image-size", IMAGE_SIZE, "--threads", sizes.threads]

    def script() -> float:
        seconds, _ = run(words, dict(os.environ))
        run(["rm", "-r", output], dict(os.environ))
        return seconds

    with workers() as start:
        sides = {
            "ours": start(make_ours, paths, sizes.threads).wait_until_ready(),
            "bare": start(make_bare, paths, sizes.threads, read or decode).wait_until_ready(),
            "script": script,
        }
        seconds = alternate(sides, sizes.rounds)
    against = bare.format(sizes.threads)
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


def make_bare(paths: list[Path], processes: int, read: Callable[[Path], np.ndarray]) -> tuple[Callable[[], None], None]:
    """Make a piece of work of the least that has to be done, by processes that wait for it."""
    pool = multiprocessing.Pool(processes)

    def work() -> None:
        images = np.empty((len(paths), IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
        images[:] = pool.map(read, paths, chunksize=16)

    return work, None


def decode(path: Path) -> np.ndarray:
    """Decode a file and make it small: (IMAGE_SIZE, IMAGE_SIZE) uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("L").resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS))


def read_dicom(path: Path) -> np.ndarray:
    """Read a file as pydicom's documentation does, and take pixels of it in place of making it small."""
    dataset = pydicom.dcmread(path)
    shown = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    return shown[:IMAGE_SIZE, :IMAGE_SIZE] / 16


def write_dicom(folder: Path, films: list[Path], syntax: str | None) -> list[Path]:
    """Write films as DICOM of 12 bits with a window."""
    folder.mkdir()
    paths = []
    for film in films:
        pixels = np.asarray(Image.open(film)).astype(np.uint16) * 16
        dataset = pydicom.Dataset()
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = DigitalXRayImageStorageForPresentation, pydicom.uid.generate_uid()
        dataset.PatientID, dataset.Modality = film.stem, "DX"
        dataset.set_pixel_data(pixels, "MONOCHROME2", 12)
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.WindowCenter, dataset.WindowWidth = 1, 0, 2000, 3500
        if syntax is not None:
            dataset.compress(syntax)
        paths.append(folder / f"{film.stem}.dcm")
        dataset.save_as(paths[-1], enforce_file_format=True)
    return paths


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
