"""A machine with GPUs that aren't there: a driver that lists them, and jobs that note what they were given."""

import sys
from pathlib import Path

# notes its GPUs, holds a witness for each as long as it runs, and says where another job holds one too
JOB = f"""#!{sys.executable}
import fcntl, os, pathlib, sys, time
folder, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
for gpu in gpus:
    witness = os.open(folder / f"witness-{{gpu}}", os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(witness, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        (folder / "held-twice").write_text(gpu)
with (folder / "seen").open("a") as notes:
    notes.write(" ".join(gpus) + "\\n")
time.sleep(seconds)
"""


def driver(folder: Path, used_mib: list[int]) -> Path:
    """Make a program `nvidia-smi` that lists GPUs of 80 GiB, so much of each in use.

    Returns:
        The folder to put first on the path; the list is in its file `gpus`, to be changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    use(folder, used_mib)
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nexec cat {folder}/gpus\n")
    program.chmod(0o755)
    return folder


def use(folder: Path, used_mib: list[int]) -> None:
    """Change how much of each GPU's memory the driver says is in use."""
    new = folder / "gpus.new"
    new.write_text("".join(f"{number}, GPU-{number:04x}, {used}, 81920\n" for number, used in enumerate(used_mib)))
    new.replace(folder / "gpus")


def job(folder: Path) -> Path:
    """Make a program that stands for a job: it takes a folder for its notes, and how many seconds to run."""
    program = folder / "job"
    program.write_text(JOB)
    program.chmod(0o755)
    return program


# stands for `python` and for `accelerate`: makes a stage's outputs, as a job that notes its GPUs
STAGE = f"""#!/usr/bin/env bash
set -euo pipefail
for word in "$@"; do
    case $word in *lease_gpus.py) exec {sys.executable} "$@" ;; esac
    case $word in */scripts/*.py|scripts/*.py) script=$(basename "$word" .py) ;; esac
done
while [ "$1" != --output ]; do shift; done
mkdir -p "$2"
cd "$2"
common="settings.json history.csv speed.csv images.npy manifest.csv predictions.csv labels.csv"
common="$common images_seen.csv discriminator.safetensors"
case $script in
make_demo_data) mkdir -p covid normal; touch metadata.csv settings.json ;;
split_data) touch $common rejected.csv duplicates.csv patients.csv ;;
train_acgan) mkdir -p samples; touch $common generator.safetensors generator_last.safetensors samples.png ;;
generate_images) mkdir -p png; touch $common ;;
*) touch $common distances.csv diversity.csv copies.csv scores.csv model.safetensors ;;
esac
case $script in
train_acgan|generate_images|compute_fid|evaluate_classifier|classify_images)
    echo "$script $CUDA_VISIBLE_DEVICES" >> "$FAKE_JOBS/stages"
    exec "$FAKE_JOBS/job" "$FAKE_JOBS" 0.3 ;;
esac
"""


def stages(folder: Path) -> Path:
    """Make programs `python` and `accelerate` that stand for every stage.

    Returns:
        The folder to put first on the path; which stage saw which GPUs is in the file `stages` of FAKE_JOBS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("python", "accelerate"):
        (folder / name).write_text(STAGE)
        (folder / name).chmod(0o755)
    return folder
