"""From the cells of a table to the files that they name: by path, by name in any folder, or all files of a folder.

A template such as `images/{image_id}.png` has columns in braces. `**/` before it looks in every folder, `/**` behind it
takes all files below the folder that it names: `**/{session}/**`.
"""

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from chestgan.base.errors import UserError

_COLUMN = re.compile(r"\{([^{}]*)\}")
_ANYWHERE, _ALL_BELOW = "**/", "/**"


@dataclass(frozen=True)
class Template:
    """How the cells of a row name its files.

    Attributes:
        text: the path with its columns in braces.
        anywhere: whether it is looked for in every folder.
        all_below: whether it names a folder, and all files below belong to the row.
    """

    text: str
    anywhere: bool = False
    all_below: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns that it takes cells from."""
        return _COLUMN.findall(self.text)


def parse(template: str) -> Template:
    """Read a template.

    Raises:
        UserError: it has no column, or a `*` within.
    """
    anywhere, all_below = template.startswith(_ANYWHERE), template.endswith(_ALL_BELOW)
    text = template.removeprefix(_ANYWHERE).removesuffix(_ALL_BELOW)
    if "*" in text or not _COLUMN.search(text) or "" in _COLUMN.findall(text):
        raise UserError(
            f"split_data.file_template is {template!r}; expected a path with columns in braces, such as "
            "images/{image_id}.png or **/{image_id}.png, which looks in every folder"
        )
    return Template(text, anywhere, all_below)


def fill(template: Template, table: pd.DataFrame) -> pd.Series:
    """Write each row's path, as the files of a folder are written; empty where all of its cells are."""
    parts = _COLUMN.split(template.text)
    paths = pd.Series(parts[0], index=table.index, dtype=object)
    empty = pd.Series(True, index=table.index)
    for column, literal in zip(parts[1::2], parts[2::2], strict=True):
        empty &= table[column] == ""
        paths = paths + table[column] + literal
    return paths.where(~empty, "").map(plain_path)


def plain_path(given: str) -> str:
    """Write a path as the files of the folder are written, from Windows too."""
    return posixpath.normpath(given.replace("\\", "/")) if given else ""


def locate(template: Template, paths: pd.Series, known: Sequence[str]) -> pd.Series:
    """List for each path the files that it stands for; none where there is none.

    Args:
        known: the files in the data folder.
    """
    if not template.anywhere and not template.all_below:
        there = set(known)
        return paths.map(lambda path: [path] if path in there else [])
    found = _index(template, paths, known)
    return paths.map(lambda path: found.get(_key(template, path), []))


def _key(template: Template, path: str) -> str:
    # the sets' own tables and folders differ in case
    return path.casefold() if template.anywhere else path


def _index(template: Template, paths: pd.Series, known: Sequence[str]) -> dict[str, list[str]]:
    """Collect the files under every ending of their path, or of their folders' paths, that a row may name."""
    depths = {path.count("/") + 1 for path in paths if path}
    found: dict[str, list[str]] = {}
    for file in known:
        parts = file.split("/")
        ends = range(1, len(parts)) if template.all_below else (len(parts),)
        for end in ends:
            for depth in depths if template.anywhere else {end} & depths:
                if depth <= end:
                    found.setdefault(_key(template, "/".join(parts[end - depth : end])), []).append(file)
    return found


def choose(files: Sequence[str], take: Sequence[str], leave_out: Sequence[str]) -> tuple[list[str], pd.DataFrame]:
    """Choose files by globs, in which `*` stands for slashes too.

    Args:
        take: globs of the files to take; all where there is none.
        leave_out: globs of files to leave out of these.

    Returns:
        The chosen files, and a row for each other one: file, label, reason, detail.
    """
    taking, leaving = ([re.compile(fnmatch.translate(glob)) for glob in globs] for globs in (take, leave_out))
    chosen, rows = [], []
    for file in files:
        left = next((glob for glob, one in zip(leave_out, leaving, strict=True) if one.match(file)), None)
        if left is not None:
            rows.append((file, "", "excluded", f"split_data.leave_out has {left}"))
        elif taking and not any(one.match(file) for one in taking):
            rows.append((file, "", "not taken", f"split_data.take has {', '.join(take)}"))
        else:
            chosen.append(file)
    return chosen, pd.DataFrame(rows, columns=["file", "label", "reason", "detail"], dtype=str)


def shown(names: Iterable[str], most: int = 8) -> str:
    """Write the first few names, and how many there are besides."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more
