"""Small pictures for tests, each unlike the others, and folders of them."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image


def picture(seed: int, width: int = 80, height: int = 72) -> np.ndarray:
    """Draw soft random shades: (height, width) uint8, with values from 40 to 215."""
    cells = np.random.default_rng(seed).integers(40, 216, (9, 9), dtype=np.uint8)
    return np.asarray(Image.fromarray(cells).resize((width, height), Image.Resampling.BILINEAR))


def save(path: Path, pixels: np.ndarray, **options) -> Path:
    """Save pixels in the format of the name's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def class_folders(folder: Path, n_images: int = 8, labels: tuple[str, ...] = ("covid", "normal")) -> Path:
    """Make a folder a label, with so many PNG pictures in each."""
    for number, label in enumerate(labels):
        for place in range(n_images):
            save(folder / label / f"{place:02d}.png", picture(1000 * number + place))
    return folder


def with_links_elsewhere(folder: Path, store: Path) -> Path:
    """Move the first two images of a folder elsewhere, and leave links to them."""
    store.mkdir()
    for path in sorted(folder.rglob("*.png"))[:2]:
        path.symlink_to(shutil.move(path, store / path.name))
    return folder


def with_table(folder: Path, rows: list[dict[str, str]], name: str = "metadata.csv", **options) -> Path:
    """Save the picture of each row that has a seed or none, and the table itself; give the table's path."""
    for seed, row in enumerate(rows):
        save(folder / row["file"], picture(seed))
    pd.DataFrame(rows).to_csv(folder / name, index=False, **options)
    return folder / name


def rows(n_patients: int = 6, n_images: int = 2, labels: tuple[str, ...] = ("covid", "normal")) -> list[dict[str, str]]:
    """List the rows of a table: so many patients a label, so many images a patient, two sources."""
    return [
        {
            "file": f"{label}/{patient:02d}-{image}.png",
            "label": label,
            "patient": f"{label[0]}{patient}",
            "source": ("east", "west")[patient % 2],
        }
        for label in labels
        for patient in range(n_patients)
        for image in range(n_images)
    ]
