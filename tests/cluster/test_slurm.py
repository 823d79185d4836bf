"""What Slurm writes is understood."""

import sys
from pathlib import Path

import pytest

from chestgan.base.errors import UserError
from chestgan.cluster import programs, slurm
from chestgan.cluster.slurm import Job, Partition

# the lines of real clusters, with several kinds of node in a partition
SINFO = """\
CLUSTER: big
cpu*|up|1-00:00:00|1|16|64000|(null)
gpu|up|1-00:00:00|2|16|64000|gpu:a100:2
mixed|up|infinite|40|64|256000|(null)
mixed|up|infinite|4|128|1024000|gpu:a100:4(S:0-1),shard:8
mixed|up|infinite|2|32+|192000+|gpu:2
old|down|4:00:00|1|8|16000|gpu:tesla_v100-sxm2-16gb:1(S:0,1),gpu:k80:2
empty|up|30:00|0|0|0|
"""
PARTITIONS = slurm.read_partitions(SINFO)


def test_partitions_are_read() -> None:
    assert list(PARTITIONS) == ["cpu", "gpu", "mixed", "old", "empty"]
    assert PARTITIONS["cpu"] == Partition("cpu", True, True, 1, 0, 16, 64000, 1440)
    assert PARTITIONS["gpu"] == Partition("gpu", False, True, 2, 2, 16, 64000, 1440)
    assert PARTITIONS["mixed"] == Partition("mixed", False, True, 46, 4, 128, 1024000, None)
    assert PARTITIONS["old"] == Partition("old", False, False, 1, 3, 8, 16000, 240)
    assert PARTITIONS["empty"] == Partition("empty", False, True, 0, 0, 0, 0, 30)


@pytest.mark.parametrize(
    ("resources", "gpus"),
    [("(null)", 0), ("", 0), ("gpu:2", 2), ("gpu:a100:4(S:0-1)", 4), ("shard:8,gpu:a100:2", 2), ("mps:400,nvgpu:3", 0)],
)
def test_gpus_are_counted_among_other_resources(resources: str, gpus: int) -> None:
    assert slurm.count_gpus(resources) == gpus


@pytest.mark.parametrize(
    ("limit", "minutes"),
    [("infinite", None), ("n/a", None), ("30:00", 30), ("4:00:00", 240), ("1-12:30:00", 2190), ("0:30", 0)],
)
def test_time_limits_are_read(limit: str, minutes: int | None) -> None:
    assert slurm.read_minutes(limit) == minutes


def test_only_jobs_of_rules_of_this_folder_are_found(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "study")
    text = (
        f"3|RUNNING|{tmp_path}/study|rule_train_acgan_wildcards_covidgan-0\n"
        f"17_4|PENDING|{tmp_path}/study|rule_summarise_study\n"
        f"4|RUNNING|{tmp_path}/other|rule_train_acgan_wildcards_covidgan-0\n"
        f"5|RUNNING|{tmp_path}/study|(null)\n"
        f"6|RUNNING|{tmp_path}/study|my rule_of_thumb | 2\n"
    )
    expected = [
        Job("3", "RUNNING", "rule_train_acgan_wildcards_covidgan-0"),
        Job("17_4", "PENDING", "rule_summarise_study"),
    ]
    assert slurm.read_jobs(text, tmp_path / "study") == expected
    assert slurm.read_jobs(text, tmp_path / "link") == expected


@pytest.mark.parametrize(
    ("words", "away"),
    [
        ("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", True),
        ("slurm_load_jobs error: Socket timed out on send/recv operation", True),
        ("sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received", True),
        ("sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying", True),
        ("sbatch: error: Munge encode failed: Failed to access", True),
        ("sbatch: error: Batch job submission failed: Requested node configuration is not available", False),
        ("sbatch: error: Batch job submission failed: Invalid account or account/partition combination", False),
        ("sbatch: error: Batch job submission failed: Requested time limit is invalid", False),
    ],
)
def test_a_cluster_that_is_away_is_told_from_one_that_refuses(words: str, away: bool) -> None:
    assert slurm.is_away(words) is away


def stand_in(folder: Path, name: str, answer: str, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> None:
    """Put a program first on the path that answers so."""
    program = folder / name
    program.write_text(f"#!/bin/sh\ncat >&{'2' if code else '1'} <<'END'\n{answer}\nEND\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_how_jobs_of_a_run_stand_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "squeue", "7|RUNNING|rule_a_wildcards_x_0\n8_2|PENDING|rule_b\n", monkeypatch)
    stand_in(tmp_path, "sacct", "9|CANCELLED by 1000\n10_1|COMPLETED\n", monkeypatch)
    assert slurm.jobs_of_run("run") == [Job("7", "RUNNING", "rule_a_wildcards_x_0"), Job("8_2", "PENDING", "rule_b")]
    assert slurm.ends(["9", "10_1"]) == {"9": "CANCELLED", "10_1": "COMPLETED"}


def test_no_database_knows_no_ends_and_one_that_is_away_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "sacct", "Slurm accounting storage is disabled", monkeypatch, code=1)
    assert slurm.ends(["9"]) == {}
    stand_in(tmp_path, "sacct", "Problem talking to the database: Connection refused", monkeypatch, code=1)
    with pytest.raises(UserError, match="Connection refused"):
        slurm.ends(["9"])


def test_settings_of_the_cluster_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "scontrol", "MaxArraySize            = 1001\nMinJobAge               = 120 sec", monkeypatch)
    assert slurm.settings() == {"MaxArraySize": "1001", "MinJobAge": "120 sec"}
    assert slurm.kept_seconds(slurm.settings()) == 120
    stand_in(tmp_path, "scontrol", "", monkeypatch, code=1)
    assert slurm.settings() == {}
    assert slurm.kept_seconds({}) == 300


def test_the_least_limit_of_an_account_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "sacctmgr", "lab|20\nlab|30\nother|5\nfree|", monkeypatch)
    limits = {account: slurm.submit_limit("me", account) for account in ("lab", "free", None)}
    assert limits == {"lab": 20, "free": None, None: 5}


def test_a_program_that_is_not_there_fails_or_hangs_is_told() -> None:
    with pytest.raises(UserError, match="there is no program no-such-program on the PATH"):
        programs.ask(["no-such-program"])
    with pytest.raises(UserError, match=r"failed with exit code 3: first second"):
        programs.ask([sys.executable, "-c", "import sys; sys.exit(print('first\\nsecond', file=sys.stderr) or 3)"])
    with pytest.raises(UserError, match=r"gave no answer in 0\.5 seconds"):
        programs.ask([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.5)
