"""launch.sh: how the processes of a training on several nodes enter the container."""

import os
import subprocess
from pathlib import Path

from project import ROOT

PROGRAMS = {
    "squeue": "echo 'node[1-2]'",
    "scontrol": "printf 'node1\\nnode2\\n'",
    # of a job step: what it would start on each node, a word a line
    "srun": "printf '%s\\n' \"$@\"",
}


def test_the_containers_arguments_are_read_as_a_shell_reads_them(tmp_path: Path) -> None:
    for name, command in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / name).chmod(0o755)
    enter = """apptainer exec --home "$PWD" --env 'NOTE=two words' --bind "/a b":/c containers/chestgan.sif"""
    done = subprocess.run(
        ["bash", ROOT / "workflow" / "launch.sh", "2", "1", "4", enter, "train.py"],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.splitlines()
    entered = words[words.index("apptainer") : words.index("accelerate")]
    assert entered[2:] == [
        *("--home", str(tmp_path), "--env", "NOTE=two words", "--bind", "/a b:/c", "containers/chestgan.sif")
    ]
