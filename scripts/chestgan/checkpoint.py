"""The checkpoint of a training: what it needs to go on after a kill as if nothing had happened."""

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import torch

from chestgan import files

# they show a training and decide nothing of it: after a change in one of them a finished training isn't done again
_SHOWING = {"chestgan.commandline", "chestgan.curves", "chestgan.figures", "chestgan.progress"}


def fingerprint(data: list[Path], settings: dict[str, Any], script: Path) -> str:
    """Give the sha256 of all that decides a training: the data, the settings, and the code that is running.

    Args:
        data: the files that the training reads.
        settings: what was set, as JSON can hold it.
        script: the script that is run; the modules that it has loaded and that decide something are counted with it.
    """
    names = {name for name in sys.modules if name.startswith("chestgan.")} - _SHOWING
    code = [script, *(Path(sys.modules[name].__file__) for name in sorted(names))]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in [*data, *code]:
        digest.update(files.sha256(path).encode())
    return digest.hexdigest()


def save(path: Path, state: dict[str, Any], fingerprint: str) -> None:
    """Replace the checkpoint by one of `state`: tensors, numbers, text, and lists and dictionaries of them."""
    # torch tells of a full disk in its own words, Python in the system's
    buffer = io.BytesIO()
    torch.save(state | {"fingerprint": fingerprint}, buffer)
    with files.new_file(path) as partial:
        partial.write_bytes(buffer.getbuffer())


def load(path: Path, fingerprint: str) -> tuple[dict[str, Any] | None, str]:
    """Load the checkpoint of exactly this training.

    A file that is damaged or of another training is set aside under another name, never used, never deleted while it
    is the only one.

    Returns:
        The state, or None to begin at the beginning; and a message for the user, empty where there was no file.
    """
    if not path.exists():
        return None, ""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch names no exception for a damaged file
        return None, f"the checkpoint {path} can't be read ({error}); {_set_aside(path)}"
    if not isinstance(state, dict) or state.get("fingerprint") != fingerprint:
        return None, f"the checkpoint {path} is of other data, settings or code; {_set_aside(path)}"
    return state, f"going on from the checkpoint {path}"


def _set_aside(path: Path) -> str:
    aside = path.with_name(f"{path.name}.set-aside")
    path.replace(aside)
    return f"it was set aside as {aside.name}, and the training begins at the beginning"
