"""A signal that comes to Snakemake alone reaches its jobs: none is waited for, and the folder is free afterwards."""

import os
import signal
import time
from pathlib import Path

import pytest
import yaml

from project import Project, small_study

SNAPSHOT = "results/demo/covidgan/seed-0/checkpoint/checkpoint.pt"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    # a training that nobody would wait for
    config = small_study() | {"generators": {"covidgan": {"preset": "covidgan", "kimg": 5000}}}
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    return project


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_snakemake_alone_ends_its_jobs(number: signal.Signals, project: Project) -> None:
    process = project.start("results/demo/covidgan/seed-0/train/generator.safetensors")
    while process.poll() is None and not (project.folder / SNAPSHOT).exists():
        time.sleep(0.05)
    if number == signal.SIGTERM:
        second = project.snakemake()
        assert second.returncode == 1
        assert "Directory cannot be locked" in second.stdout + second.stderr
    os.kill(process.pid, number)
    output, errors = process.communicate()
    assert process.returncode != 0
    log = project.folder / "logs" / "demo" / "train_acgan" / "covidgan-seed-0.log"
    told = log.read_text()
    assert "stopped: SIGTERM was received; the checkpoint is at" in told, output + errors + told
    assert not list((project.folder / ".snakemake" / "locks").glob("*"))
