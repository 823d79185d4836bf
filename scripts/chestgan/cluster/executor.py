"""Snakemake's executor for Slurm, and what it takes to outlast a cluster's outages.

snakemake-executor-plugin-slurm 2.8.0 forgets its jobs after five queries that fail, takes a controller that is away for
a job that failed, never again uses a node that was lost once, and waits for ever for a job that was preempted, that
squeue has forgotten, or that was to be in an array with more than may be in the queue. docs/slurm_executor.md shows
each of these to its authors.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator

import snakemake_executor_plugin_slurm as plugin
from snakemake_executor_plugin_slurm.utils import get_job_wildcards
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from chestgan.base.errors import UserError
from chestgan.cluster import slurm

# seconds between two looks at the queue, and between two tries while Slurm is away
LONGEST, _PAUSE = 60.0, 5.0
# looks at the queue after which a job that is nowhere counts as lost
_PATIENCE = 5


def use() -> None:
    """Let `executor: slurm` mean the executor of this module, where the plugin is installed."""
    ExecutorPluginRegistry().get_plugin("slurm").executor = Executor


class Executor(plugin.Executor):
    """Submits and follows jobs as the plugin does, and waits while Slurm is away.

    A submission that fails for the cluster's reasons is tried again and counts as no attempt. A job has ended once
    squeue says so, or sacct where squeue has forgotten it. Slurm alone chooses among the nodes.
    """

    def __post_init__(self, test_mode: bool = False) -> None:
        super().__post_init__(test_mode)
        self._closing = threading.Event()
        self._away_since: float | None = None
        self._known: set[str] = set()
        self._unseen: dict[str, int] = {}
        # squeue must be asked before it forgets
        self._longest = min(LONGEST, slurm.kept_seconds(slurm.settings()) / 2)

    def run_jobs(self, jobs: list[JobExecutorInterface]) -> None:
        """Submit jobs; those of a rule that the profile wants as an array, together.

        The plugin waits with an array until all jobs of its rule are given to it at once, forgets those that it had,
        and so hangs where more are ready than may be in the queue.
        """
        together: dict[object, list[JobExecutorInterface]] = {}
        for job in jobs:
            in_array = not job.is_group() and self.array_jobs & {"all", job.rule.name}
            together.setdefault(job.rule.name if in_array else job, []).append(job)
        for some in together.values():
            if len(some) == 1:
                self._submit_job(some[0])
            else:
                self._submit_array_jobs(some)

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncIterator[SubmittedJobInfo]:
        """Report the jobs that ended, and yield the others."""
        soon = self.workflow.executor_settings.init_seconds_before_status_checks
        if not active_jobs:
            self.next_seconds_between_status_checks = soon
            return
        try:
            states = await asyncio.to_thread(self._states, [info.external_jobid for info in active_jobs])
        except UserError as error:
            self._tell_away(str(error))
            self.next_seconds_between_status_checks = _PAUSE
            states = {}
        else:
            self._tell_back()
            # a long job is looked at rarely, and whatever follows an end soon
            later = min(1.5 * self.next_seconds_between_status_checks, self._longest)
            ended = any(map(self._is_final, states.values()))
            self.next_seconds_between_status_checks = min(soon, self._longest) if ended else later
        for info in active_jobs:
            state = states.get(info.external_jobid, "")
            if self._is_final(state):
                self._report_end(info, state)
            else:
                yield info

    def _states(self, numbers: list[str]) -> dict[str, str]:
        """Ask how jobs stand, by their numbers.

        Raises:
            UserError: Slurm doesn't answer.
        """
        states = {job.id: job.state for job in slurm.jobs_of_run(self.run_uuid)}
        forgotten = [number for number in numbers if number not in states]
        if not forgotten:
            return states
        ends = {number: state for number, state in slurm.ends(forgotten).items() if self._is_final(state)}
        for number in set(forgotten) - set(ends):
            self._unseen[number] = self._unseen.get(number, 0) + 1
            if self._unseen[number] == _PATIENCE:
                ends[number] = slurm.FORGOTTEN
        return states | ends

    def _is_final(self, state: str) -> bool:
        restarts = self.workflow.executor_settings.requeue and state in slurm.REQUEUED
        return state in slurm.ENDED and not restarts

    def _report_end(self, info: SubmittedJobInfo, state: str) -> None:
        log = info.aux["slurm_logfile"]
        if state != "COMPLETED":
            self.report_job_error(info, msg=f"Slurm's job {info.external_jobid} ended: {state}. ", aux_logs=[str(log)])
            return
        self.report_job_success(info)
        if not self.workflow.executor_settings.keep_successful_logs:
            with contextlib.suppress(OSError):
                log.unlink()

    def _report_job_submission_threadsafe(self, job_info: SubmittedJobInfo) -> None:
        number, log = job_info.external_jobid, job_info.aux["slurm_logfile"]
        self._known.add(number)
        if "_" in number:
            # sbatch writes the logs of an array side by side, whatever the wildcards of its jobs
            job_info.aux["slurm_logfile"] = self.slurm_logdir / f"rule_{job_info.job.name}" / log.name
        super()._report_job_submission_threadsafe(job_info)

    def _report_job_error_threadsafe(self, job_info: SubmittedJobInfo, msg: str) -> None:
        # the error comes before the command, whose paths mean nothing
        reason = msg.partition("sbatch call:")[0]
        if slurm.is_away(reason) and not self._closing.is_set():
            self._tell_away(reason)
            self._job_submission_executor.submit(self._submit_again, job_info.job)
        else:
            super()._report_job_error_threadsafe(job_info, msg)

    def _submit_again(self, job: JobExecutorInterface) -> None:
        """Submit a job as soon as Slurm answers, unless it took the job before."""
        while not self._closing.wait(_PAUSE):
            try:
                taken = self._taken(job)
            except UserError:
                continue
            self._tell_back()
            if taken:
                self._report_job_submission_threadsafe(taken)
            else:
                self.run_job(job)
            return
        super()._report_job_error_threadsafe(SubmittedJobInfo(job), "Snakemake ended before Slurm was back. ")

    def _taken(self, job: JobExecutorInterface) -> SubmittedJobInfo | None:
        """Find the job that Slurm took although sbatch heard nothing: a second one would write the same files."""
        rule, wildcards = f"rule_{job.name}", get_job_wildcards(job)
        comment = f"{rule}_wildcards_{wildcards}" if wildcards else rule
        for taken in slurm.jobs_of_run(self.run_uuid):
            if taken.comment == comment and taken.id not in self._known:
                log = self.slurm_logdir / rule / wildcards / f"{taken.id}.log"
                return SubmittedJobInfo(job, external_jobid=taken.id, aux={"slurm_logfile": log})
        return None

    def _tell_away(self, reason: str) -> None:
        if self._away_since is None:
            self._away_since = time.monotonic()
            self.logger.warning(f"Slurm is away, and jobs wait until it is back: {' '.join(reason.split())}")

    def _tell_back(self) -> None:
        if self._away_since is not None:
            self.logger.warning(f"Slurm is back after {time.monotonic() - self._away_since:.0f} s")
            self._away_since = None

    def cancel(self) -> None:
        """Cancel the jobs, and wait for Slurm no longer."""
        self._closing.set()
        super().cancel()

    def shutdown(self) -> None:
        """End, and wait for Slurm no longer."""
        self._closing.set()
        super().shutdown()
