"""Pictures inside the page: grey images as data, and figures as SVG that no other figure's names disturb."""

import base64
import html
import io
import re
from pathlib import Path

import numpy as np
from PIL import Image

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.study.page.blocks import Figure

# sides of a tile, in pixels: smaller images are enlarged by the browser, larger ones are reduced here
TILE = 128
_CSS_PIXELS_A_POINT = 96 / 72
# the white that a figure and its axes are filled with: the page has its own below them
_GROUND = re.compile(r'(<g id="(?:figure|axes)_\d+">\s*<g id="patch_\d+">\s*<path d="[^"]*" style="fill: )#ffffff')


def tile_source(image: np.ndarray) -> str:
    """Write an (H, W) uint8 image as the address of a lossless PNG; its longer side has at most `TILE` pixels."""
    picture = Image.fromarray(np.ascontiguousarray(image))
    picture.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    picture.save(written, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"


def read_figure(path: Path, title: str, caption: str, description: str = "") -> Figure:
    """Read an SVG that matplotlib wrote, as a part of a page.

    Args:
        path: the file.
        title: its accessible name.
        caption: what stands below it.
        description: what it shows, for those who can't see it; the caption where there is none.

    Raises:
        UserError: the file is missing or is no SVG.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"there is no file {path.absolute()}; run summarise_study again") from None
    found = re.search(r"<svg\b[^>]*viewBox=\"([\d. ]+)\"[^>]*>(.*)</svg>", text, flags=re.DOTALL)
    if not found:
        raise UserError(f"{path} isn't an SVG with a viewBox; run summarise_study again")
    box, drawn = found[1], re.sub(r"<metadata>.*?</metadata>", "", found[2], flags=re.DOTALL)
    drawn = _GROUND.sub(r"\1none", drawn)
    name = path.stem
    # names are looked up in the whole page, and every figure has an axes_1
    drawn = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', drawn)
    drawn = re.sub(r"url\(#", f"url(#{name}-", drawn)
    drawn = re.sub(r'xlink:href="#', f'href="#{name}-', drawn)
    drawn = drawn.replace("*{stroke-linejoin", f"#{name} *{{stroke-linejoin")
    svg = (
        f'<svg id="{name}" role="img" aria-labelledby="{name}-title {name}-desc" viewBox="{box}">'
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-desc">{html.escape(description or caption)}</desc>{drawn}</svg>'
    )
    return Figure(svg, caption, round(float(box.split()[2]) * _CSS_PIXELS_A_POINT))


def read_sheet(path: Path, size: int, gap: int = 2) -> np.ndarray:
    """Read a sample sheet back as (rows, columns, size, size) uint8.

    Raises:
        UserError: the file is missing, no picture, or no sheet of images of that size.
    """
    files.require_folder(path.parent, "sample sheets of train_acgan")
    try:
        with Image.open(path) as picture:
            sheet = np.asarray(picture.convert("L"))
    except OSError as error:
        raise UserError(f"{path} can't be read: {error}; run train_acgan again") from None
    rows, columns = ((side + gap) / (size + gap) for side in sheet.shape)
    if not (rows.is_integer() and columns.is_integer()):
        raise UserError(f"{path} isn't a sheet of images of {size} px; run train_acgan again")
    step = size + gap
    return np.stack(
        [
            np.stack([sheet[row : row + size, column : column + size] for column in range(0, sheet.shape[1], step)])
            for row in range(0, sheet.shape[0], step)
        ]
    )
