"""Files that appear whole or not at all."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
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


def below(folder: Path) -> list[Path]:
    """List all files below a folder in alphabetical order, hidden ones aside; links to folders are followed, once each.

    Raises:
        UserError: a folder below can't be read.
    """
    found, seen = [], set()
    for parent, folders, names in os.walk(folder, followlinks=True, onerror=_refuse_unreadable):
        identity = Path(parent).stat()
        if (identity.st_dev, identity.st_ino) in seen:  # a link that leads back would never end
            folders.clear()
            continue
        seen.add((identity.st_dev, identity.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    return sorted(found)


def _refuse_unreadable(error: OSError) -> None:
    raise UserError(
        f"the folder {error.filename} can't be read: {error.strerror}; its files would be left out"
    ) from None


def locate(folder: Path, names: Sequence[str], key: str) -> list[Path]:
    """Locate files by their names or by globs, as they are given, or else in a folder.

    Args:
        key: the key of the configuration that names them, for the message.

    Raises:
        UserError: there is no such file.
    """
    found: list[Path] = []
    for name in names:
        places = [Path(name)] if Path(name).is_file() else [folder / name] if (folder / name).is_file() else []
        places = places or _matching(Path(), name) or _matching(folder, name)
        if not places:
            raise UserError(f"{key} is {name!r}, and there is no such file in {folder} or {Path.cwd()}")
        found += [place for place in places if place not in found]
    return found


def _matching(folder: Path, name: str) -> list[Path]:
    relative = bool(name) and not Path(name).is_absolute()
    return sorted(path for path in folder.glob(name) if path.is_file()) if relative else []


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
