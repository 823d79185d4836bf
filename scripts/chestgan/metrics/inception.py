"""Inception, the network of the FID, whose weights a user brings: as pytorch-fid has it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.metrics.extractor import Extractor, fold_batchnorm, frozen, three_channels

NAME = "fid"
FILE = "pt_inception-2015-12-05-6726825d.pth"
URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE}"
BYTES = 95_628_359
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


def load_extractor(
    device: str | torch.device = "cpu", weights: Path | None = None, allow_unverified: bool = False
) -> Extractor:
    """Build the extractor, with BatchNorm folded and (B, 2048) features: the last average pooling.

    Args:
        device: where to compute.
        weights: the weights file; None looks in the folder that the environment variable CHESTGAN_WEIGHTS names, as it
            does in an image, and then where torch.hub would have kept it.
        allow_unverified: accept a file with another checksum; the extractor then says so.

    Raises:
        UserError: the weights are missing, truncated or others.
    """
    path, found = _verified_file(weights, allow_unverified)
    network = _build(path)
    for module in list(network.modules()):
        fold_batchnorm(module, {"bn": "conv"})
    protocol = (
        "InceptionV3 of pytorch-fid 0.3.0 (2015-12-05); grey repeated three times; resized to 299 px, bilinear, not "
        "antialiased, as pytorch-fid does; input in [-1, 1]; last average pooling (2048); float32"
    )
    network = frozen(network, device)
    return Extractor(NAME, 2048, found, found == SHA256, protocol, network, _embed)


def _embed(network: nn.Module, images: Tensor) -> Tensor:
    return network(three_channels(images[:, None].float() / 255))[0].flatten(1)


def _verified_file(weights: Path | None, allow_unverified: bool) -> tuple[Path, str]:
    """Find the Inception weights and give their path and sha256."""
    places = [weights] if weights else _places()
    path = next((place for place in places if place.is_file()), None)
    expected = f"expected {FILE} with {BYTES} bytes and sha256 {SHA256}"
    tried = f"tried: {', '.join(str(place.absolute()) for place in places)}" + (
        "" if weights else " (no path was given)"
    )
    mend = (
        f"download it from {URL} and give its path as --inception-weights, or build the image with it: "
        "make image WEIGHTS=PATH"
    )
    if path is None:
        raise UserError(f"the Inception weights are missing; {expected}; {tried}; {mend}")
    found = files.sha256(path)
    if found != SHA256 and not allow_unverified:
        size = path.stat().st_size
        state = "truncated" if size < BYTES else "not the expected ones"
        raise UserError(
            f"the Inception weights {path.name} are {state}: found {size} bytes and sha256 {found}; {expected}; "
            f"{tried}; {mend}"
        )
    return path, found


def _places() -> list[Path]:
    """List where the Inception weights may lie when no path is given: in an image's folder, in torch.hub's."""
    folders = [Path(torch.hub.get_dir()) / "checkpoints"]
    if "CHESTGAN_WEIGHTS" in os.environ:
        folders.insert(0, Path(os.environ["CHESTGAN_WEIGHTS"]))
    return [folder / FILE for folder in folders]


def _build(path: Path) -> nn.Module:
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
