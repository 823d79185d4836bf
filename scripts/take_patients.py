"""Take a fraction of the training patients of a split; the validation and the test patients stay whole.

    python scripts/take_patients.py --real results/demo/split --real-fraction 0.25 --seed 0 --output quarter

What is trained on the result has seen these patients alone. Of each class the same share is taken, at random by the
seed, and a smaller fraction is a part of a larger one of the same seed.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chestgan.base import commandline, files, settings
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.settings import argument
from chestgan.data import fractions
from chestgan.images import image_set


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    real: Path = argument("image set with a split column, made by split_data")
    real_fraction: float = argument("fraction of the training patients to take", minimum=0.001, maximum=1.0)
    seed: int = argument("seed of the choice of patients", 0, minimum=0)
    output: Path = argument("new folder for the image set")

    def __post_init__(self) -> None:
        settings.check(self)


def run(config: Config) -> None:
    """Choose the patients and write the image set; the folder appears whole."""
    files.require_empty(config.output)
    files.require_folder(config.real, "an image set made by split_data")
    real = image_set.read(config.real)
    missing = {"patient", "split"} - set(real.manifest)
    if missing:
        raise UserError(f"{config.real}/manifest.csv has no column {', '.join(sorted(missing))}; expected split_data's")
    if not (real.manifest["split"] == "train").any():
        raise UserError(f"{config.real}/manifest.csv has no training image; expected an image set made by split_data")
    rows = taken(real.manifest, config.real_fraction, config.seed)
    with files.new_folder(config.output) as folder:
        images = image_set.create_images(folder, len(rows), real.images.shape[1])
        images[:] = real.images[rows]
        images.flush()
        image_set.write_manifest(folder, real.manifest.iloc[rows])
        files.write_json(folder / "settings.json", provenance(config, folder, real.manifest.iloc[rows]))


def taken(manifest: pd.DataFrame, real_fraction: float, seed: int) -> np.ndarray:
    """List the rows of the chosen training patients, and of all others."""
    is_train = (manifest["split"] == "train").to_numpy()
    chosen = ~is_train
    chosen[is_train] = fractions.choose(manifest[is_train], real_fraction, seed)
    return np.flatnonzero(chosen)


def provenance(config: Config, folder: Path, manifest: pd.DataFrame) -> dict[str, Any]:
    """Collect who was taken from which split."""
    train = manifest[manifest["split"] == "train"]
    return {
        "script": "take_patients",
        "settings": vars(config),
        "real_fraction": config.real_fraction,
        "seed": config.seed,
        "n_train": train["label"].value_counts().to_dict(),
        "n_train_patients": train.groupby("label")["patient"].nunique().to_dict(),
        "sha256": image_set.checksums(folder),
        "split_sha256": {name: files.sha256(config.real / name) for name in image_set.FILES},
        "versions": versions("numpy", "pandas"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
