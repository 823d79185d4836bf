"""What is shown of a study: on a terminal, in a pipe, and in a plan."""

import io
import logging
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from chestgan.display import handler, lines
from chestgan.display.estimate import Kind
from chestgan.display.handler import Display
from chestgan.display.job_log import Progress

STATS = {"train_acgan": 2, "write_report": 1, "all": 1, "total": 4}
KINDS = {Kind("train_acgan", "dcgan"): 2}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def record(event: str | None, **fields: object) -> logging.LogRecord:
    """Make a record as Snakemake does."""
    made = logging.LogRecord("snakemake", logging.INFO, "", 0, fields.pop("message", ""), (), None)
    made.__dict__ |= fields | ({"event": SimpleNamespace(name=event)} if event else {})
    return made


def started(number: int, log: Path, rule: str = "train_acgan") -> logging.LogRecord:
    wildcards = {"generator": "dcgan", "seed": str(number)} if rule == "train_acgan" else {}
    inputs = [f"input-{i}" for i in range(200)]
    fields = {"input": inputs, "log": [str(log)], "reason": "Missing output files: a, b; Code has changed"}
    return record("JOB_INFO", jobid=number, rule_name=rule, wildcards=wildcards, **fields)


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch):
    """Make displays whose thread does nothing, so that what they write is theirs to say."""
    monkeypatch.setattr(handler.threading.Thread, "start", lambda thread: None)
    monkeypatch.setattr(handler.shutil, "get_terminal_size", lambda: os.terminal_size((80, 24)))

    def make(stream: io.StringIO, dry: bool = False) -> Display:
        return Display(
            stream, logging.Formatter(), dry, KINDS, {}, {}, "opening", lambda: None, lambda: ["the verdict"]
        )

    return make


def run(display: Display, folder: Path) -> None:
    """Let a study run: a training is done, one fails, one still runs, and the page is written."""
    display.emit(record("RUN_INFO", stats=STATS, message="Job stats"))
    for number in (0, 1):
        log = folder / f"{number}.log"
        display.emit(started(number, log))
        log.write_text("train dcgan: 8 of 16 steps in 4 s, 64 images/s, 4 s left\nwarning: few patients\n")
    (folder / "1.log").write_text("error: found 1 image\n")
    display.emit(record("JOB_FINISHED", job_id=0))
    display.emit(record("JOB_ERROR", jobid=1, rule_name="train_acgan", log=[str(folder / "1.log")]))
    display.emit(record(None, message="Select jobs to execute..."))
    display.emit(record(None, message="warning: the disk is nearly full"))


def test_what_is_left_is_shared_by_as_many_jobs_as_run_at_once(
    show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler.time, "monotonic", lambda: clock)
    clock = 0.0
    stream = io.StringIO()
    display = show(stream)
    display.kinds = {Kind("train_acgan", "dcgan"): 10}
    display.emit(record("RUN_INFO", stats={"train_acgan": 10, "total": 10}, message="Job stats"))
    for number in (0, 1):
        display.emit(started(number, tmp_path / f"{number}.log"))
    clock = 100.0
    for number in (0, 1):
        display.emit(record("JOB_FINISHED", job_id=number))
    # eight trainings of 100 s, and one at its end, then none; two at once
    assert [line.split("about ")[1] for line in stream.getvalue().splitlines()[1:]] == ["7 min left]", "7 min left]"]


def test_a_pipe_has_a_line_for_each_job_and_no_list_of_files(show, tmp_path: Path) -> None:
    stream = io.StringIO()
    display = show(stream)
    run(display, tmp_path)
    display.close()
    told = re.sub(r"in \d+ s", "in 0 s", stream.getvalue()).splitlines()
    assert told == [
        "opening",
        "train_acgan dcgan, seed 0: 0 s, 64 images/s [1 of 3 jobs in 0 s, about 0 s left]",
        f"failed: train_acgan dcgan, seed 1; {tmp_path}/1.log says:",
        "error: found 1 image",
        "warning: the disk is nearly full",
        "warning: train_acgan dcgan, seed 0: few patients",
    ]


def test_the_verdict_is_last_where_the_study_came_to_its_end(show, tmp_path: Path) -> None:
    stream = io.StringIO()
    display = show(stream)
    display.emit(record("RUN_INFO", stats=STATS))
    display.emit(started(7, tmp_path / "all.log", rule="all"))
    display.emit(record("JOB_FINISHED", job_id=7))
    display.close()
    display.close()
    assert stream.getvalue().splitlines() == ["opening", "the verdict"]
    again = show(io.StringIO())
    again.emit(record(None, message="Nothing to be done (all requested files are present and up to date)."))
    again.close()
    assert again.stream.getvalue().splitlines()[-1] == "the verdict"


def test_a_terminal_shows_running_jobs_below_and_none_at_the_end(show, tmp_path: Path) -> None:
    stream = Terminal()
    display = show(stream)
    display.emit(record("RUN_INFO", stats=STATS))
    display.emit(started(0, tmp_path / "0.log"))
    (tmp_path / "0.log").write_text("train dcgan: 8 of 16 steps in 4 s, 64 images/s, 4 s left\n")
    display._draw(display._live())
    shown = stream.getvalue().splitlines()
    assert shown[-2] == "█████·····  50% train_acgan dcgan, seed 0, 64 images/s, 4 s left"
    assert shown[-1].startswith("0 of 3 jobs in ")
    assert display.n_drawn == 2
    display.close()
    assert display.n_drawn == 0
    assert stream.getvalue().endswith("\x1b[2F\x1b[0J")


def test_a_plan_has_a_line_a_job_with_its_reason(show, tmp_path: Path) -> None:
    stream = io.StringIO()
    display = show(stream, dry=True)
    for _ in range(2):
        display.emit(record("RUN_INFO", stats=STATS, message="Job stats"))
    display.emit(started(0, tmp_path / "0.log"))
    display.close()
    assert stream.getvalue().splitlines() == [
        "Job stats",
        "train_acgan dcgan, seed 0: missing output files; code has changed",
    ]


def test_a_closed_terminal_stops_no_study(show, tmp_path: Path) -> None:
    stream = io.StringIO()
    display = show(stream)
    stream.close()
    run(display, tmp_path)
    display.close()
    assert display.done == display.failed == 1


@pytest.mark.parametrize("columns", [80, 200])
def test_no_line_is_longer_than_the_terminal(columns: int) -> None:
    line = lines.running("evaluate_classifier real_synthetic-covidgan_paper, seed 12" * 3, 7, Progress(1, 9, 0, "x"))
    assert len(lines.fitted(line, columns)) < columns
    assert lines.fitted("short", columns) == "short"


def test_one_warning_of_many_jobs_is_one_line() -> None:
    warnings = {f"split_data {number}": ["few patients"] for number in range(5)}
    assert lines.ending(warnings) == ["warning: split_data 0 and 4 more: few patients"]
