"""Features of images by every extractor, computed once and kept.

Values of two extractors can't be compared, so each has a name of its own: `fid` is Inception as pytorch-fid has it,
`fd_efficientnet_lite0` needs no file beside the packages. Nothing here goes to the network.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch

from chestgan.base import files
from chestgan.base.errors import unknown_name
from chestgan.metrics import efficientnet, inception
from chestgan.metrics.extractor import BATCH_SIZE, Extractor, extract

# a new extractor is a module with a NAME and a `load_extractor`, and its place here
EXTRACTORS = {extractor.NAME: extractor for extractor in (efficientnet, inception)}


def load_extractor(
    name: str, weights: Path | None = None, device: str | torch.device = "cpu", allow_unverified: bool = False
) -> Extractor:
    """Load an extractor and verify its weights before the network is built.

    Args:
        name: one of `EXTRACTORS`.
        weights: the file of an extractor that takes one; None looks where that extractor says.
        device: where to compute.
        allow_unverified: accept a weights file with another checksum; the extractor then says so.

    Raises:
        UserError: the name is unknown, or the weights are missing, truncated or others.
    """
    if name not in EXTRACTORS:
        raise unknown_name("extractor", name, EXTRACTORS)
    return EXTRACTORS[name].load_extractor(device, weights, allow_unverified)


def kept_features(
    extractor: Extractor,
    images: np.ndarray,
    folder: Path | None,
    batch_size: int = BATCH_SIZE,
    description: str | None = None,
) -> np.ndarray:
    """Return the features of images, from `folder` where they were kept, else computed and then kept there.

    The name in the folder holds a checksum of the images, the weights and the protocol, so features of other images or
    of another network are never taken. A kept file that is damaged is computed again. Arguments and result are
    those of `extract`; with None for the folder nothing is kept.
    """
    if folder is None:
        return extract(extractor, images, batch_size, description)
    key = _key(extractor, images)
    path = folder / f"{extractor.name}-{key}.npz"
    kept = _read_kept(path, key)
    if kept is not None:
        return kept
    features = extract(extractor, images, batch_size, description)
    with files.new_file(path) as partial, partial.open("wb") as file:
        np.savez(file, features=features, sha256=_sha256(key, features))
    return features


def _key(extractor: Extractor, images: np.ndarray) -> str:
    parts = (extractor.name, extractor.weights_sha256, extractor.protocol, str(images.shape))
    digest = hashlib.sha256("\n".join(parts).encode())
    digest.update(np.ascontiguousarray(images))
    return digest.hexdigest()


def _read_kept(path: Path, key: str) -> np.ndarray | None:
    """Read kept features; None where there are none, or the file isn't as it was written."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            features, sha256 = kept["features"], str(kept["sha256"])
    except Exception:  # numpy and zipfile raise whatever a damaged file leads them to
        return None
    return features if sha256 == _sha256(key, features) else None


def _sha256(key: str, features: np.ndarray) -> str:
    digest = hashlib.sha256(f"{key} {features.shape} {features.dtype}".encode())
    digest.update(np.ascontiguousarray(features))
    return digest.hexdigest()
