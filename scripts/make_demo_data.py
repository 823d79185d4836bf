"""Draw a folder of chest phantoms in two classes with a metadata table: data for the demo, of no patient.

python scripts/make_demo_data.py --output data/demo
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from chestgan.base import commandline, files, progress, settings
from chestgan.base.provenance import versions
from chestgan.base.settings import argument, setting
from chestgan.data import phantoms

CLASSES = ("covid", "normal")
DEVICES = {
    "north": phantoms.Device(exposure=0.00, contrast=1.00, border=0.00, marker=False, noise=0.020),
    "south": phantoms.Device(exposure=0.05, contrast=0.92, border=0.03, marker=False, noise=0.028),
    "west": phantoms.Device(exposure=-0.04, contrast=1.08, border=0.00, marker=True, noise=0.018),
}
# Sources lean towards a class, as in public data, but each has both
SOURCE_SHARES = {"covid": (0.42, 0.33, 0.25), "normal": (0.25, 0.33, 0.42)}


@dataclass(frozen=True)
class Config:
    """The flags of this script."""

    output: Path = argument("new folder for the images and metadata.csv")
    patients: int = setting("patients per class", 60, minimum=3, maximum=10_000)
    images_per_patient: int = setting("most images per patient", 3, minimum=1, maximum=20)
    image_size: int = setting("side of the images in pixels", 128, minimum=32, maximum=256)
    seed: int = setting("seed of all that is random", 0, minimum=0, maximum=2**31 - 1)

    def __post_init__(self) -> None:
        settings.check(self)


def run(config: Config) -> None:
    """Draw all patients and write their images and the table."""
    with files.new_folder(config.output) as folder:
        for label in CLASSES:
            (folder / label).mkdir()
        numbered = [(label, number) for number, label in enumerate(CLASSES * config.patients, start=1)]
        rows = []
        for label, number in progress.track(numbered, "draw", "patients"):
            for row, image in draw_patient(label, number, config):
                Image.fromarray(image).save(folder / row["file"])
                rows.append(row | {"sha256": files.sha256(folder / row["file"])})
        metadata = pd.DataFrame(rows).sort_values("file")
        metadata.to_csv(folder / "metadata.csv", index=False, lineterminator="\n")
        files.write_json(folder / "settings.json", provenance(config, metadata))


def draw_patient(label: str, number: int, config: Config) -> list[tuple[dict[str, str], np.ndarray]]:
    """Draw one patient's images, (image_size, image_size) uint8, each with its row of the table.

    A patient's body depends on the seed and the number alone, so more patients leave the others as they are.
    """
    random = np.random.default_rng((config.seed, CLASSES.index(label), number))
    anatomy = phantoms.draw_anatomy(random)
    opacities = phantoms.draw_opacities(random) if label == "covid" else None
    source = str(random.choice(list(DEVICES), p=SOURCE_SHARES[label]))
    images = []
    for place in range(1, int(random.integers(1, config.images_per_patient + 1)) + 1):
        image = phantoms.render(anatomy, opacities, DEVICES[source], config.image_size, random)
        row = {"file": f"{label}/p{number:04d}-{place}.png", "label": label, "patient": f"p{number:04d}"}
        images.append((row | {"source": source}, image))
    return images


def provenance(config: Config, metadata: pd.DataFrame) -> dict:
    """Collect what the images were made from."""
    counted = metadata.groupby("label")
    return {
        "script": "make_demo_data",
        "settings": asdict(config),
        "versions": versions("numpy", "scipy", "pillow"),
        "n_images": {label: int(n) for label, n in counted.size().items()},
        "n_patients": {label: int(n) for label, n in counted["patient"].nunique().items()},
        "protocol": "phantoms drawn from geometry and noise; no patient's image went into them",
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
