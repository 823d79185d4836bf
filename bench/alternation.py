"""Times taken in turn, so that what else the machine does falls on all sides alike, and rows of ratios made of them."""

import multiprocessing
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from chestgan.base import threads

# a side is called once a round, and gives the seconds that its work took
Side = Callable[[], float]


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        what: what was measured.
        against: what it was measured against.
        ratios: how many times as fast it was, a number a round.
        measured: what was found of both, in units of their own.
        shares: the share of the convolution limit that was reached, a number a round; none where it says nothing.
    """

    what: str
    against: str
    ratios: list[float]
    measured: str
    shares: Sequence[float] = ()

    def cells(self) -> list[str]:
        """Write the row's cells: the medians, with the least and the most."""
        ratio = f"{median(self.ratios):.2f} ({min(self.ratios):.2f} to {max(self.ratios):.2f})"
        share = f"{median(self.shares):.0%} ({min(self.shares):.0%} to {max(self.shares):.0%})" if self.shares else ""
        return [self.what, self.against, ratio, share, self.measured]


def alternate(sides: dict[str, Side], rounds: int, warm: bool = True) -> dict[str, list[float]]:
    """Call the sides in turn, once unmeasured if they must be warm, then `rounds` times; return each side's seconds."""
    taken = [{name: side() for name, side in sides.items()} for _ in range(rounds + warm)]
    return {name: [seconds[name] for seconds in taken[warm:]] for name in sides}


def ratios(theirs: list[float], ours: list[float]) -> list[float]:
    """Compute how many times as fast ours was, round by round."""
    return [their / our for their, our in zip(theirs, ours, strict=True)]


def run(words: Sequence[object], environment: dict[str, str], status: int = 0) -> tuple[float, str]:
    """Run a command to its end and give the seconds that it took, and what it said.

    Raises:
        RuntimeError: it ended with another status than expected.
    """
    started = time.perf_counter()
    done = subprocess.run(list(map(str, words)), env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != status:
        raise RuntimeError(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds, done.stdout + done.stderr


def measured(words: Sequence[object]) -> tuple[float, float, int]:
    """Run a command; give its seconds, those of the processor, and the most bytes of any one of its processes."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_usage, (words,))


def _usage(words: Sequence[object]) -> tuple[float, float, int]:
    # in a process of its own: the most of its children counts all that there ever were
    seconds, _ = run(words, dict(os.environ))
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss


class Worker:
    """A process of its own that does one piece of work when it is asked to, and gives the seconds that it took.

    Args:
        make: gives the piece of work and what else is to be known of it; called in the process, with `arguments`.
    """

    def __init__(self, make: Callable[..., tuple[Callable[[], Any], Any]], *arguments: Any) -> None:
        # as the workflow sets it for its jobs
        os.environ |= threads.ENVIRONMENT
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, make, arguments))
        self.process.start()
        theirs.close()
        self.known: Any = None
        self.peak_memory = 0

    def wait_until_ready(self) -> "Worker":
        """Wait for what is to be known of the work."""
        self.known = self.connection.recv()
        return self

    def begin(self) -> None:
        """Let it work, without waiting for it."""
        self.connection.send(None)

    def end(self) -> float:
        """Wait for it and give the seconds; `peak_memory` is then the most bytes that the process ever held."""
        seconds, self.peak_memory = self.connection.recv()
        return seconds

    def __call__(self) -> float:
        self.begin()
        return self.end()

    def close(self) -> None:
        """End the process."""
        self.connection.close()
        self.process.join()


@contextmanager
def workers() -> Iterator[Callable[..., Worker]]:
    """Return a function that starts workers; all of them are ended at the end."""
    with ExitStack() as stack:

        def start(*arguments: Any) -> Worker:
            worker = Worker(*arguments)
            stack.callback(worker.close)
            return worker

        yield start


def _serve(connection: Any, make: Callable, arguments: tuple) -> None:
    work, known = make(*arguments)
    connection.send(known)
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        started = time.perf_counter()
        work()
        seconds = time.perf_counter() - started
        connection.send((seconds, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
