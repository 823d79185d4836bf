"""launch.sh: how the processes of a training on several nodes enter the container."""

import os
import subprocess
from pathlib import Path

import pytest

from project import ROOT

PROGRAMS = {
    "squeue": "echo 'node[1-2]'",
    "scontrol": "printf 'node1\\nnode2\\n'",
    # of a job step: what it would start on each node, a word a line
    "srun": "printf '%s\\n' \"$@\"",
}


@pytest.mark.parametrize("program", ["apptainer", "singularity"])
def test_the_containers_arguments_are_read_as_a_shell_reads_them(tmp_path: Path, program: str) -> None:
    for name, command in (PROGRAMS | {program: "exit 1"}).items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / name).chmod(0o755)
    enter = """apptainer exec --home "$PWD" --env 'NOTE=two words' --bind "/a b":/c containers/chestgan.sif"""
    done = subprocess.run(
        ["bash", ROOT / "workflow" / "launch.sh", "2", "1", "4", enter, "train.py"],
        env=os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_JOB_ID": "7"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.splitlines()
    entered = words[words.index(program) : words.index("accelerate")]
    assert entered[2:] == [
        *("--home", str(tmp_path), "--env", "NOTE=two words", "--bind", "/a b:/c", "containers/chestgan.sif")
    ]
