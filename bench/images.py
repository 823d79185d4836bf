"""Measure how the stages grow with the number of images, on small ones that are made for it.

python bench/images.py --images 10000 100000
python bench/images.py --images 1000000 --stages train # of a split that is made without the stage
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from alternation import measured
from sizes import SCRIPTS

sys.path.insert(0, str(SCRIPTS))
from chestgan.base import files
from chestgan.data import phantoms
from chestgan.images import image_set

COLUMNS = ["images", "stage", "seconds", "processor's seconds", "GB at most"]
FILE_SIZE, IMAGE_SIZE = 64, 32
CLASSES = ("covid", "normal")
IMAGES_PER_PATIENT = 2
IMAGES_PER_FOLDER = 1000
N_PHANTOMS = 200
DEVICE = phantoms.Device(exposure=0.0, contrast=1.0, border=0.0, marker=False, noise=0.02)
# a training's start, its validation patients and one snapshot
TRAINING = ["--preset", "strong", "--kimg", "0.32", "--snapshot-kimg", "0.32", "--generator-width", "32"]
TRAINING += ["--discriminator-width", "8", "--threads", "2"]
# a classifier that is shown each training image once
CLASSIFIER = ["--arm", "real", "--train-on", "real", "--passes", "1", "--kimg", "1", "--threads", "2"]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the stages one after another, with ever more images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", nargs="+", type=int, default=[10_000, 100_000], help="how many, one or several")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES), help="all, if not given")
    arguments = parser.parse_args(argv)
    print("  ".join(COLUMNS), flush=True)
    for n_images in arguments.images:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if "split" in arguments.stages:
                make_images(folder / "data", n_images)
            else:
                make_split(folder / "split", n_images)
            for stage, words in STAGES.items():
                if stage in arguments.stages:
                    wall, processor, n_bytes = measured(stage_words(words, folder))
                    row = [f"{n_images:,}", stage, f"{wall:.0f}", f"{processor:.0f}", f"{n_bytes / 1e9:.1f}"]
                    print("  ".join(row), flush=True)
    return 0


STAGES = {
    "split": [
        *("split_data", "--folder", "data", "--metadata", "metadata.csv", "--file-column", "file"),
        *("--label-column", "label", "--patient-column", "patient", "--source-column", ""),
        *("--image-size", IMAGE_SIZE, "--threads", 2),
        *("--output", "split"),
    ],
    "train": ["train_acgan", "--real", "split", *TRAINING, "--output", "train"],
    "generate": [
        *("generate_images", "--generator", "train/generator.safetensors", "--real", "split", "--ratio", 1),
        *("--threads", 2, "--output", "generated"),
    ],
    "features and distances": [
        *("compute_fid", "--real", "split", "--generated", "generated", "--threads", 2, "--output", "fid"),
    ],
    "classifier": ["evaluate_classifier", "--real", "split", *CLASSIFIER, "--output", "classifier"],
}


def stage_words(words: Sequence[object], folder: Path) -> list[str]:
    """Make a stage's command, with the names of folders in `folder`."""
    script, *flags = map(str, words)
    ours = ("data", "split", "train", "generated", "fid", "classifier")
    placed = [str(folder / flag) if flag.split("/")[0] in ours and "--" not in flag else flag for flag in flags]
    return [sys.executable, str(SCRIPTS / f"{script}.py"), *placed]


def make_images(folder: Path, n_images: int) -> None:
    """Write images that look like chests and of which no two are one picture, and their table."""
    random = np.random.default_rng(0)
    chests, rows = draw_chests(FILE_SIZE, random), []
    for start in range(0, n_images, IMAGES_PER_FOLDER):
        place = folder / f"{start // IMAGES_PER_FOLDER:04d}"
        place.mkdir(parents=True)
        numbers = range(start, min(start + IMAGES_PER_FOLDER, n_images))
        for number, image in zip(numbers, mixed(chests, len(numbers), random), strict=True):
            file = place / f"{number:07d}.png"
            Image.fromarray(image).save(file, compress_level=1)
            rows.append(os.path.relpath(file, folder))
    describe(rows).to_csv(folder / "metadata.csv", index=False)


def make_split(folder: Path, n_images: int) -> None:
    """Make the image set that split_data would: of 25 patients 16 to train, 4 to validate and 5 to test."""
    random = np.random.default_rng(0)
    folder.mkdir()
    images = image_set.create_images(folder, n_images, IMAGE_SIZE)
    chests = draw_chests(IMAGE_SIZE, random)
    for start in range(0, n_images, IMAGES_PER_FOLDER):
        block = slice(start, min(start + IMAGES_PER_FOLDER, n_images))
        images[block] = mixed(chests, block.stop - start, random)
    images.flush()
    manifest = describe([f"{number:07d}.png" for number in range(n_images)])
    parts = np.repeat(["train", "validation", "test"], [16, 4, 5])
    manifest["split"] = parts[np.arange(n_images) // IMAGES_PER_PATIENT % len(parts)]
    manifest["source"] = ""
    image_set.write_manifest(folder, manifest)
    files.write_json(folder / "settings.json", {"settings": {}, "sha256": image_set.checksums(folder)})


def draw_chests(image_size: int, random: np.random.Generator) -> np.ndarray:
    """Draw the bodies that all images are mixed of: (n, H, W) uint8."""
    bodies = [phantoms.draw_anatomy(random) for _ in range(N_PHANTOMS)]
    return np.stack([phantoms.render(body, None, DEVICE, image_size, random) for body in bodies])


def describe(names: Sequence[str]) -> pd.DataFrame:
    """Make the table of images: file, label and patient."""
    patients = np.arange(len(names)) // IMAGES_PER_PATIENT
    labels = np.array(CLASSES)[patients % len(CLASSES)]
    return pd.DataFrame({"file": names, "label": labels, "patient": [f"p{patient}" for patient in patients]})


def mixed(chests: np.ndarray, n_images: int, random: np.random.Generator) -> np.ndarray:
    """Mix two chests each, and draw detail over them: (n_images, H, W) uint8."""
    first, second = chests[random.integers(len(chests), size=(2, n_images))].astype(np.float32)
    share = random.uniform(0.3, 0.7, (n_images, 1, 1)).astype(np.float32)
    detail = random.standard_normal(first.shape, dtype=np.float32)
    # as fine as ribs and vessels, not as fine as noise, which no copy keeps
    detail = detail + np.roll(detail, 1, 1) + np.roll(detail, 1, 2) + np.roll(detail, (1, 1), (1, 2))
    return (share * first + (1 - share) * second + 8 * detail).clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
