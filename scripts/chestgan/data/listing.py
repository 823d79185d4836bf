"""The files of a data folder, with what the tables say of each, and those that are left out."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.data import file_names, masks, metadata
from chestgan.data.layout import Layout
from chestgan.data.rejected import COLUMNS


def list_files(folder: Path, layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """List the images with their labels, the images that are left out, and the files that are no images.

    Returns:
        A row per image with the columns of `metadata.COLUMNS` and those that are carried through; a row per image that
        is left out, with the columns of `rejected.COLUMNS`; and the others.

    Raises:
        UserError: there is no image, or a table doesn't fit the files.
    """
    images, others = metadata.find(folder)
    if not images and not layout.tables:
        raise UserError(
            f"split_data.folder is {str(folder)!r}, and there is no image in it, only {len(others)} other files"
        )
    images, nameless = with_text_names(images)
    chosen, left_out = file_names.choose(images, layout.take, layout.leave_out)
    left_out = pd.concat([nameless, left_out])
    if layout.by_folders:
        masked = masks.by_name(chosen)
        left_out = pd.concat([left_out, masked])
        chosen = sorted(set(chosen) - set(masked["file"]))
    if not layout.tables:
        return metadata.from_folders(chosen, layout), left_out, others
    raw = metadata.read_raw(tables(folder, layout), layout)
    table, dropped = metadata.from_table(raw, layout, chosen, others, left_out["file"])
    unnamed = sorted(set(chosen) - set(table["file"]) - set(dropped["file"]))
    unlisted = pd.DataFrame({"file": unnamed, "label": "", "reason": "not in the table", "detail": "no row names it"})
    return table, pd.concat([left_out, dropped, unlisted]), sorted(set(others) - set(table["file"]))


def tables(folder: Path, layout: Layout) -> list[Path]:
    """Locate the metadata tables."""
    return files.locate(folder, layout.tables, "split_data.metadata")


def with_text_names(images: Sequence[str]) -> tuple[list[str], pd.DataFrame]:
    """Take the images whose names can be written down, and list the others with their odd bytes as \\x.."""
    written = {image: os.fsencode(image).decode("utf-8", "backslashreplace") for image in images}
    rows = [(name, "", "name isn't UTF-8", "rename it") for image, name in written.items() if name != image]
    return [image for image, name in written.items() if name == image], pd.DataFrame(rows, columns=COLUMNS, dtype=str)
