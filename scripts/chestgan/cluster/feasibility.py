"""What jobs ask of Slurm, and why the cluster would refuse it or never start it."""

import getpass
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chestgan.base.errors import UserError, unknown_name
from chestgan.cluster import slurm
from chestgan.cluster.slurm import Job, Partition


@dataclass(frozen=True)
class Request:
    """What a job asks for; None leaves it to the cluster.

    Attributes:
        rule: name of its rule.
        partition: one, or several with commas between them; None: whichever fits.
        account: likewise.
        gpus: on all nodes together.
        nodes: how many; the GPUs are shared out evenly.
        minutes: time limit.
        mem_mb: on each node; `threads` likewise.
    """

    rule: str
    partition: str | None
    account: str | None
    gpus: int
    nodes: int
    minutes: int | None
    mem_mb: int | None
    threads: int


def request(rule: str, threads: int, resources: Mapping[str, Any]) -> Request:
    """Derive what a job of Snakemake asks Slurm for."""

    def whole(name: str) -> int | None:
        value = resources.get(name)
        return value if isinstance(value, int) else None

    nodes = whole("nodes") or 1
    gpus = whole("gpu") or nodes * slurm.count_gpus(resources.get("gres") or "")
    # a name made of digits is a number in YAML
    partition, account = (str(resources.get(f"slurm_{name}") or "") or None for name in ("partition", "account"))
    return Request(rule, partition, account, gpus, nodes, whole("runtime"), whole("mem_mb"), threads)


def problems(requests: Sequence[Request], folder: Path, profile: str = "the profile") -> list[str]:
    """Ask the cluster what stands against submitting these jobs from a folder: one sentence a problem.

    Args:
        requests: of the jobs.
        folder: where Snakemake runs.
        profile: its file, as the sentences name it.

    Raises:
        UserError: Slurm gives no answer.
    """
    try:
        known = slurm.accounts(getpass.getuser())
    except UserError:
        # a database that is down for a while keeps no job from running
        known = None
    found = impossible(requests, slurm.partitions(), known, profile)
    jobs = slurm.unfinished_jobs(folder)
    return [*found, tell_unfinished(jobs)] if jobs else found


def tell_unfinished(jobs: Sequence[Job]) -> str:
    """Describe the jobs of an earlier run that are still there, and what to do."""
    listed = ", ".join(f"{job.id} ({job.rule}, {job.state.lower()})" for job in jobs)
    return (
        f"jobs that were submitted from this folder are still there: {listed}; a new run would write the same files. "
        f"Wait for them, or cancel them: scancel {' '.join(job.id for job in jobs)}"
    )


def impossible(
    requests: Sequence[Request], partitions: Mapping[str, Partition], accounts: Sequence[str] | None, profile: str
) -> list[str]:
    """List the requests that the cluster would refuse or never start.

    Args:
        requests: of the jobs to submit.
        partitions: from `slurm.partitions`.
        accounts: from `slurm.accounts`; None and none at all: any account will do.
        profile: the profile's file, as the sentences name it.

    Returns:
        One sentence a problem, which begins with the rules that have it and names what to change.
    """
    rules: dict[str, list[str]] = {}
    for request in requests:
        for problem in [*_unknown(request, partitions, accounts, profile), *_too_much(request, partitions, profile)]:
            names = rules.setdefault(problem, [])
            if request.rule not in names:
                names.append(request.rule)
    return [f"{', '.join(names)}: {problem}" for problem, names in rules.items()]


def _unknown(
    request: Request, partitions: Mapping[str, Partition], accounts: Sequence[str] | None, profile: str
) -> Iterator[str]:
    for name in _split(request.partition):
        if name not in partitions:
            yield f"{_mistyped('slurm_partition', name, partitions)} Change it in {profile}"
    for name in _split(request.account):
        # Slurm keeps them in lower case
        if accounts and name.lower() not in accounts:
            yield f"{_mistyped('slurm_account', name, accounts)} Change it in {profile}"


def _too_much(request: Request, partitions: Mapping[str, Partition], profile: str) -> Iterator[str]:
    names = _split(request.partition) or list(partitions)
    chosen = [partitions[name] for name in names if name in partitions]
    if not chosen:
        return
    where = " or ".join(partition.name for partition in chosen)
    gpus, most = math.ceil(request.gpus / request.nodes), max(partition.gpus for partition in chosen)
    if gpus > most:
        has = f"has more than {most}" if most else "has any"
        yield (
            f"asks for {_counted(gpus, 'GPU')} on a node, and no node of {where} {has}; "
            f"change `gpus` in the configuration, or slurm_partition in {profile}"
        )
    most = max(partition.nodes for partition in chosen)
    if request.nodes > most:
        yield (
            f"asks for {request.nodes} nodes, and {where} has {most}; "
            f"change `nodes` in the configuration, or slurm_partition in {profile}"
        )
    most = max(partition.mem_mb for partition in chosen)
    if (request.mem_mb or 0) > most:
        yield f"mem_mb is {request.mem_mb}, and no node of {where} has more than {most}; change it in {profile}"
    most = max(partition.cpus for partition in chosen)
    if request.threads > most:
        yield (
            f"asks for {request.threads} threads, and no node of {where} has more than {most} CPUs; "
            f"change set-threads in {profile}"
        )
    yield from _wrong_time(request, chosen, where, profile)


def _wrong_time(request: Request, chosen: list[Partition], where: str, profile: str) -> Iterator[str]:
    if request.minutes is None:
        return
    longest = max(math.inf if partition.minutes is None else partition.minutes for partition in chosen)
    if request.minutes < 1:
        yield f"runtime is {request.minutes} minutes, too short to start; change it in {profile}"
    if request.minutes > longest:
        yield f"runtime is {request.minutes} minutes, and {where} allows {longest}; change it in {profile}"


def _mistyped(key: str, name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    sentence = str(unknown_name(key, name, known))
    return sentence if sentence.endswith("?") else f"{sentence}."


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _split(names: str | None) -> list[str]:
    return re.split(r"[,\s]+", names.strip()) if names and names.strip() else []
