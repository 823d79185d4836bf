"""What happens to a stage from outside (a kill, a full disk, another like it) loses nothing and is told."""

import importlib
import os
import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import cases
import kills


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    # a process with threads of its own can't be copied
    torch.set_num_threads(1)


def test_killed_trainings_end_with_the_same_bytes(stocked: Path, capsys) -> None:
    assert kills.kill_trainings(4, np.random.default_rng(0), stocked) == []
    assert "train_acgan: 4 kills, " in capsys.readouterr().out


@pytest.mark.parametrize("script", ["split_data", "generate_images", "evaluate_classifier"])
def test_a_killed_stage_ends_with_the_same_bytes(script: str, stocked: Path, capsys) -> None:
    assert kills.kill_stage(script, 2, np.random.default_rng(0), stocked) == []
    assert f"{script}: 2 kills: the same bytes" in capsys.readouterr().out


def limited(script: str, flags: list[str]) -> Callable[[], int]:
    """Run a script where no file can have more than a kilobyte; what it says goes where that doesn't count."""

    def run() -> int:
        read, write = os.pipe()
        os.dup2(write, 2)
        os.close(write)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        code = importlib.import_module(script).main(flags)
        os.dup2(1, 2)
        told = os.read(read, 60_000).decode()
        return 0 if code == 1 and "error: File too large" in told and "Traceback" not in told else 1

    return run


@pytest.mark.parametrize("script", [*cases.STAGES, "train_acgan"])
def test_a_full_disk_ends_a_stage_in_one_line_and_leaves_nothing(script: str, stocked: Path, tmp_path: Path) -> None:
    cases.copy(stocked / "stock", tmp_path, *cases.needed(script))
    before = set(tmp_path.iterdir())
    process = kills.fork(limited(script, cases.command(script)[1]), tmp_path, stocked / f"{tmp_path.name}.txt")
    assert kills.wait(process) == 0
    left = {path.name for path in set(tmp_path.iterdir()) - before} - {"out-checkpoint"}
    assert left <= ({"out"} if script == "draw_curves" else set())


def test_four_measurements_may_share_their_features(stocked: Path, tmp_path: Path) -> None:
    cases.copy(stocked / "stock", tmp_path, *cases.needed("compute_fid"))
    run = importlib.import_module("compute_fid").main
    flags = [*cases.SOUND["compute_fid"].split(), "--features", "features", "--output"]
    processes = [kills.fork(lambda n=n: run([*flags, str(n)]), tmp_path, tmp_path / f"{n}.txt") for n in range(4)]
    assert [kills.wait(process) for process in processes] == [0] * 4
    tables = [(tmp_path / str(n) / "distances.csv").read_bytes() for n in range(4)]
    assert len(set(tables)) == 1
    assert not [path for path in (tmp_path / "features").iterdir() if path.suffix != ".npz"]


def test_of_two_trainings_on_a_checkpoint_one_is_told_and_one_ends_well(stocked: Path, tmp_path: Path) -> None:
    cases.copy(stocked / "stock", tmp_path, *cases.needed("train_acgan"))
    run = importlib.import_module("train_acgan").main
    flags = [*kills.TRAINING[:-1], "0", "--checkpoint", "checkpoint"]
    first = kills.fork(lambda: run(flags), tmp_path, tmp_path / "0.txt")
    kills.seconds_until(lambda: (tmp_path / "checkpoint" / "checkpoint.pt").exists(), first)
    second = kills.fork(lambda: run([*flags, "--output", "1"]), tmp_path, tmp_path / "1.txt")
    assert (kills.wait(second), kills.wait(first)) == (1, 0)
    told = (tmp_path / "1.txt").read_text()
    assert "error: another process trains with the checkpoint checkpoint/checkpoint.pt; wait for it, or stop it" in told
    assert kills.wait(kills.fork(lambda: run([*kills.TRAINING[:-1], "2"]), tmp_path, tmp_path / "2.txt")) == 0
    expected, found = (kills.results(tmp_path / name) for name in ("2", "0"))
    ours = {name.partition("/")[2]: sha256 for name, sha256 in found.items() if not name.endswith("settings.json")}
    assert ours.items() <= {name.partition("/")[2]: sha256 for name, sha256 in expected.items()}.items()
