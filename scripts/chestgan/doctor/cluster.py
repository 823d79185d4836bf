"""Checks of a cluster: Slurm's commands and answers, partitions, an account, GPUs, and no jobs left in the folder."""

import getpass
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chestgan.base.errors import UserError
from chestgan.cluster import feasibility, slurm
from chestgan.cluster.feasibility import Request
from chestgan.cluster.profiles import Profile
from chestgan.cluster.slurm import Partition
from chestgan.cluster.stages import ON_GPU
from chestgan.doctor.findings import Finding, collect, fine, missing, wrong

_PROGRAMS = ("sbatch", "squeue", "sinfo")
# seconds below which an end may be missed while Slurm doesn't answer, and elements of an array that the plugin expects
_SHORT, _LEAST_ARRAY = 120, 3


def check(profile: Profile, config: dict[str, Any], rules: Sequence[str], folder: Path) -> Iterator[Finding]:
    """Check everything that the profile and the configuration expect of the cluster.

    Args:
        profile: whose executor is Slurm.
        config: the study's configuration.
        rules: whose jobs would be submitted.
        folder: where Snakemake runs.
    """
    if "SLURM_JOB_ID" in os.environ:
        yield fine("Slurm", f"this is its job {os.environ['SLURM_JOB_ID']}; what it lacks shows on a login node")
        return
    for program in _PROGRAMS:
        if not shutil.which(program):
            yield missing("Slurm", f"there is no {program} on the PATH; work on a login node of the cluster")
    accounting, accounts = _accounting()
    yield accounting
    if shutil.which("sinfo"):
        requests = [_request(rule, profile, config) for rule in rules]
        yield from collect("Slurm", _partitions(requests, accounts, profile))
        yield from collect("Slurm", _settings(profile, accounts is not None))
    if shutil.which("squeue"):
        yield from collect("jobs", _unfinished(folder))


def _accounting() -> tuple[Finding, list[str] | None]:
    try:
        accounts = slurm.accounts(getpass.getuser())
    except UserError as error:
        return wrong("accounting", f"{error}; ask the cluster's support"), None
    if accounts is not None:
        return fine("accounting", f"accounts of {getpass.getuser()}: {', '.join(accounts) or 'none'}"), accounts
    return fine("accounting", "there is no database, and squeue needs none to follow the jobs"), None


def _partitions(requests: Sequence[Request], accounts: list[str] | None, profile: Profile) -> Iterator[Finding]:
    partitions = slurm.partitions()
    yield fine("Slurm", f"the controller answers; {'; '.join(map(_listed, partitions.values()))}")
    for partition in partitions.values():
        users = [request.rule for request in requests if request.partition == partition.name]
        if users and not partition.up:
            yield wrong(
                "partition", f"{partition.name} isn't up: jobs of {', '.join(users)} would wait; choose another"
            )
        for request in requests:
            if request.nodes > 1 and (request.partition, request.nodes) == (partition.name, partition.nodes):
                waits = f"{request.rule} takes all {partition.nodes} nodes of {partition.name}"
                yield fine("nodes", f"{waits}, and waits while one of them is down")
    if not _chooses_partitions(profile):
        default = next((partition.name for partition in partitions.values() if partition.default), None)
        requests = [replace(request, partition=request.partition or default) for request in requests]
    problems = feasibility.impossible(requests, partitions, accounts, str(profile.file))
    for problem in problems:
        yield wrong("requests", problem)
    if not problems:
        checked = "partitions, the account" if accounts else "partitions"
        yield fine("requests", f"there are the {checked} and the GPUs that jobs will ask for")


def _settings(profile: Profile, database: bool) -> Iterator[Finding]:
    """Tell what the site's settings mean for a study that runs for days."""
    found = slurm.settings()
    if not found:
        return
    kept = slurm.kept_seconds(found)
    if kept >= _SHORT or database:
        other = "" if kept >= _SHORT else ", and sacct is asked about those it has forgotten"
        yield fine("ends of jobs", f"squeue tells of them for {kept} s{other}")
    else:
        yield wrong(
            "ends of jobs",
            f"squeue forgets them after {kept} s, and there is no accounting database: a job whose end is missed runs "
            "again; ask the cluster's support for MinJobAge=300",
        )
    # the executor plugin refuses to start, with or without arrays
    if slurm.number(found.get("MaxArraySize"), 1001) < _LEAST_ARRAY:
        size = found["MaxArraySize"]
        yield wrong(
            "arrays", f"MaxArraySize is {size}, and the executor needs {_LEAST_ARRAY}; ask the cluster's support"
        )
    yield from _queue(found, profile)
    if not (profile.settings.get("slurm-no-requeue") or profile.settings.get("slurm-requeue")):
        doubled = "both Slurm and Snakemake would start a lost job again, and two would write the same files"
        yield wrong("lost jobs", f"{doubled}; set slurm-no-requeue: true in {profile.file}")
    if found.get("PreemptType", "preempt/none") != "preempt/none":
        yield fine("preemption", "jobs of more priority may displace others, which are submitted again and resume")


def _queue(found: Mapping[str, str], profile: Profile) -> Iterator[Finding]:
    """Compare the jobs that are submitted at once with what the cluster and the account take."""
    jobs = profile.settings.get("jobs")
    if not isinstance(jobs, int):
        return
    account = profile.defaults.get("slurm_account")
    limit = slurm.submit_limit(getpass.getuser(), account and str(account).lower())
    most = min(slurm.number(found.get("MaxJobCount"), jobs), jobs if limit is None else limit)
    if jobs > most:
        refused = "the others would be refused and lose their attempts"
        yield wrong("queue", f"it takes {most} jobs, and {refused}; set jobs: {most} in {profile.file}")
    else:
        yield fine("queue", f"up to {jobs} jobs at once, which the cluster and the account take")


def _listed(partition: Partition) -> str:
    nodes = f"{partition.nodes} {'node' if partition.nodes == 1 else 'nodes'}"
    each = f"{partition.cpus} CPUs, {partition.mem_mb} MB" + (f", {partition.gpus} GPUs" if partition.gpus else "")
    return f"partition {partition.name}{' (default)' if partition.default else ''}: {nodes} of {each}"


def _chooses_partitions(profile: Profile) -> bool:
    """Check whether the executor has a table of partitions to choose from."""
    return bool(profile.settings.get("slurm-partition-config") or os.getenv("SNAKEMAKE_SLURM_PARTITIONS"))


def _request(rule: str, profile: Profile, config: dict[str, Any]) -> Request:
    gpus, nodes = config.get("gpus", 0), config.get("nodes", 1)
    if rule == "train_acgan":
        asked, threads = {"gpu": gpus * nodes, "nodes": nodes}, max(1, gpus)
    else:
        asked, threads = {"gpu": min(1, gpus) if rule in ON_GPU else 0}, 1
    return feasibility.request(rule, threads, asked | profile.resources(rule))


def _unfinished(folder: Path) -> Iterator[Finding]:
    jobs = slurm.unfinished_jobs(folder)
    if jobs:
        yield wrong("jobs", feasibility.tell_unfinished(jobs))
    else:
        yield fine("jobs", "none of an earlier run is left in this folder")
