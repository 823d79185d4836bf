"""What is read in the log of a job."""

from pathlib import Path

from chestgan.display import job_log
from chestgan.display.job_log import Progress

LOG = """1 process on cpu, 32 of 32 images per step each
train covidgan: 10 of 640 steps in 2 s, 160 images/s, 126 s left
warning: few patients
covidgan, seed 0: 5 of 20 thousand images, 160 images/s, validation KD 0.1 (best 0.1 at 5)
train covidgan: 160 of 640 steps in 32 s, 161 images/s, 2 min left
warning: few patients
"""


def test_the_last_line_of_progress_counts() -> None:
    assert job_log.progress_of(LOG) == Progress(0.25, 161.0, 120.0, "train covidgan")
    assert job_log.progress_of("decode: 8 of 8 images in 64 s, 0.125 images/s\n") == Progress(1.0, 0.125, 0.0, "decode")
    assert job_log.progress_of("validations: 1 of 4 validations in 3 s, 9 s left").images_per_second is None
    assert job_log.progress_of("nothing of it") is None


def test_warnings_are_told_once() -> None:
    assert job_log.warnings_of(LOG) == ["few patients"]


def test_a_failure_is_its_error_or_else_the_end_of_its_log() -> None:
    assert job_log.failure_of(f"{LOG}error: found 1\nmore\n") == ["error: found 1"]
    assert job_log.failure_of("\n".join(map(str, range(100)))) == [str(number) for number in range(85, 100)]


def test_only_what_this_attempt_wrote_is_read(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    assert job_log.read(log) == ""
    log.write_text("earlier\nlater\n")
    assert job_log.read(log, start=8) == "later\n"
    log.write_text("anew\n")
    assert job_log.read(log, start=8) == "anew\n", "a log that was written anew is shorter"
