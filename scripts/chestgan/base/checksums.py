"""The checksums of a study's results, kept beside them in the form of the program sha256sum."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from chestgan.base import files
from chestgan.base.errors import UserError

NAME = "checksums.sha256"
# the earlier ones, as long as a run hasn't come to its end
_ASIDE = ".checksums.sha256.aside"
# what may be deleted, goes on changing, or is written for a look: of the study, and of each training
_FEATURES, _OF_TRAINING = "features", ("checkpoint", "snapshots", "tensorboard")
_LEFT_OUT = (NAME, _ASIDE, "samples.html", "snakemake.html", "ro-crate-metadata.json", "setup.txt")


def results(folder: Path) -> Iterator[Path]:
    """List the files of a study's results that stay, in alphabetical order."""
    for path in files.below(folder):
        inside = path.relative_to(folder)
        of_training = any(
            above.startswith("seed-") and name in _OF_TRAINING for above, name in itertools.pairwise(inside.parts[:-1])
        )
        if inside.parts[0] != _FEATURES and not of_training and str(inside) not in _LEFT_OUT:
            yield path


def begin(folder: Path) -> None:
    """Put earlier checksums of a study's results aside, with the time of now, before the first job of a run.

    Where a run before didn't come to its end, they lie aside already, with the time when that one began.
    """
    path = folder / NAME
    if path.is_file():
        os.utime(path)
        path.replace(folder / _ASIDE)


def record(folder: Path) -> Path:
    """Write the checksums of a study's results at the end of a run, and return their file.

    A file that is older than the run keeps the checksum that it had: a run that didn't make it anew doesn't vouch for
    it. Nor does one without a job, before which nothing was put aside (`begin`).
    """
    path, aside = folder / NAME, folder / _ASIDE
    if path.is_file():
        return path
    kept, began_at = {}, 0
    if aside.is_file():
        kept, began_at = _read(aside), aside.stat().st_mtime_ns
    with files.new_file(path) as partial:
        lines = []
        for result in results(folder):
            name = result.relative_to(folder).as_posix()
            is_kept = name in kept and result.stat().st_mtime_ns <= began_at
            lines.append(f"{kept[name] if is_kept else files.sha256(result)}  {name}\n")
        partial.write_bytes(os.fsencode("".join(lines)))
    aside.unlink(missing_ok=True)
    return path


def read(folder: Path) -> dict[str, str]:
    """Read the checksums of a study's results by their names.

    Raises:
        UserError: there are none, or the file isn't as it was written.
    """
    try:
        return _read(folder / NAME)
    except FileNotFoundError:
        raise UserError(f"there is no {folder / NAME}; a run that comes to its end writes it") from None


def _read(path: Path) -> dict[str, str]:
    text, found = os.fsdecode(path.read_bytes()), {}
    for number, line in enumerate(text.splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or not name:
            raise UserError(f"line {number} of {path} is no checksum with a file's name; it was changed")
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
