"""Generate labelled images from a trained generator: a synthetic set, and the same images as PNG in class folders.

    python scripts/generate_images.py --generator generator.safetensors --counts covid=100 normal=50 --output generated

A generator file is all that it needs. Each image has its own seed, which is in its name: the same seed gives the same
image in any synthetic set, on any number of processes.
"""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from accelerate import Accelerator
from PIL import Image
from torch import nn

from chestgan.base import commandline, devices, files, progress, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.settings import argument, setting
from chestgan.gan import generator_file, sampling
from chestgan.gan.generator_file import Description
from chestgan.images import image_set
from chestgan.images.counts import parse_counts, require_possible


@dataclass(frozen=True)
class Config:
    """The flags of this script."""

    generator: Path = argument("generator file, made by train_acgan")
    output: Path = argument("new folder for the image set and its PNG files")
    counts: tuple[str, ...] = setting("images per class, such as covid=100 normal=50", ())
    ratio: float | None = setting(
        "synthetic images of a class per real training image of it", None, minimum=0.001, maximum=1e6
    )
    real: Path | None = argument("image set with a split column; ratio refers to its training images", None)
    first_seed: int = setting("seed of the first image of each class; the others count up from it", 0, minimum=0)
    device: str = argument("compute device", "cpu", choices=devices.DEVICES)
    processes: int = argument("processes that work together; another number is refused", 1, minimum=1)
    threads: int = argument("CPU threads of all processes of a machine; 0: torch's own choice", 0, minimum=0)

    def __post_init__(self) -> None:
        settings.check(self)
        if bool(self.counts) == (self.ratio is not None):
            raise UserError("expected either --counts or --ratio: how many images to generate")
        if (self.ratio is None) != (self.real is None):
            raise UserError("--ratio and --real go together: a ratio to the real training images")


def run(config: Config) -> None:
    """Generate the synthetic set; the folder appears whole."""
    files.require_empty(config.output)
    generator, description = generator_file.read(config.generator)
    counts = count_images(config, description.classes)
    require_possible(counts)
    manifest = plan(counts, config.first_seed)
    devices.use_threads(config.threads)
    accelerator = devices.accelerator(config.device, config.processes)
    with contextlib.ExitStack() as stack:
        if accelerator.is_main_process:
            folder = stack.enter_context(files.new_folder(config.output))
            image_set.create_images(folder, len(manifest), description.image_size)
            for label in description.classes:
                (folder / "png" / label).mkdir(parents=True)
        accelerator.wait_for_everyone()
        generate_share(generator.to(accelerator.device), description, manifest, accelerator, config.output)
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            image_set.write_manifest(folder, manifest)
            files.write_json(folder / "settings.json", provenance(config, folder, description, manifest))
    accelerator.end_training()


def count_images(config: Config, classes: list[str]) -> dict[str, int]:
    """Count how many images of each class to generate.

    Raises:
        UserError: a class isn't the generator's, a count is no number, or a ratio makes no image of a class.
    """
    if config.real is not None:
        train = image_set.read(config.real).where(split="train")
        if train.classes != classes:
            raise UserError(f"{config.real} has the classes {train.classes}, but the generator {classes}")
        n_train = train.manifest["label"].value_counts()
        counts = {label: round(config.ratio * n_train[label]) for label in classes}
        for label in (label for label, count in counts.items() if not count):
            raise UserError(
                f"ratio is {config.ratio:g}, which makes no image of {label}, of which {n_train[label]} are there to "
                "train on; raise it"
            )
        return counts
    return parse_counts(config.counts, classes)


def plan(counts: dict[str, int], first_seed: int) -> pd.DataFrame:
    """Make the manifest of the synthetic set: a row an image, with its label and its seed."""
    rows = [(label, first_seed + i) for label, count in sorted(counts.items()) for i in range(count)]
    manifest = pd.DataFrame(rows, columns=["label", "seed"])
    manifest.insert(0, "file", [f"png/{label}/seed-{seed:06d}.png" for label, seed in rows])
    return manifest


def generate_share(
    generator: nn.Module, description: Description, manifest: pd.DataFrame, accelerator: Accelerator, output: Path
) -> None:
    """Generate this process's share, every n-th chunk, and write its pixels and its PNG files."""
    folder = files.partial_folder(output)
    images = np.load(folder / "images.npy", mmap_mode="r+")
    chunks = [
        (label, rows[start : start + sampling.CHUNK])
        for label, rows in manifest.groupby("label").indices.items()
        for start in range(0, len(rows), sampling.CHUNK)
    ]
    share = chunks[accelerator.process_index :: accelerator.num_processes]
    of = description.settings.latents_of(description.image_size)
    unit = f"chunks of {sampling.CHUNK} images"
    for label, rows in progress.track(share, f"generate {description.name}", unit, images=sampling.CHUNK):
        number = description.classes.index(label)
        latents = sampling.latents(manifest["seed"].to_numpy()[rows], number, of)
        images[rows] = sampling.sample_images(generator, latents, torch.full((len(rows),), number))
        for row in rows:
            Image.fromarray(images[row]).save(folder / manifest["file"][row])
    images.flush()


def provenance(config: Config, folder: Path, description: Description, manifest: pd.DataFrame) -> dict[str, Any]:
    """Collect which generator made what."""
    return {
        "script": "generate_images",
        "settings": vars(config),
        "generator": description.name,
        "seed": description.seed,
        "generator_sha256": files.sha256(config.generator),
        "generator_kimg": description.kimg,
        "sha256": image_set.checksums(folder),
        "counts": manifest["label"].value_counts().to_dict(),
        "versions": versions("torch", "numpy", "pillow"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
