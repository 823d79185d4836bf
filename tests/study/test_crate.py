"""A study as an RO-Crate, read again by rocrate."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate

from chestgan.base import checksums, release
from chestgan.base.errors import UserError
from chestgan.study import crate
from project import ROOT

RESULTS = ("report.html", "split/images.npy", "dcgan/seed-0/generated/png/covid/0.png", "study/verdict.txt")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Give the results of a study whose run came to its end."""
    folder = tmp_path / "results" / "mine"
    for name in RESULTS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n")
    checksums.record(folder)
    return folder


def test_rocrate_reads_every_result_with_its_checksum(study: Path) -> None:
    notes = {"title": "A study", "authors": "A laboratory", "availability": "on request", "licence": "CC BY 4.0"}
    crate.write(study, notes)
    read = ROCrate(study)
    assert (read.name, read.description) == ("A study", "study/verdict.txt\n")
    assert read.creator["name"] == "A laboratory"
    assert read.license == "CC BY 4.0"
    found = {entity.id: entity for entity in read.data_entities}
    assert sorted(found) == sorted(RESULTS)
    for name, entity in found.items():
        content = (study / name).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))
    assert found["report.html"]["encodingFormat"] == "text/html"
    (run,) = read.get_by_type("CreateAction")
    assert {result.id for result in run["result"]} == set(RESULTS)
    assert run["instrument"]["softwareVersion"].startswith(release.VERSION)


def test_a_crate_is_no_result_itself(study: Path) -> None:
    crate.write(study, {})
    checksums.record(study)
    assert checksums.verify(study) == []
    assert ROCrate(study).name == "Chestgan study mine"
    assert sorted(path.name for path in study.iterdir() if path.is_file()) == [
        "checksums.sha256",
        "report.html",
        "ro-crate-metadata.json",
    ]


def test_a_study_that_was_changed_or_is_not_finished_has_none(study: Path) -> None:
    (study / "report.html").write_text("changed")
    with pytest.raises(UserError, match=r"report.html was changed.*; a crate would vouch for it"):
        crate.write(study, {})
    (study / "study" / "verdict.txt").unlink()
    (study / checksums.NAME).unlink()
    checksums.record(study)
    with pytest.raises(UserError, match=r"verdict.txt isn't there yet"):
        crate.write(study, {})
    assert not (study / crate.NAME).exists()


def test_the_command_names_the_crate(study: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("dataset: mine\n")
    command = [sys.executable, ROOT / "workflow" / "make_crate.py", "mine.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "the crate: results/mine/ro-crate-metadata.json\n"
    (study / checksums.NAME).unlink()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:18]) == (1, "error: there is no")
