"""A page of the samples that the trainings of a study have drawn so far: plain HTML that shows files where they lie."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chestgan.base import files

NAME = "samples.html"
_SECONDS_BETWEEN_LOOKS = 30
_SNAPSHOT = re.compile(r"^.+, seed \d+: .+ thousand images, .+$", flags=re.MULTILINE)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="{refresh}">
<title>Samples of {study}</title>
<style>
body {{ font-family: sans-serif; margin: 2rem; color: #404040; }}
figure {{ display: inline-block; margin: 0 2rem 2rem 0; vertical-align: top; }}
figcaption {{ max-width: 40rem; margin-bottom: 0.5rem; }}
img {{ image-rendering: pixelated; max-width: 40rem; }}
</style>
</head>
<body>
<h1>Samples of {study} so far</h1>
{figures}
</body>
</html>
"""


@dataclass(frozen=True)
class Sheet:
    """The newest sheet of a training, a row a class, and what its log says of it."""

    training: str
    picture: Path
    words: str


def sheets(results: Path, logs: Path) -> Iterator[Sheet]:
    """List the newest sheet of every training of a study, finished or not.

    Args:
        results: the study's folder of results.
        logs: its folder of logs.
    """
    # not deeper: below each training lie thousands of images named by seed
    for folder in sorted([*results.glob("*/seed-*"), *results.glob("*/*/seed-*")]):
        drawn = [*sorted((folder / "checkpoint" / "samples").glob("*.png")), *folder.glob("train/samples.png")]
        if drawn:
            name = folder.relative_to(results).as_posix().replace("/seed-", "-seed-")
            log = logs / "train_acgan" / f"{name}.log"
            said = _SNAPSHOT.findall(log.read_text(errors="replace")) if log.is_file() else []
            yield Sheet(name.replace("-seed-", ", seed "), drawn[-1], said[-1] if said else "")


def write(results: Path, logs: Path) -> Path:
    """Write the page into the study's folder of results, and return its path."""
    found = list(sheets(results, logs))
    figures = "\n".join(_figure(sheet, results) for sheet in found) or "<p>No training has drawn any yet.</p>"
    page = _PAGE.format(refresh=_SECONDS_BETWEEN_LOOKS, study=html.escape(results.name), figures=figures)
    with files.new_file(results / NAME) as partial:
        partial.write_text(page)
    return results / NAME


def _figure(sheet: Sheet, results: Path) -> str:
    caption = html.escape(sheet.words or sheet.training)
    source = html.escape(sheet.picture.relative_to(results).as_posix(), quote=True)
    picture = f'<img src="{source}" alt="{html.escape(sheet.training)}">'
    return f"<figure><figcaption>{caption}</figcaption>{picture}</figure>"
