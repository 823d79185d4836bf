"""The log of a job, read while it grows: how far the job is, what it warns of, and why it failed."""

import re
from dataclasses import dataclass
from pathlib import Path

_PROGRESS = re.compile(
    r"^(?P<doing>.+): (?P<done>\d+) of (?P<total>\d+) (?P<unit>.+?) in \d+ s"
    r"(?:, (?P<rate>[\d.e+]+) images/s)?(?:, (?P<left>[\d.]+) (?P<left_unit>s|min|h) left)?$",
    flags=re.MULTILINE,
)
_SECONDS = {"s": 1, "min": 60, "h": 3600}
# enough for the last lines of progress, however long the log
_TAIL_BYTES = 20_000
_LINES_OF_A_FAILURE = 15


@dataclass(frozen=True)
class Progress:
    """The last line of progress in a log.

    Attributes:
        share: of what the job does now, from 0 to 1.
        images_per_second: None where it isn't known.
        seconds_left: of what the job does now.
        doing: what it does now.
    """

    share: float
    images_per_second: float | None
    seconds_left: float
    doing: str


def read(path: Path, start: int = 0) -> str:
    """Read the end of a log from a byte on, which is where a job began to write; empty where there is none yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            # a log that was written anew is shorter
            file.seek(max(start if start <= size else 0, size - _TAIL_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def progress_of(text: str) -> Progress | None:
    """Find the last line of progress in a log."""
    found = list(_PROGRESS.finditer(text))
    if not found:
        return None
    last = found[-1]
    left = float(last["left"]) * _SECONDS[last["left_unit"]] if last["left"] else 0.0
    rate = float(last["rate"]) if last["rate"] else None
    return Progress(int(last["done"]) / max(1, int(last["total"])), rate, left, last["doing"])


def warnings_of(text: str) -> list[str]:
    """List what a job warned of, without repetition."""
    return list(dict.fromkeys(re.findall(r"^warning: (.+)$", text, flags=re.MULTILINE)))


def failure_of(text: str) -> list[str]:
    """List the lines that say why a job failed: its error, or else its last ones."""
    lines = text.splitlines()
    errors = [line for line in lines if line.startswith(("error: ", "stopped: "))]
    return list(dict.fromkeys(errors)) or lines[-_LINES_OF_A_FAILURE:]
