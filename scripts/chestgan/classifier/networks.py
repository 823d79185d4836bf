"""The networks of the classifiers: grey images in, class logits out; a frozen part is computed once per image."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from chestgan.base import files
from chestgan.base.errors import UserError, unknown_name

# ImageNet's, for pixels from 0 to 255
_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
# torch's own weights carry the first digits of their sha256 in their name
_CHECKSUM_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.pth$")


@dataclass(frozen=True)
class Input:
    """How a grey image of 0 to 255 enters a network: enlarged to a size, repeated to channels, (x - mean) / std."""

    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Parts:
    """A network in pieces: what may be frozen from the front, and a head that is always trained.

    Attributes:
        input: how images enter the first block.
        blocks: modules in their order, from (B, C, h, w) to (B, C', h', w').
        pooling: from (B, C', h', w') to (B, F), without weights.
        head: from (B, F) to logits (B, n_classes).
        weights_sha256: checksum of the pretrained weights; None where the blocks are as initialised.
    """

    input: Input
    blocks: list[nn.Module]
    pooling: nn.Module
    head: nn.Module
    weights_sha256: str | None


class Classifier(nn.Module):
    """A classifier whose first blocks may be frozen: `encode` is done once an image, `forward` at every step.

    Attributes:
        weights_sha256: as in `Parts`.
    """

    def __init__(self, parts: Parts, trainable_blocks: int) -> None:
        super().__init__()
        pretrained = parts.weights_sha256 is not None
        body = [*parts.blocks, parts.pooling]
        # with the last block the pooling too is out of the training: far fewer numbers to keep
        n_frozen = 0 if not pretrained else len(parts.blocks) - trainable_blocks if trainable_blocks else len(body)
        self.weights_sha256 = parts.weights_sha256
        self.size = parts.input.size
        self.frozen = nn.Sequential(*body[:n_frozen]).requires_grad_(False)
        self.trained = nn.Sequential(*body[n_frozen:], parts.head)
        for name, values in (("mean", parts.input.mean), ("std", parts.input.std)):
            self.register_buffer(name, torch.tensor(values).view(-1, 1, 1), persistent=False)
        self._fixed_norms = pretrained

    def train(self, mode: bool = True) -> "Classifier":
        """Set the mode; BatchNorm keeps its pretrained statistics, in trained blocks too: few images estimate worse."""
        super().train(mode)
        self.frozen.eval()
        if self._fixed_norms:
            for module in self.trained.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def encode(self, images: Tensor) -> Tensor:
        """Pass (B, H, W) uint8 images through the frozen part; where there is none they stay as they are."""
        return self.frozen(self._prepare(images)) if len(self.frozen) else images

    def forward(self, encoded: Tensor) -> Tensor:
        """Compute the class logits (B, n_classes) of encoded images."""
        return self.trained(encoded if len(self.frozen) else self._prepare(encoded))

    def _prepare(self, images: Tensor) -> Tensor:
        pixels = images[:, None].float()
        if pixels.shape[-1] != self.size:
            pixels = functional.interpolate(pixels, (self.size, self.size), mode="bicubic").clamp(0, 255)
        return (pixels - self.mean) / self.std


def build(
    name: str, n_classes: int, image_size: int, weights: Path | None = None, trainable_blocks: int = 0
) -> Classifier:
    """Build a classifier; what isn't pretrained is drawn from torch's global generator.

    Args:
        name: one of `BACKBONES`.
        n_classes: at least 2.
        image_size: side of the images.
        weights: a state dict of torchvision's network of that name; None: not pretrained.
        trainable_blocks: the last blocks of a pretrained network that are trained too; 0: the head alone. A network
            that isn't pretrained is trained whole.

    Raises:
        UserError: unknown name, weights that are missing, damaged or not this network's, or too many blocks.
    """
    if name not in BACKBONES:
        raise unknown_name("backbone", name, BACKBONES)
    if weights is not None and name not in _TAKES_WEIGHTS:
        own = "has its own weights" if name == "efficientnet_lite0" else "is trained from the start"
        raise UserError(f"weights is {weights}, but {name} {own}; only {' and '.join(_TAKES_WEIGHTS)} take a file")
    parts = BACKBONES[name](n_classes, image_size, weights)
    if trainable_blocks and parts.weights_sha256 is None:
        raise UserError(
            f"trainable_blocks is {trainable_blocks}, but {name} without pretrained weights is trained whole; "
            "leave it at 0"
        )
    if trainable_blocks > len(parts.blocks):
        raise UserError(f"trainable_blocks is {trainable_blocks}, but {name} has {len(parts.blocks)} blocks")
    # a third to a half faster in training, and in the frozen part of efficientnet_lite0
    return Classifier(parts, trainable_blocks).to(memory_format=torch.channels_last)


def _convnet(n_classes: int, image_size: int, weights: Path | None) -> Parts:
    """Make a small VGG-like network; halvings go on until about 8 px are left, so that each size has its depth."""
    blocks, channels, side = [], 1, image_size
    while side > 11 or len(blocks) < 2:
        width = min(32 * 2 ** len(blocks), 128)
        blocks.append(nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)))
        channels, side = width, side // 2
    pooling = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten())
    head = nn.Sequential(nn.Linear(channels * 4 * 4, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, n_classes))
    return Parts(Input(image_size, (127.5,), (127.5,)), blocks, pooling, head, None)


def _resnet18(n_classes: int, image_size: int, weights: Path | None) -> Parts:
    from torchvision import models  # takes a second, and other backbones do without

    network = models.resnet18(weights=None)
    sha256 = _load(network, weights, skip="fc.") if weights else None
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    blocks = [stem, network.layer1, network.layer2, network.layer3, network.layer4]
    # pretrained filters look for details of a size: smaller images are enlarged to half of ImageNet's
    size = max(image_size, 112) if weights else image_size
    return Parts(Input(size, _MEAN, _STD), blocks, _global_pooling(), nn.Linear(512, n_classes), sha256)


def _vgg16(n_classes: int, image_size: int, weights: Path | None) -> Parts:
    """Make VGG16 with CovidGAN's head: global pooling and 64 units."""
    from torchvision import models

    network = models.vgg16(weights=None, init_weights=weights is None)
    # the published classifier, nine tenths of the file, isn't used
    del network.classifier
    sha256 = _load(network, weights, skip="classifier.") if weights else None
    blocks = [nn.Sequential()]
    for layer in network.features:
        blocks[-1].append(layer)
        if isinstance(layer, nn.MaxPool2d):
            blocks.append(nn.Sequential())
    head = nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, n_classes))
    # five halvings need 32 px
    size = max(image_size, 112 if weights else 32)
    return Parts(Input(size, _MEAN, _STD), blocks[:-1], _global_pooling(), head, sha256)


def _efficientnet_lite0(n_classes: int, image_size: int, weights: Path | None) -> Parts:
    from chestgan.metrics import efficientnet

    network = efficientnet.load_network()
    stem = nn.Sequential(network._conv_stem, network._bn0, network._swish)
    top = nn.Sequential(network._conv_head, network._bn1, network._swish)
    blocks = [stem, *network._blocks[:-1], nn.Sequential(network._blocks[-1], top)]
    # it wants multiples of 32, and at 64 px the last convolution would see 2 by 2
    size = max(efficientnet.SIZE, -(-image_size // 32) * 32)
    statistics = Input(size, (127.0,) * 3, (128.0,) * 3)
    return Parts(statistics, blocks, _global_pooling(), nn.Linear(1280, n_classes), efficientnet.SHA256)


BACKBONES: dict[str, Callable[[int, int, Path | None], Parts]] = {
    "convnet": _convnet,
    "resnet18": _resnet18,
    "vgg16": _vgg16,
    "efficientnet_lite0": _efficientnet_lite0,
}
_TAKES_WEIGHTS = ("resnet18", "vgg16")


def takes_weights(name: str) -> bool:
    """Tell whether a backbone takes a file of pretrained weights."""
    return name in _TAKES_WEIGHTS


def _global_pooling() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _load(network: nn.Module, path: Path, skip: str) -> str:
    """Load a state dict but for the names that start with `skip`, and give the sha256 of the file.

    Raises:
        UserError: the file is missing, no state dict, another network's, or its name promises another checksum.
    """
    if not path.is_file():
        raise UserError(f"there is no weights file {path.absolute()}; expected a state dict of torchvision's network")
    found, promised = files.sha256(path), _CHECKSUM_IN_NAME.search(path.name)
    described = f"the weights file {path} ({path.stat().st_size} bytes, sha256 {found})"
    if promised and not found.startswith(promised[1]):
        raise UserError(f"{described} should have a sha256 that begins with {promised[1]}, by its name; get it again")
    try:
        state = dict(torch.load(path, map_location="cpu", weights_only=True))
    # unpickling bytes that aren't weights raises nearly anything
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{described} can't be read as a state dict: {reason}") from None
    wanted = {key: value.shape for key, value in network.state_dict().items() if not key.startswith(skip)}
    wrong = [key for key, shape in wanted.items() if getattr(state.get(key), "shape", None) != shape]
    if wrong:
        raise UserError(f"{described} is of another network: it has no {wrong[0]} of shape {tuple(wanted[wrong[0]])}")
    network.load_state_dict({key: state[key] for key in wanted}, strict=False)
    return found
