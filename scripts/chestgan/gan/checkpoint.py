"""The checkpoint of a training: what it needs to resume after a kill as if nothing had happened."""

import contextlib
import hashlib
import io
import itertools
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from chestgan.base import commandline, files, source_code
from chestgan.base.errors import UserError
from chestgan.images import sheets

# beside the settings, which are compared themselves, these decide nothing of a training either
_SHOWING = (*source_code.SHOWING, commandline, sheets)


def fingerprint(data: list[Path], settings: dict[str, Any], script: Path) -> str:
    """Compute the sha256 of all that decides a training: the data, the settings, and what the code does.

    Args:
        data: the files that the training reads.
        settings: the resolved settings, as JSON can hold them.
        script: the script that trains; its code is counted as `source_code.checksum` does.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in data:
        digest.update(files.sha256(path).encode())
    digest.update(source_code.checksum(script, _SHOWING).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Keep the checkpoint for this training alone while the block runs, and sweep what killed ones left half-written.

    Raises:
        UserError: there can be no such folder, or another training has it.
    """
    if path.parent.exists() and not path.parent.is_dir():
        raise UserError(f"checkpoint is {path.parent}, and that is a file; expected a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.hold(path.parent, f"trains with the checkpoint {path}"):
        files.sweep(path)
        yield


def save(path: Path, state: dict[str, Any], fingerprint: str) -> None:
    """Replace the checkpoint by one of `state`: tensors, numbers, text, and lists and dictionaries of them."""
    # a full disk is an error of torch's own in torch.save, and an OSError in Python's write
    buffer = io.BytesIO()
    torch.save(state | {"fingerprint": fingerprint}, buffer)
    with files.new_file(path) as partial:
        partial.write_bytes(buffer.getbuffer())


def load(path: Path, fingerprint: str) -> tuple[dict[str, Any] | None, str]:
    """Load the checkpoint of exactly this training.

    A file that is damaged or of another training is renamed: never used, and never deleted while it is the only one.

    Returns:
        The state, or None to start from scratch; and a message for the user, empty where there was no file.
    """
    if not os.path.lexists(path):
        return None, ""
    try:
        # a FIFO would be read for ever
        files.require_file(path)
        _require_checksums(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch names no exception for a damaged file
        return None, f"the checkpoint {path} can't be read ({error}); {_set_aside(path)}"
    if not isinstance(state, dict) or state.get("fingerprint") != fingerprint:
        return None, f"the checkpoint {path} was made with different data, settings or code; {_set_aside(path)}"
    return state, f"resuming from the checkpoint {path}"


def _require_checksums(path: Path) -> None:
    """Compare the checksum of every tensor: torch.save keeps them, and torch.load doesn't look at them."""
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise zipfile.BadZipFile(f"the checksum of {damaged} is another")


def _set_aside(path: Path) -> str:
    first = path.with_name(f"{path.name}.set-aside")
    others = (path.with_name(f"{first.name}-{number}") for number in itertools.count(2))
    aside = next(name for name in itertools.chain([first], others) if not os.path.lexists(name))
    path.replace(aside)
    return f"renamed to {aside.name}. Training starts from scratch"
