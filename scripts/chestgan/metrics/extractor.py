"""What an extractor is, and the features that it computes.

An extractor is a frozen network with its verified weights and its protocol. Values of two extractors can't be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from chestgan.base import progress

# with fewer, and one thread, torch computes convolutions of one pixel in a way that takes three times as long
BATCH_SIZE = 16


@dataclass(frozen=True, eq=False)
class Extractor:
    """A frozen network with all that must stand beside a value measured with it.

    Attributes:
        name: what configurations and tables call it.
        dimension: d, the number of features of an image.
        weights_sha256: the checksum of the weights file that was loaded.
        verified: whether that is the published checksum.
        protocol: how an image becomes features: resize, input range, layer.
        network: the torch module, in eval mode on its device, BatchNorm folded, channels_last.
        embed: from the network and (B, H, W) uint8 on its device to (B, d) float32.
    """

    name: str
    dimension: int
    weights_sha256: str
    verified: bool
    protocol: str
    network: nn.Module
    embed: Callable[[nn.Module, Tensor], Tensor]


def extract(
    extractor: Extractor, images: np.ndarray, batch_size: int = BATCH_SIZE, description: str | None = None
) -> np.ndarray:
    """Compute the features of images, in float32 throughout.

    Args:
        extractor: as its module's `load_extractor` returns it.
        images: (N, H, W) uint8, grey, of any size; may be a memory map.
        batch_size: Images at a time; of no influence on the features but for rounding.
        description: Shown with the progress; None stays silent.

    Returns:
        (N, d) float32; row i depends on image i alone.
    """
    features = np.empty((len(images), extractor.dimension), dtype=np.float32)
    device = next(extractor.network.parameters()).device
    starts = range(0, len(images), batch_size)
    # on a GPU, cuDNN would otherwise round to TF32 and may choose another algorithm each time
    exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), torch.autocast(device.type, enabled=False), exact:
        unit = f"batches of {batch_size} images"
        for start in progress.track(starts, description, unit, images=batch_size) if description else starts:
            batch = torch.from_numpy(np.array(images[start : start + batch_size])).to(device)
            features[start : start + batch_size] = extractor.embed(extractor.network, batch).cpu().numpy()
    return features


def fold_batchnorm(module: nn.Module, convolution_before: dict[str, str]) -> None:
    """Fold each named BatchNorm of a frozen module into the convolution before it: the same function, faster."""
    for normalisation, convolution in convolution_before.items():
        if hasattr(module, normalisation):
            fused = fuse_conv_bn_eval(getattr(module, convolution).eval(), getattr(module, normalisation).eval())
            setattr(module, convolution, fused)
            setattr(module, normalisation, nn.Identity())


def frozen(network: nn.Module, device: str | torch.device) -> nn.Module:
    """Freeze a network in evaluation mode, on its device and channels_last."""
    return network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)


def three_channels(pixels: Tensor) -> Tensor:
    """Repeat (B, 1, H, W) grey images as (B, 3, H, W), channels_last."""
    return pixels.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
