"""The executor for Slurm outlasts what the plugin doesn't; tests/slurm shows it on a real cluster."""

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
import snakemake_executor_plugin_slurm as plugin
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from chestgan.base.errors import UserError
from chestgan.cluster import executor, slurm
from chestgan.cluster.slurm import Job

AWAY = "SLURM sbatch failed. The error message was 'sbatch: error: Unable to contact slurm controller'."
REFUSED = "SLURM sbatch failed. The error message was 'sbatch: error: invalid partition specified: gup'."


class Watched(executor.Executor):
    """An executor without a cluster, which notes what it reports."""

    def __init__(self, folder: Path, requeue: bool = False) -> None:
        settings = SimpleNamespace(
            init_seconds_before_status_checks=5, requeue=requeue, keep_successful_logs=False, array_jobs=None
        )
        self.workflow = SimpleNamespace(executor_settings=settings)
        self.logger = SimpleNamespace(warning=lambda text: self.told.append(text))
        self.told, self.reported, self.submitted = [], [], []
        self.run_uuid, self.slurm_logdir = "run", folder
        self._closing, self._away_since, self._known, self._unseen = threading.Event(), None, set(), {}
        self._longest, self._main_event_loop = 60.0, None
        self._next_seconds_between_status_checks = 5
        self._job_submission_executor = SimpleNamespace(submit=self.submit)

    def submit(self, function, *arguments) -> Future:
        self.submitted.append((function, *arguments))

    def report_job_success(self, info: SubmittedJobInfo) -> None:
        self.reported.append((info.external_jobid, "success"))

    def report_job_error(self, info: SubmittedJobInfo, msg: str = "", **details: object) -> None:
        self.reported.append((info.external_jobid, msg))

    def report_job_submission(self, info: SubmittedJobInfo) -> None:
        self.reported.append((info.external_jobid, "submitted"))

    def look(self, *numbers: str) -> list[str]:
        """Look at the queue once, and give the numbers of the jobs that go on."""

        async def check() -> list[str]:
            infos = [
                SubmittedJobInfo(None, number, {"slurm_logfile": self.slurm_logdir / number}) for number in numbers
            ]
            return [info.external_jobid async for info in self.check_active_jobs(infos)]

        return asyncio.run(check())


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """Stand in for squeue and sacct: the states that each of them tells, by the jobs' numbers."""
    told: dict[str, dict[str, str]] = {"squeue": {}, "sacct": {}}
    monkeypatch.setattr(slurm, "jobs_of_run", lambda name: [Job(*each, "") for each in told["squeue"].items()])
    monkeypatch.setattr(slurm, "ends", lambda numbers: {n: s for n, s in told["sacct"].items() if n in numbers})
    return told


def test_it_stands_where_snakemake_looks_for_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    registered = ExecutorPluginRegistry().get_plugin("slurm")
    monkeypatch.setattr(registered, "executor", plugin.Executor)
    executor.use()
    assert registered.executor is executor.Executor


def test_ends_are_reported_whoever_tells_them_and_other_jobs_go_on(queue: dict, tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    (tmp_path / "1").touch()
    queue["squeue"] |= {"1": "COMPLETED", "2": "RUNNING", "3_4": "TIMEOUT", "5": "PREEMPTED", "6": "SUSPENDED"}
    queue["sacct"] |= {"7": "CANCELLED", "8": "RUNNING"}
    assert watched.look("1", "2", "3_4", "5", "6", "7", "8") == ["2", "6", "8"]
    assert watched.reported == [
        ("1", "success"),
        ("3_4", "Slurm's job 3_4 ended: TIMEOUT. "),
        ("5", "Slurm's job 5 ended: PREEMPTED. "),
        ("7", "Slurm's job 7 ended: CANCELLED. "),
    ]
    # the log of a job that was fine goes
    assert list(tmp_path.iterdir()) == []


def test_where_slurm_requeues_a_lost_node_is_no_end(queue: dict, tmp_path: Path) -> None:
    queue["squeue"] |= {"1": "NODE_FAIL", "2": "FAILED"}
    assert Watched(tmp_path, requeue=True).look("1", "2") == ["1"]


def test_no_answer_ends_no_job_and_is_told_once(queue: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path)

    def fail(name: str) -> list[Job]:
        raise UserError("`squeue` failed")

    with monkeypatch.context() as patch:
        patch.setattr(slurm, "jobs_of_run", fail)
        for _ in range(20):
            assert watched.look("1") == ["1"]
    queue["squeue"]["1"] = "COMPLETED"
    assert watched.look("1") == []
    assert [text.partition(" after")[0] for text in watched.told] == [
        "Slurm is away, and jobs wait until it is back: `squeue` failed",
        "Slurm is back",
    ]


def test_a_job_that_nobody_knows_any_longer_is_lost_after_a_while(queue: dict, tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for _ in range(4):
        assert watched.look("1") == ["1"]
    assert watched.look("1") == []
    assert watched.reported == [("1", "Slurm's job 1 ended: neither squeue nor sacct knows how. ")]


def test_an_end_is_noticed_within_half_of_a_jobs_time(queue: dict, tmp_path: Path) -> None:
    watched, waits, elapsed = Watched(tmp_path), [], 0.0
    queue["squeue"]["1"] = "RUNNING"
    for _ in range(10):
        waits.append(watched.next_seconds_between_status_checks)
        assert waits[-1] <= max(5, elapsed / 2 + 5)
        elapsed += waits[-1]
        watched.look("1")
    assert waits[-1] == 60
    queue["squeue"]["1"] = "COMPLETED"
    watched.look("1")
    assert watched.next_seconds_between_status_checks == 5


def test_a_submission_waits_while_slurm_is_away_and_fails_where_it_refuses(tmp_path: Path) -> None:
    watched, info = Watched(tmp_path), SubmittedJobInfo("job")
    # the command names a folder, which says nothing about Slurm
    command = "\n    sbatch call:\n        sbatch -D /home/timed out/munge"
    watched._report_job_error_threadsafe(info, REFUSED + command)
    assert (watched.reported, watched.submitted) == ([(None, REFUSED + command)], [])
    watched.reported.clear()
    watched._report_job_error_threadsafe(info, AWAY + command)
    assert (watched.reported, watched.submitted) == ([], [(watched._submit_again, "job")])
    # Ctrl-C waits for nothing
    watched._closing.set()
    watched._report_job_error_threadsafe(info, AWAY)
    assert watched.reported == [(None, AWAY)]


def test_arrays_are_of_those_that_are_ready_whoever_else_is_to_come(tmp_path: Path) -> None:
    watched, sent = Watched(tmp_path), []
    watched.array_jobs = {"compute_fid"}
    watched._submit_job, watched._submit_array_jobs = sent.append, sent.append
    jobs = [MagicMock(is_group=lambda: False) for _ in range(3)]
    for job, name in zip(jobs, ("compute_fid", "train_acgan", "compute_fid"), strict=True):
        job.rule.name = name
    watched.run_jobs(jobs)
    assert sent == [[jobs[0], jobs[2]], jobs[1]]
    sent.clear()
    watched.run_jobs(jobs[:1])
    assert sent == [jobs[0]]


def test_the_logs_of_an_array_are_where_sbatch_writes_them(tmp_path: Path) -> None:
    watched, job = Watched(tmp_path), SimpleNamespace(name="compute_fid")
    for number, where in (("7_2", "rule_compute_fid/7_2.log"), ("7", "rule_compute_fid/covidgan_0/7.log")):
        log = tmp_path / "rule_compute_fid" / "covidgan_0" / f"{number}.log"
        info = SubmittedJobInfo(job, number, {"slurm_logfile": log})
        watched._report_job_submission_threadsafe(info)
        assert info.aux["slurm_logfile"] == tmp_path / where
