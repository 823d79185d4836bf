"""Progress: a bar on a terminal, sparse lines in a log file."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES = 20.0


def track(
    items: Iterable[Item], description: str, unit: str = "images", total: int | None = None, before: int = 0
) -> Iterator[Item]:
    """Yield the items and report progress on stderr.

    Args:
        total: how many there are; None: as many as `items` has, and those of before.
        before: how many an earlier attempt has done.
    """
    if total is None:
        total = before + len(items)
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=description, total=total, initial=before, unit=f" {unit}")
        return
    start = last = time.monotonic()
    for done, item in enumerate(items, start=before + 1):
        yield item
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or done == total:
            last = now
            print(f"{description}: {done} of {total} {unit} in {now - start:.0f} s", file=sys.stderr, flush=True)
