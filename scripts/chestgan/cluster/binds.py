"""What a container has to be shown beyond the project's folder, so that a stage finds in it what it finds outside."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from chestgan.base.errors import UserError

# each is an argument of the command that starts a container
_MOST = 200
# where an image has files of its own, which a bind of the whole folder would hide
_SYSTEM = ("", "bin", "dev", "etc", "lib", "lib64", "opt", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var")
_OF_THE_IMAGE = {Path("/", name) for name in _SYSTEM}


def linked(folders: Sequence[Path], shown: Sequence[Path]) -> list[Path]:
    """List what lies beyond `shown` and is reached by links below `folders`, over all steps of a link.

    Args:
        folders: of images.
        shown: files and folders that the container is shown anyway, at their own paths.

    Returns:
        Folders; of one in which the image has files of its own, the files.

    Raises:
        UserError: the links lead to too many folders, or can't be followed in a container.
    """
    known = [(path.absolute(), path.resolve()) for path in shown]
    beyond: set[Path] = set()
    for link in (link for folder in folders for link in _links(folder, {_identity(folder)})):
        for step in _steps(link):
            if not any(step.is_relative_to(path) and step.resolve().is_relative_to(real) for path, real in known):
                beyond.add(step if step.is_dir() or step.parent in _OF_THE_IMAGE else step.parent)
    outermost = sorted(path for path in beyond if not any(parent in beyond for parent in path.parents))
    if len(outermost) > _MOST:
        raise UserError(
            f"links below {folders[0]} lead to {len(outermost)} places such as {outermost[0]}, and a container can be "
            f"shown {_MOST}; copy the images into the folder"
        )
    return outermost


def _links(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Walk as `files.below` does, and give the links to what exists."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name.startswith(".") or (entry.is_symlink() and not path.exists()):
            continue
        if entry.is_symlink():
            yield path
        if entry.is_dir() and _identity(path) not in seen:
            seen.add(_identity(path))
            yield from _links(path, seen)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _steps(link: Path) -> Iterator[Path]:
    """Follow a link step by step as a container does, where no folder on the way is a link itself."""
    step = link.absolute()
    while step.is_symlink():
        step = Path(os.path.normpath(step.parent / step.readlink()))
        if not step.exists() or not step.samefile(link):
            raise UserError(
                f"the link {link} leads to {link.resolve()} by way of another link, and a container can't follow it; "
                "make it lead there directly"
            )
        yield step
