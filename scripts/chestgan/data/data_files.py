"""The files of a data folder that a split is made from: what else lies beside them may change."""

import csv
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from chestgan.base import configuration, files
from chestgan.data import file_formats


def decisive(found: Sequence[Path], tables: Sequence[Path]) -> list[Path]:
    """Select the files that decide a split: images, the metadata tables, and what these name.

    Args:
        found: all files of the data, as `configuration.data_files` lists them.
        tables: the metadata tables among them.
    """
    text = b"".join(path.read_bytes() for path in tables)
    return [
        path for path in found if path in tables or file_formats.is_candidate(path) or os.fsencode(path.name) in text
    ]


def changes_since_drawn(folder: Path) -> str:
    """Compute a checksum of what was done to drawn images; empty where they are as `make_demo_data` left them.

    Their own table has the checksum of each. Before they are drawn nothing was done to them either, so that the first
    run knows what the second one finds.
    """
    table = folder / "metadata.csv"
    if not table.is_file():
        return ""
    with table.open(newline="") as file:
        drawn = {folder / row["file"]: row["sha256"] for row in csv.DictReader(file)}
    found = decisive(configuration.data_files(str(folder)), [table])
    images = {path: files.sha256(path) for path in found if path != table}
    changes = sorted(drawn.items() ^ images.items())
    return hashlib.sha256(repr(changes).encode()).hexdigest() if changes else ""
