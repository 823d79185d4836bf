"""A pool as generate_images writes it, without a generator."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.images import image_set


def write_synthetic_set(folder: Path, counts: dict[str, int], size: int = 32, shuffled: bool = False) -> Path:
    """Write noise, brighter below for covid as in the tiny split; the pixel at the corner is the seed."""
    rows = [(label, seed) for label, count in sorted(counts.items()) for seed in range(count)]
    random = np.random.default_rng(0)
    if shuffled:
        random.shuffle(rows)
    manifest = pd.DataFrame(rows, columns=["label", "seed"])
    manifest.insert(0, "file", [f"png/{label}/seed-{seed:06d}.png" for label, seed in rows])
    folder.mkdir(parents=True)
    images = image_set.create_images(folder, len(rows), size)
    pixels = random.normal(110, 30, images.shape)
    pixels[(manifest["label"] == "covid").to_numpy(), size // 2 :] += 60
    images[:] = pixels.clip(0, 255)
    images[:, 0, 0] = manifest["seed"]
    images.flush()
    image_set.write_manifest(folder, manifest)
    (folder / "settings.json").write_text(json.dumps({"generator": "mine", "seed": 4}))
    return folder
