"""A copy of the project with a small study in it, for tests that really run the workflow."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PROGRAMS = Path(sys.executable).parent
PARTS = ("config", "containers", "envs", "profiles", "scripts", "workflow")


class Project:
    """A copy of the project in a folder of its own, and Snakemake in it."""

    def __init__(self, folder: Path, profile: str = "profiles/local") -> None:
        self.folder, self.profile = folder, profile
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.sif*"))
        (folder / "slurm").symlink_to("profiles/slurm")

    def start(self, *arguments: str, configfile: str = "config/small.yaml", path: Path = PROGRAMS) -> subprocess.Popen:
        """Start Snakemake with this interpreter's programs, or those of another folder, first on the path."""
        environment = os.environ | {"PATH": f"{path}:{PROGRAMS}:{os.environ['PATH']}"}
        command = [sys.executable, "-m", "snakemake", *arguments, "--profile", self.profile, "--configfile", configfile]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        # where the tests run in the background they ignore Ctrl-C, and so would what they start
        return subprocess.Popen(command, cwd=self.folder, env=environment, preexec_fn=heed_interrupts, **pipes)

    def snakemake(self, *arguments: str, **settings: object) -> subprocess.CompletedProcess:
        """Run Snakemake as `start` does, to its end."""
        process = self.start(*arguments, **settings)
        output, errors = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def planned(self, *arguments: str, configfile: str = "config/small.yaml") -> dict[str, int]:
        """Give the rules that a dry run would run, with the number of their jobs."""
        done = self.snakemake("--dry-run", "--quiet", "rules", *arguments, configfile=configfile)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, flags=re.MULTILINE)
        return {rule: int(jobs) for rule, jobs in rows if rule not in ("total", "all")}


def stand_in_for_apptainer(folder: Path) -> Path:
    """Make a program `apptainer` that notes how it was called and runs the command outside of any image.

    Returns:
        The folder to put first on the path; the notes are in its file `calls`.
    """
    folder.mkdir()
    program = folder / "apptainer"
    program.write_text(
        f"""#!/usr/bin/env bash
[ "$1" = exec ] || {{ echo "apptainer version 1.3.0"; exit; }}
echo "$@; image $APPTAINERENV_CHESTGAN_IMAGE; beyond $APPTAINER_BIND" >> {folder}/calls
while [[ $1 != *.sif ]]; do shift; done
export CHESTGAN_IMAGE=$APPTAINERENV_CHESTGAN_IMAGE
exec "${{@:2}}"
"""
    )
    program.chmod(0o755)
    return folder


def heed_interrupts() -> None:
    """Let Ctrl-C do what it does by default."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def small_study() -> dict:
    """Give the demo's configuration, made as small as it can be with two generators and one seed."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    config["seeds"] = [0]
    config["make_demo_data"] |= {"patients": 12, "images_per_patient": 2}
    config["split_data"]["allow_small"] = True
    config["train_acgan"] |= {"generator_width": 16, "discriminator_width": 4, "kimg": 0.128, "snapshot_kimg": 0.064}
    config["evaluate_classifier"] |= {"kimg": 0.64, "passes": 1, "validation_kimg": 0.32}
    config["compute_fid"] |= {"n_draws": 2, "n_subsets": 5}
    return config
