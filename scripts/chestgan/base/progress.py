"""Progress: a bar on a terminal, sparse lines in a log file."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES = 20.0


def track(items: Iterable[Item], description: str, unit: str = "images", total: int | None = None) -> Iterator[Item]:
    """Yield the items and report progress on stderr."""
    if total is None:
        total = len(items)
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=description, total=total, unit=f" {unit}")
        return
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or done == total:
            last = now
            print(f"{description}: {done} of {total} {unit} in {now - start:.0f} s", file=sys.stderr, flush=True)
