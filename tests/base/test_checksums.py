"""The checksums of a study: one flipped bit in any result is found, and no later run hides it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chestgan.base import checksums
from chestgan.base.errors import UserError
from project import ROOT

RESULTS = ("report.html", "split/images.npy", "dcgan/seed-0/generated/png/covid/0.png", "study/verdict.txt")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Give the results of a study whose run came to its end."""
    folder = tmp_path / "results" / "mine"
    for name in (*RESULTS, "dcgan/seed-0/checkpoint/checkpoint.pt", "features/a.npy", "samples.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    checksums.record(folder)
    return folder


def flip(path: Path) -> None:
    """Flip one bit, as a disk may: without a new time."""
    times = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_what_stays_is_listed_and_is_as_it_was(study: Path) -> None:
    assert sorted(checksums.read(study)) == sorted(RESULTS)
    assert checksums.verify(study) == []
    done = subprocess.run(["sha256sum", "--check", "--strict", checksums.NAME], cwd=study, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("name", RESULTS)
def test_one_flipped_bit_is_found_and_stays_found_after_another_run(study: Path, name: str) -> None:
    flip(study / name)
    assert checksums.verify(study) == [f"{study / name} was changed: its checksum isn't the one of when it was made"]
    checksums.begin(study)
    checksums.record(study)
    assert len(checksums.verify(study)) == 1


def make_anew(study: Path) -> None:
    """Make the page as a job does after the run's begin."""
    (study / "report.html").write_text("another")
    later = (study / checksums.NAME).with_name(".checksums.sha256.aside").stat().st_mtime_ns + 1
    os.utime(study / "report.html", ns=(later, later))


def test_what_a_run_makes_anew_has_a_new_checksum(study: Path) -> None:
    checksums.begin(study)
    make_anew(study)
    checksums.record(study)
    assert checksums.verify(study) == []
    assert not list(study.glob(".checksums*"))


def test_an_edit_between_two_runs_is_found_and_stays_found(study: Path) -> None:
    (study / "report.html").write_text("edited")
    checksums.record(study)
    assert len(checksums.verify(study)) == 1
    checksums.begin(study)
    checksums.record(study)
    assert checksums.verify(study) == [
        f"{study}/report.html was changed: its checksum isn't the one of when it was made"
    ]


def test_what_a_killed_run_made_is_recorded_by_the_next(study: Path) -> None:
    checksums.begin(study)
    make_anew(study)
    with pytest.raises(UserError, match=r"there is no .*; a run that comes to its end writes it"):
        checksums.verify(study)
    checksums.begin(study)
    checksums.record(study)
    assert checksums.verify(study) == []


@pytest.mark.parametrize("name", ["checkpoint", "snapshots", "tensorboard", "features"])
def test_a_class_or_an_arm_may_have_the_name_of_a_folder_left_out(study: Path, name: str) -> None:
    for place in (f"dcgan/seed-0/generated/png/{name}/0.png", f"classifier/{name}/seed-0/scores.csv"):
        (study / place).parent.mkdir(parents=True)
        (study / place).write_text("new")
    assert len(checksums.verify(study)) == 2


def test_missing_and_new_files_are_named(study: Path) -> None:
    (study / "report.html").rename(study / "other.html")
    problems = [f"{study}/report.html is missing", f"{study}/other.html isn't among the checksums"]
    assert checksums.verify(study) == problems


def test_checksums_that_were_changed_are_told(study: Path) -> None:
    text = (study / checksums.NAME).read_text()
    other = "0" if text[0] != "0" else "1"
    (study / checksums.NAME).write_text(other + text[1:])
    assert len(checksums.verify(study)) == 1
    (study / checksums.NAME).write_text("g" + text[1:])
    with pytest.raises(UserError, match=r"line 1 of .*checksums\.sha256 is no checksum with a file's name"):
        checksums.verify(study)


def test_the_command_tells_what_is_wrong_in_lines(study: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("dataset: mine\n")
    command = [sys.executable, ROOT / "workflow" / "verify.py", "mine.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "4 files in results/mine are as they were made\n"
    flip(study / "report.html")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error: results/mine/report.html was changed")
    for text, found in (("", "None"), ("dataset: 5", "5")):
        (tmp_path / "none.yaml").write_text(text)
        done = subprocess.run([*command[:2], "none.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: none.yaml: dataset is {found}; expected the name")
    (study / checksums.NAME).unlink()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == "error: there is no results/mine/checksums.sha256; a run that comes to its end writes it\n"
