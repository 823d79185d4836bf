"""The checksums of a study's results, kept beside them in the form of the program sha256sum."""

import os
from collections.abc import Iterator
from pathlib import Path

from chestgan.base import files
from chestgan.base.errors import UserError

NAME = "checksums.sha256"
# what may be deleted, goes on changing, or is written for a look
_LEFT_OUT_FOLDERS = ("checkpoint", "features", "snapshots", "tensorboard")
_LEFT_OUT = (NAME, "samples.html", "snakemake.html", "ro-crate-metadata.json", "setup.txt")


def results(folder: Path) -> Iterator[Path]:
    """List the files of a study's results that stay, in alphabetical order."""
    for path in files.below(folder):
        inside = path.relative_to(folder)
        if not set(inside.parts[:-1]) & set(_LEFT_OUT_FOLDERS) and str(inside) not in _LEFT_OUT:
            yield path


def record(folder: Path) -> Path:
    """Write the checksums of a study's results, and return their file.

    A file that is no younger than earlier checksums keeps the one it has there: a run that didn't make it anew doesn't
    vouch for it.
    """
    kept, noted_at = {}, 0
    if (folder / NAME).is_file():
        kept, noted_at = read(folder), (folder / NAME).stat().st_mtime_ns
    with files.new_file(folder / NAME) as partial:
        lines = []
        for path in results(folder):
            name = path.relative_to(folder).as_posix()
            is_kept = name in kept and path.stat().st_mtime_ns <= noted_at
            lines.append(f"{kept[name] if is_kept else files.sha256(path)}  {name}\n")
        partial.write_bytes(os.fsencode("".join(lines)))
    return folder / NAME


def read(folder: Path) -> dict[str, str]:
    """Read the checksums of a study's results by their names.

    Raises:
        UserError: there are none, or the file isn't as it was written.
    """
    try:
        text = os.fsdecode((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise UserError(f"there is no {folder / NAME}; a run that comes to its end writes it") from None
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or not name:
            raise UserError(f"line {number} of {folder / NAME} is no checksum with a file's name; it was changed")
        found[name] = digest
    return found


def verify(folder: Path) -> list[str]:
    """List what isn't as it was when the study's run ended: one sentence a file."""
    noted = read(folder)
    there = {path.relative_to(folder).as_posix(): path for path in results(folder)}
    problems = [f"{folder / name} is missing" for name in noted if name not in there]
    problems += [f"{path} isn't among the checksums" for name, path in there.items() if name not in noted]
    for name, path in there.items():
        if name in noted and files.sha256(path) != noted[name]:
            problems.append(f"{path} was changed: its checksum isn't the one of when it was made")
    return problems
