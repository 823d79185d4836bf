"""launch.sh: how the processes of a training on several nodes enter the container, and what they keep to themselves."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from project import ROOT

PROGRAMS = {
    "squeue": "echo 'node[1-2]'",
    "scontrol": "printf 'node1\\nnode2\\n'",
    # of a job step: what it would start on each node, a word a line
    "srun": "printf '%s\\n' \"$@\"",
}
# what a launcher says that is the last one to leave, and something that matters
PARTING = """
from torch.distributed.elastic.rendezvous import dynamic_rendezvous
dynamic_rendezvous.logger.warning("has failed to shutdown")
dynamic_rendezvous.logger.error("has failed to begin")
"""


def launch(folder: Path, programs: dict[str, str], enter: str = "") -> subprocess.CompletedProcess:
    """Run launch.sh for two nodes with these programs in the place of Slurm's."""
    for name, command in (PROGRAMS | programs).items():
        (folder / name).write_text(f"#!/bin/sh\n{command}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        ["bash", ROOT / "workflow" / "launch.sh", "2", "1", "4", enter, "train.py"],
        env=os.environ | {"PATH": f"{folder}:/usr/bin:/bin", "SLURM_JOB_ID": "7"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize("program", ["apptainer", "singularity"])
def test_the_containers_arguments_are_read_as_a_shell_reads_them(tmp_path: Path, program: str) -> None:
    enter = """apptainer exec --home "$PWD" --env 'NOTE=two words' --bind "/a b":/c containers/chestgan.sif"""
    words = launch(tmp_path, {program: "exit 1"}, enter).stdout.splitlines()
    entered = words[words.index(program) : words.index("accelerate")]
    assert entered[2:] == [
        *("--home", str(tmp_path), "--env", "NOTE=two words", "--bind", "/a b:/c", "containers/chestgan.sif")
    ]


def test_launchers_that_part_say_nothing_and_errors_are_said(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(PARTING)
    done = launch(tmp_path, {"srun": shlex.join([sys.executable, str(tmp_path / "part.py")])})
    assert "has failed to shutdown" not in done.stderr
    assert "has failed to begin" in done.stderr
