"""How many planted copies of training images are found among generated ones, and how many images of unseen patients are
taken for copies, by random splits of real images; writes the table of docs/copies.md.

    python scripts/split_data.py --folder ../shared/data/cxr ... --image-size 64 --output cxr
    python bench/planted.py --images cxr --write

Each split has training images, held-out images and images that stand for generated ones, all of different patients.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import table, with_tables
from sizes import SCRIPTS

sys.path.insert(0, str(SCRIPTS))

import compute_fid
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.metrics import copies, features

PAGE = SCRIPTS.parent / "docs" / "copies.md"
N_TRAINING, N_HELD_OUT, N_GENERATED = 300, 220, 200
# training images that are copied in every way: a copy is judged by itself, so their number changes nothing
N_COPIED = 60


def moved(images: np.ndarray) -> np.ndarray:
    """Move images by 2 pixels down and to the right; the edges are repeated."""
    return np.pad(images, [(0, 0), (2, 0), (2, 0)], mode="edge")[:, :-2, :-2]


def brightened(images: np.ndarray) -> np.ndarray:
    """Make images brighter."""
    return np.clip(images * 1.2 + 10, 0, 255).astype(np.uint8)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exact": np.array,
    "moved": moved,
    "brightened": brightened,
    "mirrored": lambda images: images[:, :, ::-1],
}


class Measured(NamedTuple):
    """Images, with the features of each and of its mirror image."""

    images: ImageSet
    features: np.ndarray
    of_mirrored: np.ndarray

    def at(self, rows: np.ndarray) -> "Measured":
        """Select some of them."""
        chosen = ImageSet(self.images.images[rows], self.images.manifest.iloc[rows].reset_index(drop=True))
        return Measured(chosen, self.features[rows], self.of_mirrored[rows])


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every split, print a line for each, and write the table of docs/copies.md where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="image set of real images, made by split_data")
    parser.add_argument("--features", type=Path, help="folder to keep features in")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write the table of docs/copies.md")
    arguments = parser.parse_args(argv)
    measured = measure_all(image_set.read(arguments.images), arguments.features)
    found, false = [], []
    for seed in range(arguments.splits):
        planted, unseen = of_split(measured, np.random.default_rng(seed), arguments.threads)
        found.append([planted[name] for name in CHANGES])
        false.append(unseen)
        print(seed, *planted_counts(found[-1]), unseen.sum(), sep=",", flush=True)
    if arguments.write:
        caption = f"{arguments.splits} splits, seeds 0 to {arguments.splits - 1}."
        PAGE.write_text(with_tables(PAGE.read_text(), tables(np.array(found), np.array(false)), caption))
    return 0


def measure_all(real: ImageSet, folder: Path | None) -> dict[str, Measured]:
    """Compute the features of all images, changed in every way."""
    extractor = features.load_extractor("fd_efficientnet_lite0")
    made = {}
    for name, change in CHANGES.items():
        changed = ImageSet(np.ascontiguousarray(change(np.asarray(real.images))), real.manifest)
        sides = (changed.images, compute_fid.mirrored(changed).images)
        made[name] = Measured(changed, *(features.kept_features(extractor, side, folder) for side in sides))
    return made


def of_split(
    measured: dict[str, Measured], random: np.random.Generator, threads: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw a split, and look for copies of its training images.

    Returns:
        By change (planted,) bool, which of the planted copies were found; and (N_GENERATED,) bool, which images of
        unseen patients were taken for copies.
    """
    manifest = measured["exact"].images.manifest
    places = manifest.groupby("patient").indices
    ordered = np.concatenate([places[patient] for patient in random.permutation(sorted(places))])
    patients = manifest["patient"].to_numpy()
    rows, start = [], 0
    for n in (N_TRAINING, N_HELD_OUT, N_GENERATED):
        rows.append(ordered[start : start + n])
        start += n
        # no patient on two sides
        while patients[ordered[start]] == patients[ordered[start - 1]]:
            start += 1
    training = measured["exact"].at(rows[0])
    copied = random.choice(rows[0], N_COPIED, replace=False)
    sides = [
        measured["exact"].at(rows[1]),
        measured["exact"].at(rows[2]),
        *(side.at(copied) for side in measured.values()),
    ]
    beside, unseen, *planted = _looked(sides, training, threads)
    found = dict(zip(measured, (copies.find(one, beside)["copy"].to_numpy() for one in planted), strict=True))
    return found, copies.find(unseen, beside)["copy"].to_numpy()


def _looked(sides: list[Measured], training: Measured, threads: int) -> list[tuple[copies.Nearest, copies.Pictures]]:
    """Look for the training image that each image of some sides is most like, as compute_fid does."""
    pictures = compute_fid.find_pictures([side.images for side in sides], training.images, threads)
    return [
        (copies.nearest(side.features, side.of_mirrored, training.features), of_side)
        for side, of_side in zip(sides, pictures, strict=True)
    ]


def planted_counts(found: list[np.ndarray]) -> list[int]:
    """Count the copies found by change."""
    return [int(one.sum()) for one in found]


def tables(found: np.ndarray, false: np.ndarray) -> dict[str, str]:
    """Lay out what was found as a table in Markdown.

    Args:
        found: (splits, changes, planted) bool.
        false: (splits, images) bool.
    """
    n_planted = found.shape[0] * found.shape[2]
    rows = [["found of all copies", *(f"{n:,} of {n_planted:,}" for n in found.sum(axis=(0, 2)))]]
    least = found.mean(axis=2).min(axis=0)
    rows.append(["least of any split", *(f"{100 * one:.1f} %" for one in least)])
    unseen = f"{false.sum():,} of {false.size:,} ({100 * false.mean():.2f} %)"
    rows.append(["unseen patients taken for copies", unseen, *[""] * (len(CHANGES) - 1)])
    return {"found": table(["", *CHANGES], rows)}


if __name__ == "__main__":
    sys.exit(main())
