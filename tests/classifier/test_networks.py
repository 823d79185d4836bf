"""Every network takes every size; what is frozen stays as it was; weights come from checked files or not at all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.classifier import networks
from chestgan.metrics import efficientnet


@pytest.fixture(scope="module")
def resnet_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write weights as torchvision would: random, with BatchNorm statistics far from those at the start."""
    from torchvision import models

    torch.manual_seed(5)
    network = models.resnet18(weights=None)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(network.state_dict(), path)
    return path


def pixels(n: int, size: int) -> torch.Tensor:
    return torch.randint(0, 256, (n, size, size), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def build(name: str, size: int = 32, **more) -> networks.Classifier:
    torch.manual_seed(0)
    return networks.build(name, 3, size, **more)


@pytest.mark.parametrize("size", [28, 32, 64, 112, 128, 224])
@pytest.mark.parametrize("name", networks.BACKBONES)
def test_every_network_takes_every_size(name: str, size: int) -> None:
    classifier = build(name, size).eval()
    with torch.no_grad():
        logits = classifier(classifier.encode(pixels(2, size)))
    assert logits.shape == (2, 3)
    assert logits.isfinite().all()
    assert not torch.equal(logits[0], logits[1])


def test_convnet_ends_small_at_every_size() -> None:
    for size, n_blocks in ((28, 2), (64, 3), (112, 4), (128, 4), (224, 5)):
        convolutions = [module for module in build("convnet", size).modules() if isinstance(module, nn.Conv2d)]
        assert len(convolutions) == n_blocks


@pytest.mark.parametrize("trainable_blocks", [0, 1, 2, 17])
def test_efficientnet_in_pieces_is_efficientnet(trainable_blocks: int) -> None:
    """The pieces give the features of the whole network, wherever the cut lies."""
    classifier = build("efficientnet_lite0", 128, trainable_blocks=trainable_blocks).eval()
    images = pixels(2, 128)
    grey = ((images[:, None].float() - 127) / 128).expand(-1, 3, -1, -1)
    with torch.no_grad():
        whole = efficientnet.load_network().extract_features(grey).mean(dim=(2, 3))
        expected = nn.functional.linear(whole, *classifier.trained[-1].parameters())
        found = classifier(classifier.encode(images))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert classifier.weights_sha256 == efficientnet.SHA256


@pytest.mark.parametrize("trainable_blocks", [0, 2])
def test_resnet_in_pieces_is_torchvisions(resnet_weights: Path, trainable_blocks: int) -> None:
    from torchvision import models
    from torchvision.transforms import v2

    classifier = build("resnet18", 112, weights=resnet_weights, trainable_blocks=trainable_blocks).eval()
    network = models.resnet18(weights=None)
    network.load_state_dict(torch.load(resnet_weights, weights_only=True))
    network.fc = classifier.trained[-1]
    images = pixels(2, 112)
    normalise = v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = network.eval()(normalise((images[:, None] / 255).expand(-1, 3, -1, -1)))
        found = classifier(classifier.encode(images))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert classifier.weights_sha256 == files.sha256(resnet_weights)


@pytest.mark.parametrize("trainable_blocks", [0, 1])
def test_frozen_weights_and_all_statistics_stay(trainable_blocks: int) -> None:
    classifier = build("efficientnet_lite0", trainable_blocks=trainable_blocks)
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    optimiser = torch.optim.SGD([one for one in classifier.parameters() if one.requires_grad], 0.1)
    classifier.train()
    classifier(classifier.encode(pixels(4, 32))).square().sum().backward()
    optimiser.step()
    changed = {name for name, value in classifier.state_dict().items() if not torch.equal(value, before[name])}
    assert all(name.startswith("trained.") for name in changed)
    assert not any("running" in name or "num_batches" in name for name in changed)
    n_convolutions = sum(isinstance(module, nn.Conv2d) for module in classifier.trained.modules())
    assert n_convolutions == (4 if trainable_blocks else 0)


def test_a_network_without_weights_is_trained_whole() -> None:
    classifier = build("resnet18")
    assert all(parameter.requires_grad for parameter in classifier.parameters())
    assert classifier.train().trained[0][1].training
    assert torch.equal(classifier.encode(pixels(2, 32)), pixels(2, 32))


def test_small_images_are_enlarged_for_pretrained_filters(resnet_weights: Path) -> None:
    assert build("resnet18", 64, weights=resnet_weights).size == 112
    assert build("resnet18", 64).size == 64
    assert [build("efficientnet_lite0", size).size for size in (28, 128, 224)] == [128, 128, 224]
    assert build("vgg16", 28).size == 32


def test_vgg16_takes_a_whole_published_file(tmp_path: Path) -> None:
    """CovidGAN's classifier: frozen convolutions, global pooling, 64 units; the file's own classifier is left out."""
    convolutions = {f"features.{key}": value for key, value in nn.Sequential(*_vgg16_layers()).state_dict().items()}
    path = tmp_path / "vgg16.pth"
    torch.save(convolutions | {"classifier.0.weight": torch.zeros(1)}, path)
    classifier = build("vgg16", 64, weights=path).eval()
    assert classifier.size == 112
    assert torch.equal(classifier.frozen[0][0].weight, convolutions["features.0.weight"])
    assert [tuple(one.shape) for one in classifier.trained.parameters()] == [(64, 512), (64,), (3, 64), (3,)]
    with torch.no_grad():
        assert classifier.encode(pixels(1, 64)).shape == (1, 512)


def _vgg16_layers() -> list[nn.Module]:
    layers, channels = [], 3
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return layers


def test_weights_that_cannot_be_used_are_told(resnet_weights: Path, tmp_path: Path) -> None:
    def message(path: Path, name: str = "resnet18") -> str:
        with pytest.raises(UserError) as caught:
            build(name, weights=path)
        return str(caught.value)

    assert "there is no weights file" in message(tmp_path / "none.pth")
    assert "of another network: it has no features.0.weight" in message(resnet_weights, "vgg16")

    content = resnet_weights.read_bytes()
    truncated = tmp_path / "truncated.pth"
    truncated.write_bytes(content[: len(content) // 2])
    assert f"({len(content) // 2} bytes, sha256" in message(truncated)
    assert "can't be read as a state dict" in message(truncated)

    promising = tmp_path / "resnet18-f37072fd.pth"
    promising.write_bytes(content)
    assert "should have a sha256 that begins with f37072fd" in message(promising)
    kept = tmp_path / f"resnet18-{files.sha256(resnet_weights)[:8]}.pth"
    kept.write_bytes(content)
    assert build("resnet18", weights=kept).weights_sha256 == files.sha256(resnet_weights)

    for content in (torch.zeros(3), {"conv1.weight": torch.zeros(2)}, {"conv1.weight": "text"}):
        torch.save(content, tmp_path / "other.pth")
        assert "can't be read" in message(tmp_path / "other.pth") or "another network" in message(
            tmp_path / "other.pth"
        )
    (tmp_path / "text.pth").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert "can't be read as a state dict" in message(tmp_path / "text.pth")


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("resnet", {}, "unknown backbone 'resnet'.*did you mean 'resnet18'"),
        ("convnet", {"weights": Path("w.pth")}, "convnet is trained from the start; only resnet18 and vgg16"),
        ("efficientnet_lite0", {"weights": Path("w.pth")}, "efficientnet_lite0 has its own weights"),
        ("resnet18", {"trainable_blocks": 1}, "resnet18 without pretrained weights is trained whole"),
        ("efficientnet_lite0", {"trainable_blocks": 18}, "efficientnet_lite0 has 17 blocks"),
    ],
)
def test_settings_that_do_not_fit_are_told(name: str, more: dict, told: str) -> None:
    with pytest.raises(UserError, match=told):
        build(name, **more)


def test_encoding_does_not_depend_on_the_batch() -> None:
    classifier = build("efficientnet_lite0")
    images = pixels(5, 32)
    with torch.no_grad():
        together = classifier.encode(images)
        alone = torch.cat([classifier.encode(image[None]) for image in images])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
