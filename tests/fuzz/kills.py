"""Kill trainings, the other stages and Snakemake at any moment, and compare what they end with: `make kills`.

A stage that was killed leaves nothing under its output's name, and ends with the same bytes as one that wasn't.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import yaml

import cases
import stock
from chestgan.base import files
from project import Project, small_study

# what two equal runs needn't have in common; the page says how long jobs took, and is among the checksums
TIMES = ("speed.csv", "report.html", "checksums.sha256")
TRAINING = [*stock.TRAIN, "--real", "split", "--kimg", "1.6", "--snapshot-kimg", "0.08", "--output", "out"]
CHECKPOINT = "out-checkpoint/checkpoint.pt"
# how often a stage may end before it is killed
MOST_TRIES = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Kill what is asked for, print the counts, and return 1 where results differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainings", type=int, default=100, help="kills of trainings")
    parser.add_argument("--stages", type=int, default=20, help="kills of each of the other stages")
    parser.add_argument("--snakemake", type=int, default=20, help="kills of Snakemake")
    parser.add_argument("--only", nargs="+", help="names of the stages; default: all")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    random = np.random.default_rng(arguments.seed)
    folder = Path(tempfile.mkdtemp(prefix="chestgan-kills-"))
    try:
        told = []
        if arguments.trainings or arguments.stages:
            wait(fork(lambda: stock.make(folder / "stock") and 0, folder, folder / "stock.log"))
            # all that a stage loads is loaded once, and every attempt is a copy of this process
            import torch

            torch.set_num_threads(1)
        if arguments.trainings:
            told.append(kill_trainings(arguments.trainings, random, folder))
        for script in (arguments.only or cases.STAGES) if arguments.stages else ():
            told.append(kill_stage(script, arguments.stages, random, folder))
        if arguments.snakemake:
            told.append(kill_snakemake(arguments.snakemake, random, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return int(any(told))


def kill_trainings(n_kills: int, random: np.random.Generator, folder: Path) -> list[str]:
    """Kill trainings at moments spread over them, each again and again until it ends; return what differs."""
    import train_acgan

    whole = prepared("train_acgan", folder, "whole-training")
    process = fork(lambda: train_acgan.main(TRAINING), whole, whole / "log.txt")
    seconds = [seconds_until(lambda: (whole / CHECKPOINT).exists(), process), seconds_until(lambda: False, process)]
    if not (whole / "out").exists():
        raise RuntimeError((whole / "log.txt").read_text())
    expected, differing = results(whole / "out"), []
    killed = resumed = ended = 0
    while killed < n_kills:
        place = prepared("train_acgan", folder, f"training-{ended}")
        while not (place / "out").exists():
            written = state_of(place / CHECKPOINT)
            process = fork(lambda: train_acgan.main(TRAINING), place, place / "log.txt")
            # a few while it begins; most some time after a checkpoint of this very attempt
            if random.random() < 0.1:
                moment = random.uniform(0, seconds[0])
            else:
                seconds_until(lambda: state_of(place / CHECKPOINT) != written, process)  # noqa: B023 - called at once
                moment = random.uniform(0, 0.3 * seconds[1])
            if kill_after(process, moment if killed < n_kills else 1000 * sum(seconds)):
                killed += 1
                resumed += (place / CHECKPOINT).exists()
                differing += [f"{place.name}: its output isn't whole"] * (not is_whole(place / "out", expected))
            elif not (place / "out").exists():
                raise RuntimeError((place / "log.txt").read_text())
        ended += 1
        differing += difference(place.name, expected, results(place / "out"))
        shutil.rmtree(place.parent)
    counted = f"{killed} kills, {resumed} of them after the first checkpoint, of {ended} trainings"
    print(f"train_acgan: {counted}: {shown(differing)}", flush=True)
    return differing


def kill_stage(script: str, n_kills: int, random: np.random.Generator, folder: Path) -> list[str]:
    """Kill a stage at moments spread over it, then let it end; return what differs."""
    _, flags = cases.command(script)
    run = __import__(script).main
    whole, place = prepared(script, folder, f"whole-{script}"), prepared(script, folder, f"killed-{script}")
    output = flags[flags.index("--output") + 1]
    # the first run loads files that later ones find loaded
    for _ in range(2):
        remove(whole / output)
        started = time.monotonic()
        if wait(fork(lambda: run(flags), whole, whole / "log.txt")) != 0:
            raise RuntimeError((whole / "log.txt").read_text())
        seconds = time.monotonic() - started
    expected, differing = results(whole / output), []
    killed = tries = 0
    while killed < n_kills and tries < MOST_TRIES * n_kills:
        tries += 1
        if kill_after(fork(lambda: run(flags), place, place / "log.txt"), random.uniform(0, seconds)):
            killed += 1
            differing += [f"{script}: its output isn't whole"] * (not is_whole(place / output, expected))
        # an attempt that has ended, or was killed after its last step, has made it; what is half made stays
        if is_whole(place / output, expected) and len(results(place / output)) >= len(expected):
            remove(place / output)
    if wait(fork(lambda: run(flags), place, place / "log.txt")) != 0:
        differing.append(f"{script}: after {killed} kills: {(place / 'log.txt').read_text()}")
    else:
        differing += difference(script, expected, results(place / output))
        differing += [f"{script}: left {path.name}" for path in place.rglob("*.partial*")]
    print(f"{script}: {killed} kills: {shown(differing)}", flush=True)
    shutil.rmtree(whole.parent)
    shutil.rmtree(place.parent)
    return differing


def kill_snakemake(n_kills: int, random: np.random.Generator, folder: Path) -> list[str]:
    """Kill Snakemake with all its jobs, as the end of a machine does, until the study is made; return what differs."""
    projects = [Project(make_folder(folder / name)) for name in ("whole-study", "killed-study")]
    for project in projects:
        (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(small_study()))
    started = time.monotonic()
    done = projects[0].snakemake()
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    seconds, expected = time.monotonic() - started, results(projects[0].folder / "results")
    killed, differing = 0, []
    while True:
        process = fork(lambda: projects[1].snakemake("--nolock").returncode, folder, folder / "log.txt")
        # what is done isn't done again, so that the kills are spread over the whole study
        moment = random.uniform(0, 0.4 * seconds) if killed < n_kills else 1000 * seconds
        if kill_after(process, moment):
            killed += 1
            continue
        differing += difference("study", expected, results(projects[1].folder / "results"))
        if killed == n_kills:
            break
        shutil.rmtree(projects[1].folder / "results")
    print(f"snakemake: {killed} kills: {shown(differing)}", flush=True)
    return differing


def prepared(script: str, folder: Path, name: str) -> Path:
    """Make a folder with what a stage reads; its own name, which a page shows, is always the same."""
    place = make_folder(make_folder(folder / name) / "case")
    cases.copy(folder / "stock", place, *cases.needed(script))
    return place


def make_folder(folder: Path) -> Path:
    """Make a folder and return it."""
    folder.mkdir()
    return folder


def fork(work: Callable[[], int], folder: Path, log: Path) -> int:
    """Do work in a copy of this process, in a folder and a session of its own; return its number."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.setsid()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        # a test's own are elsewhere
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
        os.chdir(folder)
        code = work()
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait(process: int) -> int:
    """Wait for a process, and return its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def kill_after(process: int, seconds: float) -> bool:
    """Kill a process and all that it started after some seconds; False where it has ended by then."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitpid(process, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    if os.waitpid(process, os.WNOHANG)[0]:
        return False
    # its group is there once it has left that of its parent
    while os.getpgid(process) != process:
        time.sleep(0.001)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return True


def seconds_until(holds: Callable[[], bool], process: int) -> float:
    """Wait until something holds or a process has ended, and return how long that took."""
    started = time.monotonic()
    while not holds() and os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.002)
    return time.monotonic() - started


def state_of(path: Path) -> int:
    """Tell one content of a file that is replaced from another."""
    return path.stat().st_mtime_ns if path.exists() else 0


def is_whole(path: Path, expected: dict[str, str]) -> bool:
    """Check that what stands under an output's name is what should; a stage may make its files one by one."""
    finished = {name: sha256 for name, sha256 in results(path).items() if ".partial" not in name}
    return finished.items() <= expected.items()


def results(path: Path) -> dict[str, str]:
    """Compute the checksum of every file below a path, or of itself, but of what holds times."""
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    kept = [file for file in found if file.is_file() and not set(file.relative_to(path.parent).parts) & set(TIMES)]
    return {str(file.relative_to(path.parent)): files.sha256(file) for file in kept if "checkpoint" not in file.parts}


def difference(name: str, expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """List the files that aren't the same."""
    return [f"{name}: {file}" for file in sorted({file for file, _ in expected.items() ^ found.items()})]


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def shown(differing: list[str]) -> str:
    """Say what differs, or that nothing does."""
    return "\n  ".join(["these differ:", *differing]) if differing else "the same bytes"


if __name__ == "__main__":
    sys.exit(main())
