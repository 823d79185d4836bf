"""What many tests share: small image sets, and the real data where it is there."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from chestgan.images import image_set
from project import ROOT, Project, small_study


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fix", action="store_true", help="write what is generated anew where it has become old")


# pytest-xdist's own groups need what pytest 9.2 no longer does: write a group's name into that of a test
class FilesTogether(LoadScopeScheduling):
    """Keep the tests of a file in one process, and so all that share the cluster or the image."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return "machine" if file.parts[1] in ("slurm", "containers") else str(file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesTogether:
    return FilesTogether(config, log)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real images, or skip where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the real images in {folder}")
    return folder


@pytest.fixture(scope="session")
def tiny_split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a split of 48 images of 32 × 32 in two classes, 24 patients: covid is brighter below."""
    random = np.random.default_rng(0)
    rows = []
    for patient in range(24):
        label = ("covid", "normal")[patient % 2]
        split = "train" if patient < 12 else "validation" if patient < 16 else "test"
        for image in range(2):
            rows.append({"file": f"{label}/{patient:02d}-{image}.png", "label": label, "patient": f"p{patient:02d}"})
            rows[-1] |= {"source": f"hospital-{patient % 3}", "split": split}
    manifest = pd.DataFrame(rows)
    folder = tmp_path_factory.mktemp("tiny") / "split"
    folder.mkdir()
    images = image_set.create_images(folder, len(manifest), 32)
    images[:] = random.normal(110, 30, images.shape).clip(0, 255).astype(np.uint8)
    covid = (manifest["label"] == "covid").to_numpy()
    images[covid, 16:] = np.clip(images[covid, 16:].astype(np.int64) + 60, 0, 255)
    images.flush()
    image_set.write_manifest(folder, manifest)
    return folder


@pytest.fixture(scope="session")
def fake_inception_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a random weights file in the form of pytorch-fid's: the real one can't be had on a test machine."""
    import torch
    import torchvision
    from pytorch_fid import inception

    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inception, "load_state_dict_from_url", lambda url, progress: {})
        patch.setattr(torchvision.models.Inception3, "load_state_dict", lambda network, state: None)
        network = inception.fid_inception_v3()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # far from doing nothing, as trained ones are
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.1, 0.3)
    path = tmp_path_factory.mktemp("weights") / "fake_inception.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Run the small study once, from nothing to its verdict."""
    project = Project(tmp_path_factory.mktemp("study"))
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(small_study()))
    done = project.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of its own that 8 MB fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)
