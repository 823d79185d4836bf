"""Progress: a bar on a terminal, sparse lines in a log file, which the display of a whole study reads again."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

# the first lines come early, for work that doesn't take long
_LEAST_SECONDS_BETWEEN_LINES, _MOST_SECONDS_BETWEEN_LINES = 2.0, 20.0
_MINUTE, _HOUR = 60, 3600


def track(
    items: Iterable[Item],
    description: str,
    unit: str = "images",
    total: int | None = None,
    images: int | None = None,
    before: int = 0,
    work: Callable[[int], float] = float,
) -> Iterator[Item]:
    """Yield the items and report progress on stderr.

    Args:
        items: pieces of work.
        description: what is done.
        unit: what an item is.
        total: how many there are; None: as many as `items` has, and those of before.
        images: how many images an item is, for the images a second; None: unknown, or one where the unit is images.
        before: how many an earlier attempt has done.
        work: how much work the first n items are, in any unit, for the time that is left; all are alike by default.
    """
    if total is None:
        total = before + len(items)
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=description, total=total, initial=before, unit=f" {unit}")
        return
    per_item = 1 if images is None and unit == "images" else images
    start = last = time.monotonic()
    for done, item in enumerate(items, start=before + 1):
        yield item
        now = time.monotonic()
        gap = min(max(last - start, _LEAST_SECONDS_BETWEEN_LINES), _MOST_SECONDS_BETWEEN_LINES)
        if now - last >= gap or done == total:
            last = now
            seconds = now - start
            rate = f", {(done - before) * per_item / seconds:.3g} images/s" if per_item and seconds else ""
            rest = seconds * (work(total) - work(done)) / (work(done) - work(before))
            left = f", {duration(rest)} left" if done < total else ""
            print(
                f"{description}: {done} of {total} {unit} in {seconds:.0f} s{rate}{left}", file=sys.stderr, flush=True
            )


def duration(seconds: float) -> str:
    """Write a time in the unit that fits it, such as `35 s`, `12 min` or `3.4 h`."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"
