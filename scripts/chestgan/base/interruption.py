"""When long work has to stop: its time limit is near, or a signal came."""

import contextlib
import itertools
import math
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

# a scheduler sends TERM before KILL and USR1 where a user asks for it; INT is a terminal's Ctrl-C, HUP its end
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)
_SHELLS = ("bash", "sh", "dash")
# the clock of a time limit runs before this process does, and the last checkpoint takes its time after the last step
_SPARE_SECONDS, _SPARE_SHARE = 300.0, 0.25


@dataclass
class Watch:
    """Tells whether to stop; asked between two pieces of work.

    Attributes:
        time_limit: minutes after which this process is killed; 0: never.
        deadline: the moment to have stopped, in seconds of `time.monotonic`; infinite without a time limit.
        received: the name of the signal that came, empty until one does.
        last: the moment of the last question; None before the first.
        longest: the longest time between two questions in seconds; work that may take longer than is left isn't begun.
    """

    time_limit: float
    deadline: float
    received: str = ""
    last: float | None = None
    longest: float = 0.0

    def reason(self) -> str:
        """Return the reason to stop before the next piece of work; empty to go on."""
        now = time.monotonic()
        if self.last is not None:
            self.longest = max(self.longest, now - self.last)
        self.last = now
        if self.received:
            return f"{self.received} was received"
        return "the time limit is near" if now + self.longest > self.deadline else ""


@contextlib.contextmanager
def watch(time_limit: float) -> Iterator[Watch]:
    """Watch for signals and for the end of `time_limit` minutes of this process; 0: no limit.

    A second signal acts as it would without this watch, so that nobody has to wait.
    """
    deadline = math.inf
    if time_limit:
        seconds = 60 * time_limit
        age = time.time() - psutil.Process().create_time()
        deadline = time.monotonic() - age + seconds - min(_SPARE_SECONDS, _SPARE_SHARE * seconds)
    watching = Watch(time_limit, deadline)

    def receive(number: int, frame: object) -> None:
        watching.received = signal.Signals(number).name
        signal.signal(number, before[number])

    # what nohup starts goes on without a terminal
    heeded = [number for number in SIGNALS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, receive) for number in heeded}
    try:
        yield watching
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def pass_on() -> None:
    """Tell the running jobs of Snakemake, this process, when TERM or INT comes to it; then it does what it would.

    From a terminal Ctrl-C comes to all of them. Where a signal comes to Snakemake alone, it would wait for its jobs to
    end by themselves.
    """
    for number in (signal.SIGTERM, signal.SIGINT):

        def receive(received: int, frame: object, before: object = signal.getsignal(number)) -> None:
            for job in _jobs(psutil.Process()):
                with contextlib.suppress(psutil.Error):
                    job.terminate()
            before(received, frame)

        signal.signal(number, receive)


def _jobs(process: psutil.Process) -> Iterator[psutil.Process]:
    """Find what the shells run that Snakemake and its parts start; what a job starts itself is its own affair."""
    with contextlib.suppress(psutil.Error):
        for child in process.children():
            words = child.cmdline()
            between = child.name() in _SHELLS or ("-m", "snakemake") in itertools.pairwise(words)
            yield from _jobs(child) if between else [child]
