"""A handler of Snakemake's log that shows a study in lines that change on a terminal, and in few lines elsewhere."""

import logging
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from chestgan.display import estimate, job_log, lines
from chestgan.display.estimate import Kind

_SECONDS_BETWEEN_DRAWINGS, _SECONDS_BETWEEN_LINES = 1.0, 120.0
# at which share a job's own forecast counts as a measurement
_TRUSTED_SHARE = 0.05


@dataclass(frozen=True)
class Job:
    """A job that runs.

    Attributes:
        label: its name for people.
        kind: jobs that take as long.
        log: its log, and from which byte on it is of this attempt.
        began: the moment, in seconds of `time.monotonic`.
    """

    label: str
    kind: Kind
    log: Path | None
    start: int
    began: float

    def read(self) -> str:
        """Read what it has written so far."""
        return job_log.read(self.log, self.start) if self.log else ""


class Display(logging.Handler):
    """Shows a study; attached to Snakemake's logger in place of its own handler of the terminal.

    Args:
        stream: where to write.
        plain: formats messages that belong to no job.
        dry: whether nothing runs, and a plan is shown.
        kinds: how many jobs of each kind the whole study has.
        earlier: seconds of a job of each rule in earlier runs here.
        expected: seconds of a job of each rule, in proportion to one another.
        opening: the line before the first job.
        beginning: is called before each job.
        closing: lists the lines to end with, if the study came to its end.
    """

    def __init__(
        self,
        stream: TextIO,
        plain: logging.Formatter,
        dry: bool,
        kinds: Mapping[Kind, int],
        earlier: Mapping[str, float],
        expected: Mapping[str, float],
        opening: str,
        beginning: Callable[[], None],
        closing: Callable[[], list[str]],
    ) -> None:
        super().__init__()
        self.stream, self.plain, self.dry = stream, plain, dry
        self.beginning, self.closing = beginning, closing
        self.kinds, self.earlier, self.expected, self.opening = kinds, earlier, expected, opening
        self.jobs: dict[int, Job] = {}
        self.seconds: dict[Kind, list[float]] = {}
        self.warnings: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}
        self.done = self.failed = self.n_drawn = self.most_at_once = 0
        self.began = self.written = time.monotonic()
        self.complete = self.is_closed = False
        self.on_terminal = not dry and stream.isatty()
        self.stopped = threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record, if it is of any use."""
        event = getattr(getattr(record, "event", None), "name", None)
        handle = {
            "RUN_INFO": self._begin,
            "JOB_INFO": self._start,
            "JOB_FINISHED": self._finish,
            "JOB_ERROR": self._fail,
            "ERROR": self._pass_on,
            None: self._pass_on,
        }.get(event)
        if handle:
            handle(record)

    def close(self) -> None:
        """End with what the stages warned of, and the study's own last lines."""
        if not self.is_closed:
            self.is_closed = True
            self.stopped.set()
            ending = lines.ending(self.warnings)
            for line in [*ending, *(self.closing() if self.complete else [])]:
                self._write(line)
            self._draw([])
        super().close()

    def _begin(self, record: Any) -> None:
        # a plan says it twice
        if not self.counts:
            self.counts = {rule: n for rule, n in record.stats.items() if rule not in ("total", "all")}
            self.began = time.monotonic()
            self._write(record.getMessage() if self.dry else self.opening)

    def _start(self, record: Any) -> None:
        label = lines.label_of(record.rule_name, record.wildcards)
        if self.dry:
            if record.rule_name in self.counts:
                self._write(lines.planned(label, record.reason))
            return
        self.beginning()
        of = lines.of_job(record.wildcards)
        log = Path(record.log[0].split(" (")[0]) if record.log else None
        start = log.stat().st_size if log and log.is_file() else 0
        self.jobs[record.jobid] = Job(label, Kind(record.rule_name, of), log, start, time.monotonic())
        self.most_at_once = max(self.most_at_once, len(self.jobs))

    def _finish(self, record: Any) -> None:
        job = self.jobs.pop(record.job_id, None)
        if job is None:
            return
        if job.kind.rule == "all":
            self.complete = True
            return
        seconds, text = time.monotonic() - job.began, job.read()
        self.seconds.setdefault(job.kind, []).append(seconds)
        self.warnings[job.label] = job_log.warnings_of(text)
        self.done += 1
        line = lines.finished(job.label, seconds, job_log.progress_of(text))
        self._write(f"{line} [{self._whole()}]")

    def _fail(self, record: Any) -> None:
        job = self.jobs.pop(record.jobid, None)
        self.failed += 1
        label = job.label if job else record.rule_name
        self._write(f"failed: {label}; {', '.join(record.log) or 'it has no log'} says:")
        for line in job_log.failure_of(job.read()) if job else []:
            self._write(line)

    def _pass_on(self, record: logging.LogRecord) -> None:
        message = self.plain.format(record)
        if message.startswith("Nothing to be done"):
            self.complete = True
        if lines.is_shown(message):
            self._write(message)

    def _whole(self) -> str:
        total = sum(self.counts.values())
        left = self._seconds_left() if self.seconds and self.done < total else None
        return lines.whole(self.done, total, self.failed, time.monotonic() - self.began, left)

    def _seconds_left(self) -> float:
        measured, running, waiting = dict(self.seconds), [], self._waiting()
        for job in self.jobs.values():
            since, found = time.monotonic() - job.began, job_log.progress_of(job.read())
            left = None
            # of work in several parts the first one's progress says nothing of the others
            if found and found.share >= _TRUSTED_SHARE and found.doing.startswith("train"):
                left = found.seconds_left
                measured[job.kind] = [*measured.get(job.kind, []), since + left]
            running.append((job.kind, since, left))
        estimates = estimate.seconds_of_kinds(
            {*waiting, *(kind for kind, _, _ in running)}, measured, self.earlier, self.expected
        )
        # where a job has just ended, the next one of its place hasn't begun
        return estimate.seconds_left(waiting, running, estimates, at_once=self.most_at_once)

    def _waiting(self) -> dict[Kind, float]:
        """Count the jobs of each kind that haven't begun; where some were done before, a like share of each kind."""
        begun = Counter({kind: len(seconds) for kind, seconds in self.seconds.items()})
        begun.update(job.kind for job in self.jobs.values())
        waiting: dict[Kind, float] = {}
        for rule, n in self.counts.items():
            kinds = {kind: n_of for kind, n_of in self.kinds.items() if kind.rule == rule} or {Kind(rule): n}
            room = {kind: max(0, n_of - begun[kind]) for kind, n_of in kinds.items()}
            left = n - sum(begun[kind] for kind in kinds)
            waiting |= {kind: left * n_of / sum(room.values()) for kind, n_of in room.items() if n_of}
        return waiting

    def _tick(self) -> None:
        while not self.stopped.wait(_SECONDS_BETWEEN_DRAWINGS):
            with self.lock:
                if self.on_terminal and self.jobs:
                    self._draw(self._live())
                elif self.jobs and time.monotonic() - self.written > _SECONDS_BETWEEN_LINES:
                    for line in self._live():
                        self._write(line)

    def _live(self) -> list[str]:
        shown = [
            lines.running(job.label, time.monotonic() - job.began, job_log.progress_of(job.read()))
            for job in self.jobs.values()
        ]
        return [*shown, self._whole()]

    def _write(self, line: str) -> None:
        """Write a line that stays, above those that change."""
        self._send(f"{self._erasure()}{line}\n")
        self.written = time.monotonic()
        if self.on_terminal and self.jobs:
            self._draw(self._live())

    def _draw(self, shown: list[str]) -> None:
        """Replace the lines that change."""
        columns, rows = shutil.get_terminal_size()
        # what has scrolled away can't be replaced
        kept = shown if len(shown) < rows else [*shown[: rows - 3], "…", shown[-1]]
        self._send(self._erasure() + "".join(f"{lines.fitted(line, columns)}\n" for line in kept))
        self.n_drawn = len(kept)

    def _erasure(self) -> str:
        """Make the codes that erase the lines that change."""
        codes = f"\x1b[{self.n_drawn}F\x1b[0J" if self.n_drawn else ""
        self.n_drawn = 0
        return codes

    def _send(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):
            # a terminal that was closed, or a pipe that nobody reads: the study goes on, and its log has everything
            self.on_terminal = False
