"""The lists of CONTRIBUTING.md: what is added by touching just these files works."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from project import ROOT
from synthetic_sets import write_synthetic_set

TRAIN = ["--generator-width", "16", "--discriminator-width", "4", "--latent-dim", "4", "--batch-size", "8"]
TRAIN += ["--kimg", "0.032", "--snapshot-kimg", "0.032", "--threads", "1"]


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Copy the scripts, to add something to them."""
    return shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))


def add(file: Path, before: str, addition: str) -> None:
    """Add something in front of a place in a file."""
    text = file.read_text()
    assert text.count(before) == 1, before
    file.write_text(text.replace(before, addition + before))


def run(script: Path, *flags: object) -> None:
    done = subprocess.run([sys.executable, script, *map(str, flags)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_preset_is_an_entry(scripts: Path, tiny_split: Path, tmp_path: Path) -> None:
    presets = scripts / "chestgan" / "gan" / "presets.py"
    add(presets, '    "strong": _STRONG', '    "mine": dataclasses.replace(_COVIDGAN, dropout=0.25),\n')
    run(scripts / "train_acgan.py", "--real", tiny_split, "--preset", "mine", *TRAIN, "--output", tmp_path / "train")


def test_a_conditioning_is_an_entry(scripts: Path, tiny_split: Path, tmp_path: Path) -> None:
    conditioning = scripts / "chestgan" / "gan" / "conditioning.py"
    kind = """    "real_only": Conditioning(
        help="an auxiliary classifier that sees real images alone",
        outputs=1,
        bias=True,
        discriminator_loss=lambda real, real_labels, fake, fake_labels: _cross_entropy(real, real_labels),
        generator_loss=_cross_entropy,
    ),
"""
    add(conditioning, '    "projection": Conditioning(', kind)
    flags = ["--conditioning", "real_only", *TRAIN, "--output", tmp_path / "train"]
    run(scripts / "train_acgan.py", "--real", tiny_split, *flags)
    history = pd.read_csv(tmp_path / "train" / "history.csv")
    assert (history["discriminator_class"] > 0).all()


def test_a_network_is_a_file_and_a_line(scripts: Path, tiny_split: Path, tmp_path: Path) -> None:
    networks = scripts / "chestgan" / "gan" / "networks"
    shutil.copy(networks / "residual.py", networks / "mine.py")
    architectures = networks / "architectures.py"
    architectures.write_text(
        architectures.read_text()
        .replace("import covidgan, residual", "import covidgan, mine, residual")
        .replace('"residual": residual}', '"residual": residual, "mine": mine}')
    )
    flags = ["--preset", "strong", "--architecture", "mine", *TRAIN, "--output", tmp_path / "train"]
    run(scripts / "train_acgan.py", "--real", tiny_split, *flags)
    command = ["--generator", tmp_path / "train" / "generator.safetensors", "--counts", "covid=3"]
    run(scripts / "generate_images.py", *command, "--output", tmp_path / "generated")


def test_a_denoiser_is_a_file_and_a_line(scripts: Path, tiny_split: Path, tmp_path: Path) -> None:
    networks = scripts / "chestgan" / "gan" / "networks"
    (networks / "linear.py").write_text(
        "from torch import nn\n\n\n"
        "class Denoiser(nn.Module):\n"
        "    def __init__(self, n_classes, image_size, width, channels):\n"
        "        super().__init__()\n"
        "        self.to_image = nn.Conv2d(channels, channels, 3, padding=1)\n\n"
        "    def forward(self, images, noise, labels):\n"
        "        return self.to_image(images)\n\n\n"
        "def check(width):\n    pass\n\n\n"
        "def check_size(image_size):\n    pass\n"
    )
    architectures = networks / "architectures.py"
    architectures.write_text(
        architectures.read_text()
        .replace("import covidgan, residual, unet", "import covidgan, linear, residual, unet")
        .replace('{"unet": unet}', '{"unet": unet, "linear": linear}')
    )
    flags = ["--preset", "diffusion", "--architecture", "linear", "--sampling-steps", "2", *TRAIN[6:]]
    run(scripts / "train_acgan.py", "--real", tiny_split, *flags, "--output", tmp_path / "train")


def test_a_metric_is_a_file_and_an_entry(scripts: Path, tiny_split: Path, tmp_path: Path) -> None:
    metrics = scripts / "chestgan" / "metrics"
    (metrics / "shift.py").write_text(
        "import numpy as np\n\n\ndef mean_shift(reference_features, features):\n"
        "    return float(np.abs(features.mean(axis=0) - reference_features.mean(axis=0)).mean())\n"
    )
    entry = """    Metric(
        name="shift",
        label="shift of the mean feature",
        protocol="mean absolute difference of the mean features",
        compute=lambda of: mean_shift(of.reference, of.candidates),
    ),
"""
    add(metrics / "catalogue.py", '    Metric(\n        name="dcr_ratio"', entry)
    add(metrics / "catalogue.py", "# the mean over pairs of real", "from chestgan.metrics.shift import mean_shift\n\n")
    synthetic = write_synthetic_set(tmp_path / "generated", {"covid": 8, "normal": 8})
    flags = ["--real", tiny_split, "--generated", synthetic, "--n-draws", "2", "--output", tmp_path / "fid"]
    run(scripts / "compute_fid.py", *flags)
    table = pd.read_csv(tmp_path / "fid" / "diversity.csv")
    assert (table["shift"] > 0).all()
    assert (table["real_shift"] > 0).all()
    assert "shift: mean absolute difference" in (tmp_path / "fid" / "settings.json").read_text()


def test_an_extractor_is_a_file_and_a_name(scripts: Path, tiny_split: Path, tmp_path: Path) -> None:
    metrics = scripts / "chestgan" / "metrics"
    (metrics / "pooled.py").write_text(
        "from torch import nn\n\nfrom chestgan.metrics.extractor import Extractor\n\n"
        'NAME = "pooled"\n\n\n'
        'def load_extractor(device="cpu", weights=None, allow_unverified=False):\n'
        "    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.AdaptiveAvgPool2d(4), nn.Flatten()).to(device)\n"
        "    embed = lambda network, images: network(images[:, None].float())\n"
        '    return Extractor(NAME, 16, "none", True, "means of 4 x 4 tiles", network, embed)\n'
    )
    features = metrics / "features.py"
    features.write_text(
        features.read_text()
        .replace("(efficientnet, inception)", "(efficientnet, inception, pooled)")
        .replace("import efficientnet, inception", "import efficientnet, inception, pooled")
    )
    synthetic = write_synthetic_set(tmp_path / "generated", {"covid": 8, "normal": 8})
    flags = ["--real", tiny_split, "--generated", synthetic, "--extractors", "pooled", "--output", tmp_path / "fid"]
    run(scripts / "compute_fid.py", *flags)
    assert set(pd.read_csv(tmp_path / "fid" / "distances.csv")["extractor"]) == {"pooled"}


def test_a_classifier_is_a_function_and_a_line(scripts: Path, tiny_split: Path, tmp_path: Path) -> None:
    networks = scripts / "chestgan" / "classifier" / "networks.py"
    function = """def _linear(n_classes: int, image_size: int, weights: Path | None) -> Parts:
    pooling = nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten())
    return Parts(Input(image_size, (127.5,), (127.5,)), [nn.Identity()], pooling, nn.Linear(64, n_classes), None)


"""
    add(networks, "BACKBONES: dict", function)
    add(networks, '    "resnet18": _resnet18,', '    "linear": _linear,\n')
    flags = ["--arm", "real", "--backbone", "linear", "--kimg", "0.3", "--output", tmp_path / "real"]
    run(scripts / "evaluate_classifier.py", "--real", tiny_split, *flags)
