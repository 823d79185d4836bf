"""Files that appear whole or not at all."""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chestgan.base.errors import UserError, did_you_mean

# the key of a JSON file under which the checksum of all its others stands
_SEAL = "sha256_of_this"


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Open a folder beside `path` to fill; when the block ends well it becomes `path`.

    Raises:
        UserError: `path` exists and isn't empty, and nothing in it was changed; another process is making it; or it
            came to be meanwhile, and the whole folder stays under the name that the message has.
    """
    require_empty(path)
    partial = partial_folder(path)
    if partial.is_dir():
        with hold(partial, f"is making {path}"):
            shutil.rmtree(partial)
    partial.mkdir(parents=True)
    with hold(partial, f"is making {path}"):
        try:
            yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        _place(partial, path)


def partial_folder(path: Path) -> Path:
    """Name the folder that holds `path` while it is made, for the processes that help to fill it."""
    return path.with_name(f".{path.name}.partial")


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Open a name beside `path` to write to; when the block ends well it replaces `path`.

    Raises:
        UserError: `path` is a folder; or it came to be one meanwhile, and the file stays under the name in the message.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder; expected the name of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        yield partial
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _place(partial, path)


def sweep(path: Path) -> None:
    """Remove what killed processes left of `new_file`; only for a file that one process at a time writes."""
    for partial in path.parent.glob(f".{glob.escape(path.name)}.partial-*"):
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def hold(folder: Path, doing: str) -> Iterator[None]:
    """Keep other processes out of a folder while the block runs; a killed one lets it go.

    Args:
        doing: what a process that has it does there, for the message to another.

    Raises:
        UserError: another process has it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise UserError(f"another process {doing}; wait for it, or stop it") from None
    except OSError:
        pass  # some network file systems have no locks
    try:
        yield
    finally:
        os.close(descriptor)


def _place(partial: Path, path: Path) -> None:
    """Give what was made its name; where that can't be, it isn't lost."""
    try:
        if path.is_dir() and partial.is_dir():
            _move_away(path)
        partial.replace(path)
    except OSError as error:
        raise UserError(f"{path} can't be made: {error.strerror}; all is whole in {partial}: move it by hand") from None


def _move_away(folder: Path) -> None:
    """Make way where NFS keeps files of ended processes in a folder that is empty otherwise."""
    kept = list(folder.iterdir())
    if kept and all(_is_ghost(file) for file in kept):
        folder.replace(folder.with_name(f".{folder.name}{kept[0].name}"))


def _is_ghost(file: Path) -> bool:
    return file.name.startswith(".nfs")


def reserve(path: Path) -> None:
    """Reserve the disk space of a sparse file: a full disk is an error now, not a crash of its memory map later."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def require_empty(path: Path) -> None:
    """Refuse an output folder that already holds something, or that can't be made.

    Raises:
        UserError: it is a file, a link, or not empty.
        OSError: there can be no such folder: it isn't allowed, or the name is too long.
    """
    if path.is_symlink():
        raise UserError(f"the output {path} is a link; name the folder itself, or a new one")
    if path.exists() and not path.is_dir():
        raise UserError(f"the output {path} is a file; expected a new folder")
    if path.is_dir() and not all(_is_ghost(file) for file in path.iterdir()):
        raise UserError(f"the output folder {path} isn't empty; name a new one, or move the old one away")
    # whether it can be made shows only by making one; of a name of its own, for several processes may ask
    path.parent.mkdir(parents=True, exist_ok=True)
    Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent)).rmdir()


def require_folder(path: Path, holding: str) -> None:
    """Refuse an input folder that doesn't exist; the message names what it should hold."""
    if not path.is_dir():
        raise UserError(f"there is no folder {path.absolute()}; expected {holding}")


def below(folder: Path) -> list[Path]:
    """List all files below a folder in alphabetical order, hidden ones aside; links to folders are followed, once each.

    Raises:
        UserError: a folder below can't be read, or a link leads nowhere.
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
    _refuse_dangling(found)
    return sorted(found)


def _refuse_dangling(paths: Sequence[Path]) -> None:
    """Refuse links that lead nowhere: of data whose other part isn't mounted, or isn't shown to a container."""
    dangling = [path for path in paths if path.is_symlink() and not path.exists()]
    if dangling:
        raise UserError(
            f"{dangling[0]} is a link to {dangling[0].readlink()}, which isn't there, as of {len(dangling)} links; "
            "mount what they lead to, show it to the container too, or remove them"
        )


def _refuse_unreadable(error: OSError) -> None:
    raise UserError(
        f"the folder {error.filename} can't be read: {error.strerror}; its files would be left out"
    ) from None


def require_named_folder(path: Path, key: str) -> None:
    """Refuse a folder that the configuration names and that doesn't exist, and offer the one that is called nearly so.

    Args:
        key: the key of the configuration that names it.
    """
    if path.is_dir() and path.resolve().parent == path.resolve():
        raise UserError(f"{key} is {str(path)!r}, and that is the whole machine; name a folder of images")
    if path.is_dir():
        return
    beside = [other.name for other in path.parent.iterdir() if other.is_dir()] if path.parent.is_dir() else []
    raise UserError(
        f"{key} is {str(path)!r}, and there is no such folder in {Path.cwd()}{did_you_mean(path.name, beside)}"
    )


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


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON with sorted keys, so that equal contents are equal files, and a checksum of all the others."""
    # as it will be read: keys and paths are text
    plain = json.loads(json.dumps(content, default=str))
    with new_file(path) as partial:
        partial.write_text(json.dumps(plain | {_SEAL: _checksum(plain)}, indent=2, sort_keys=True) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; what `write_json` wrote is as it was written.

    Raises:
        UserError: it is missing, isn't JSON, or was changed since `write_json` wrote it.
    """
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} isn't JSON: {error}") from None
    if not isinstance(content, dict) or _SEAL not in content:
        return content
    sealed = content.pop(_SEAL)
    if sealed != _checksum(content):
        raise UserError(
            f"{path} was changed after it was made: its {_SEAL} is of other content; run again what makes it, or take "
            "that line out if the change is meant"
        )
    return content


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_text(path: Path) -> str:
    """Read a text in UTF-8.

    Raises:
        UserError: it is missing, no regular file, or no such text.
    """
    require_file(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} isn't text in UTF-8, from byte {error.start} on; save it so") from None


def is_text(text: str) -> bool:
    """Check whether a text can be written: names of files may be bytes that are none."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def require_file(path: Path) -> None:
    """Refuse a file that doesn't exist, and what is no regular file: a FIFO, say, would be read for ever."""
    if path.is_file():
        return
    if path.exists():
        raise UserError(f"{path.absolute()} is a folder, a FIFO or a device; expected a file")
    raise UserError(f"there is no file {path.absolute()}")


def sha256(path: Path) -> str:
    """Compute the sha256 of a file's bytes as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
