"""Files that appear whole or not at all."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chestgan.base.errors import UserError


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Open a folder beside `path` to fill; when the block ends well it becomes `path`.

    Raises:
        UserError: `path` exists and isn't empty; nothing in it was changed.
    """
    require_empty(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_folder(path)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        partial.replace(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def partial_folder(path: Path) -> Path:
    """Name the folder that holds `path` while it is made, for the processes that help to fill it."""
    return path.with_name(f".{path.name}.partial")


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Open a name beside `path` to write to; when the block ends well it replaces `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def reserve(path: Path) -> None:
    """Reserve the disk space of a sparse file: a full disk is an error now, not a crash of its memory map later."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def require_empty(path: Path) -> None:
    """Refuse an output folder that already holds something."""
    if path.is_file():
        raise UserError(f"the output {path} is a file; expected a new folder")
    if path.is_dir() and any(path.iterdir()):
        raise UserError(f"the output folder {path} isn't empty; name a new one, or move the old one away")


def require_folder(path: Path, holding: str) -> None:
    """Refuse an input folder that doesn't exist; the message names what it should hold."""
    if not path.is_dir():
        raise UserError(f"there is no folder {path.absolute()}; expected {holding}")


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal contents are equal files."""
    with new_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2, sort_keys=True, default=str) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: it is missing or isn't JSON.
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"there is no file {path.absolute()}") from None
    except ValueError as error:
        raise UserError(f"{path} isn't JSON: {error}") from None


def sha256(path: Path) -> str:
    """Compute the sha256 of a file's bytes as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
