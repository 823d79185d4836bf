"""Work on many items in several processes, of which one may die of a damaged file."""

import contextlib
import multiprocessing
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_ITEMS_AT_ONCE = 16
_SECONDS_BETWEEN_LOOKS = 1.0


def run(
    work: Callable[[Item], Result], items: Sequence[Item], n_processes: int, crashed: Callable[[Item], Result]
) -> Iterator[Result]:
    """Yield the result of each item, in their order.

    What the processes and their libraries say is left out: it names no item.

    Args:
        work: a function of a module.
        crashed: gives the result of an item that ended its process, as a decoder in C does of some damaged files.
    """
    batches = [items[start : start + _ITEMS_AT_ONCE] for start in range(0, len(items), _ITEMS_AT_ONCE)]
    done = 0
    while done < len(batches):
        with _pool(min(n_processes, len(batches) - done)) as pool:
            futures = [pool.submit(_all, work, batch) for batch in batches[done:]]
            try:
                for future in futures:
                    results = future.result()
                    done += 1
                    yield from results
            except BrokenProcessPool:
                # which of the batches at work it was isn't known; the first is tried alone, the others together again
                pass
        if done < len(batches):
            for item in batches[done]:
                yield _alone(work, item, crashed)
            done += 1


def _all(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]


def _alone(work: Callable[[Item], Result], item: Item, crashed: Callable[[Item], Result]) -> Result:
    with _pool(1) as pool:
        try:
            return pool.submit(work, item).result()
        except BrokenProcessPool:
            return crashed(item)


@contextlib.contextmanager
def _pool(n_processes: int) -> Iterator[ProcessPoolExecutor]:
    # forked, for a new interpreter would take seconds to import again what is loaded here
    pool = ProcessPoolExecutor(n_processes, multiprocessing.get_context("fork"), _begin, (os.getpid(),))
    try:
        yield pool
    finally:
        # where the results are wanted no more, for an error or an interruption, the rest isn't worked on
        pool.shutdown(cancel_futures=True)


def _begin(parent: int) -> None:
    """Say nothing, and end with the parent, whatever ends it."""
    warnings.simplefilter("ignore")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
