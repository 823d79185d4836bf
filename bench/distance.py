"""compute_fid against pytorch-fid's own command, on the same images with the same weights."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from unittest import mock

import numpy as np
import pandas as pd
import torch
import torchvision
from PIL import Image
from pytorch_fid import inception as pytorch_fid_inception

from alternation import Row, alternate, ratios, run, workers
from chestgan.base import devices, files
from chestgan.data import phantoms
from chestgan.images import image_set
from chestgan.metrics import features, inception
from sizes import SCRIPTS, Sizes

IMAGE_SIZE = 64
LABELS = ("covid", "normal")
SIDES = ("train", "test", "pool")
# the default of its command
THEIR_BATCH_SIZE = 50
# an ordinary film
DEVICE = phantoms.Device(exposure=0, contrast=1, border=0, marker=False, noise=0.02)


def measure(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure the features alone, and both distances of a synthetic set: to training and to test patients."""
    weights = fake_weights(folder / "hub" / "checkpoints" / inception.FILE)
    write_sides(folder, sizes.n_distance)
    return [features_alone(sizes, folder, weights), *commands(sizes, folder, weights)]


def features_alone(sizes: Sizes, folder: Path, weights: Path) -> Row:
    """Measure the networks themselves on the same images in memory, in batches as each tool takes them."""
    images = np.load(folder / "generated" / "images.npy")[: sizes.n_features]
    with workers() as start:
        sides = {
            "ours": start(make_our_features, weights, images, sizes.threads),
            "theirs": start(make_their_features, weights, images, sizes.threads),
        }
        for side in sides.values():
            side.wait_until_ready()
        seconds = alternate(sides, sizes.rounds)
    rates = [len(images) / median(seconds[side]) for side in sides]
    measured = f"{rates[0]:.1f} and {rates[1]:.1f} images/s"
    return Row("Inception features, fp32", "pytorch-fid's", ratios(seconds["theirs"], seconds["ours"]), measured)


def commands(sizes: Sizes, folder: Path, weights: Path) -> list[Row]:
    """Measure the commands, from nothing and with what each tool keeps of real images.

    compute_fid gives both distances at once, and two kernel distances beside them; pytorch-fid's command gives one, so
    its time counts twice.
    """
    environment = os.environ | {"TORCH_HOME": str(folder), "OMP_NUM_THREADS": str(sizes.threads)}
    pytorch_fid = [sys.executable, "-m", "pytorch_fid"]
    run([*pytorch_fid, "--save-stats", folder / "test", folder / "test.npz"], environment)
    values = {}

    def ours(*flags: object) -> float:
        output = folder / "distances"
        words = [sys.executable, SCRIPTS / "compute_fid.py", "--real", folder / "split"]
        words += ["--generated", folder / "generated", "--output", output, "--extractors", "fid"]
        words += ["--inception-weights", weights, "--allow-unverified-weights", "--threads", sizes.threads, *flags]
        seconds, _ = run(words, environment)
        values["ours"] = (
            pd.read_csv(output / "distances.csv").set_index(["reference", "class"]).loc["test", "all"]["fd"]
        )
        shutil.rmtree(output)
        return seconds

    def ours_kept() -> float:
        # its own features are new each time
        kept = set((folder / "features").iterdir())
        seconds = ours("--features", folder / "features")
        for path in set((folder / "features").iterdir()) - kept:
            path.unlink()
        return seconds

    def theirs(real: str) -> float:
        seconds, said = run([*pytorch_fid, folder / real, folder / "pool"], environment)
        values["theirs"] = float(re.search(r"FID: +(\S+)", said)[1])
        return 2 * seconds

    keep_real(folder, weights, sizes)
    sides = {
        "ours": ours,
        "theirs": lambda: theirs("test"),
        "ours, kept": ours_kept,
        "theirs, kept": lambda: theirs("test.npz"),
    }
    seconds = alternate(sides, sizes.rounds, warm=False)
    difference = abs(values["ours"] / values["theirs"] - 1)
    rows = []
    for kept, what, against in (
        ("", "from nothing", "pytorch-fid's command, twice"),
        (", kept", "real features kept", "pytorch-fid's command, twice, real statistics kept"),
    ):
        one, other = seconds[f"ours{kept}"], seconds[f"theirs{kept}"]
        measured = f"{median(one):.1f} and {median(other):.1f} s; the value differs by {difference:.0e}"
        named = f"compute_fid, {sizes.n_distance} images a side, {what}"
        rows.append(Row(named, against, ratios(other, one), measured))
    return rows


def make_our_features(weights: Path, images: np.ndarray, threads: int) -> tuple[Callable[[], np.ndarray], None]:
    """Make a piece of work of the extraction of features by Chestgan."""
    devices.use_threads(threads)
    extractor = features.load_extractor("fid", weights, allow_unverified=True)
    return lambda: features.extract(extractor, images), None


def make_their_features(weights: Path, images: np.ndarray, threads: int) -> tuple[Callable[[], np.ndarray], None]:
    """Make a piece of work of the same by pytorch-fid's network, in batches as its command takes them."""
    devices.use_threads(threads)
    with mock.patch.object(pytorch_fid_inception, "load_state_dict_from_url", return_value=torch.load(weights)):
        network = pytorch_fid_inception.InceptionV3([pytorch_fid_inception.InceptionV3.BLOCK_INDEX_BY_DIM[2048]]).eval()
    pixels = torch.from_numpy(images)[:, None].expand(-1, 3, -1, -1).float() / 255

    @torch.no_grad()
    def work() -> np.ndarray:
        batches = pixels.split(THEIR_BATCH_SIZE)
        return torch.cat([network(batch.contiguous())[0].flatten(1) for batch in batches]).numpy()

    return work, None


def keep_real(folder: Path, weights: Path, sizes: Sizes) -> None:
    """Keep the real images' features, as a study's first compute_fid does."""
    (folder / "features").mkdir()
    devices.use_threads(sizes.threads)
    extractor = features.load_extractor("fid", weights, allow_unverified=True)
    real = image_set.read(folder / "split")
    for side in SIDES[:2]:
        features.kept_features(extractor, real.where(split=side).images, folder / "features")


def fake_weights(path: Path) -> Path:
    """Write random weights in the form of pytorch-fid's, where it would have kept its download."""
    path.parent.mkdir(parents=True)
    torch.manual_seed(0)
    with (
        mock.patch.object(torchvision.models.Inception3, "load_state_dict"),
        mock.patch.object(pytorch_fid_inception, "load_state_dict_from_url"),
    ):
        network = pytorch_fid_inception.fid_inception_v3()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # far from doing nothing, as trained ones are
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.1, 0.3)
    torch.save(network.state_dict(), path)
    return path


def write_sides(folder: Path, n_images: int) -> None:
    """Draw phantoms for three sides, as folders of PNG files and as the image sets `split` and `generated`."""
    drawn = {side: [_phantom(number, place) for place in range(n_images)] for number, side in enumerate(SIDES)}
    labels = [LABELS[place % 2] for place in range(n_images)]
    for side, images in drawn.items():
        (folder / side).mkdir()
        for place, image in enumerate(images):
            Image.fromarray(image).save(folder / side / f"{place:05d}.png")
    rows = [{"label": label, "split": side} for side in SIDES[:2] for label in labels]
    _write_set(folder / "split", drawn["train"] + drawn["test"], rows)
    _write_set(folder / "generated", drawn["pool"], [{"label": label} for label in labels])
    files.write_json(folder / "generated" / "settings.json", {"generator": "phantoms", "seed": 0})


def _phantom(side: int, place: int) -> np.ndarray:
    random = np.random.default_rng((side, place))
    opacities = phantoms.draw_opacities(random) if place % 2 == 0 else None
    return phantoms.render(phantoms.draw_anatomy(random), opacities, DEVICE, IMAGE_SIZE, random)


def _write_set(folder: Path, drawn: Sequence[np.ndarray], rows: list[dict[str, str]]) -> None:
    folder.mkdir()
    images = image_set.create_images(folder, len(drawn), IMAGE_SIZE)
    images[:] = drawn
    images.flush()
    image_set.write_manifest(folder, pd.DataFrame(rows))
