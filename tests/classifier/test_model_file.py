"""A kept classifier predicts as it did, and one that can't be used is refused in one line."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from chestgan.base.errors import UserError
from chestgan.classifier import model_file, networks
from chestgan.classifier.model_file import Description
from chestgan.classifier.networks import Classifier

CONVNET = Description("convnet", ["covid", "normal"], "covid", 32, None, 0, [0.4, 0.6])


def built(description: Description, weights: Path | None = None) -> tuple[Classifier, Description]:
    torch.manual_seed(0)
    made = networks.build(description.backbone, 2, 32, weights, description.trainable_blocks).eval()
    return made, dataclasses.replace(description, weights_sha256=made.weights_sha256)


@pytest.fixture(scope="module")
def resnet18(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a weights file in the form of torchvision's."""
    from torchvision import models

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(models.resnet18(weights=None).state_dict(), path)
    return path


@pytest.mark.parametrize(("backbone", "blocks"), [("convnet", 0), ("efficientnet_lite0", 0), ("resnet18", 1)])
def test_a_kept_classifier_predicts_as_it_did(backbone: str, blocks: int, resnet18: Path, tmp_path: Path) -> None:
    weights = resnet18 if backbone == "resnet18" else None
    made, description = built(dataclasses.replace(CONVNET, backbone=backbone, trainable_blocks=blocks), weights)
    model_file.write(tmp_path / "m.safetensors", made, description)
    read, told = model_file.read(tmp_path / "m.safetensors", weights)
    assert told == description
    images = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8)
    assert torch.equal(read(read.encode(images)), made(made.encode(images)))
    assert not any(module.training for module in read.modules())


def refused(path: Path, weights: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        model_file.read(path, weights)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_pretrained_weights_that_are_missing_or_others_are_told(resnet18: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model_file.write(path, *built(dataclasses.replace(CONVNET, backbone="resnet18"), resnet18))
    assert refused(path).endswith("; name their file by --weights")
    other = tmp_path / "other.pth"
    torch.save({name: weight + 1 for name, weight in torch.load(resnet18, weights_only=True).items()}, other)
    assert "began with pretrained weights of sha256" in refused(path, other)


def test_files_that_hold_no_classifier_are_told(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    assert refused(path).endswith("; evaluate_classifier makes one: model.safetensors")
    path.write_bytes(b"cut off")
    assert "is no whole safetensors file" in refused(path)
    path.write_bytes(save({"weight": torch.zeros(2)}, {"chestgan_generator": "{}"}))
    assert "holds no classifier" in refused(path)
    path.write_bytes(save({"weight": torch.zeros(2)}, {"chestgan_classifier": "{}"}))
    assert "was written by another version of Chestgan" in refused(path)
    made, _ = built(CONVNET)
    model_file.write(path, made, dataclasses.replace(CONVNET, image_size=128))
    assert "don't fit its description" in refused(path)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"classes": ["../up", "normal"]}, "classes: '../up' can't be a label"),
        ({"classes": ["normal", "covid"]}, "expected an alphabetical list"),
        ({"classes": 2}, "classes is 2; expected a list"),
        ({"positive_class": "lung"}, "positive_class is 'lung'; expected one of"),
        ({"thresholds": [0.5]}, "thresholds has 1 values; expected one for each class"),
        ({"thresholds": [0.5, "0.5"]}, "thresholds is '0.5'; expected a number"),
        ({"image_size": 65536}, "image_size is 65536; expected a whole number to 1024"),
        ({"backbone": ["convnet"]}, "backbone is ['convnet']; expected text"),
    ],
)
def test_a_description_that_would_harm_is_refused(fields: dict, told: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    made, description = built(CONVNET)
    model_file.write(path, made, dataclasses.replace(description, **fields))
    assert told in refused(path)
