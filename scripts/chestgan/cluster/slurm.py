"""What Slurm says: its partitions and settings, a user's accounts and jobs."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chestgan.base.errors import UserError
from chestgan.cluster import programs

# `gpu:a100:4(S:0-1)`, `gpu:2`, and beside others `gpu:a100:2,shard:8`
_GPUS = re.compile(r"(?:^|,)gpu(?::[^:,()]+)*:(\d+)")
_NO_DATABASE = ("not running a supported accounting_storage plugin", "accounting storage is disabled")
# what Slurm's programs say where the controller or its network is away, and not where it refuses
_AWAY = re.compile(
    "unable to (contact|connect)|timed out|zero bytes were|connection (refused|reset)|standby mode|unable to accept"
    "|temporarily unavailable|transport endpoint|munge|authentication error|no route to host|gave no answer",
    re.IGNORECASE,
)
# states that a job never leaves; after some of them Slurm may start it again by itself
REQUEUED = frozenset({"NODE_FAIL", "PREEMPTED"})
FORGOTTEN = "neither squeue nor sacct knows how"
ENDED = REQUEUED | {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "OUT_OF_MEMORY",
    "REVOKED",
    "TIMEOUT",
    FORGOTTEN,
}
# the executor names a job's rule there, and nobody else writes so
_COMMENT_OF_RULE = "rule_"


@dataclass(frozen=True)
class Partition:
    """What a partition has.

    Attributes:
        name: as in `--partition`.
        default: whether jobs that name none go there.
        up: whether it starts jobs.
        nodes: how many there are.
        gpus: of the node that has most; `cpus` and `mem_mb` likewise.
        minutes: longest time of a job; None: no limit.
    """

    name: str
    default: bool
    up: bool
    nodes: int
    gpus: int
    cpus: int
    mem_mb: int
    minutes: int | None


@dataclass(frozen=True)
class Job:
    """A job that squeue knows; `comment` names its rule and its wildcards."""

    id: str
    state: str
    comment: str

    @property
    def rule(self) -> str:
        """Name of its rule."""
        return self.comment.removeprefix(_COMMENT_OF_RULE).partition("_wildcards_")[0]


def partitions() -> dict[str, Partition]:
    """Ask for the partitions, by name.

    Raises:
        UserError: there is no `sinfo`, or it gives no answer.
    """
    # --exact: nodes that differ have lines of their own, else numbers would end in a plus
    return read_partitions(_ask("sinfo", "--all", "--noheader", "--exact", "--format=%P|%a|%l|%D|%c|%m|%G"))


def read_partitions(text: str) -> dict[str, Partition]:
    """Read lines of `sinfo --format=%P|%a|%l|%D|%c|%m|%G`; several of one partition are put together."""
    found: dict[str, Partition] = {}
    for name, state, limit, *numbers, resources in _rows(text, 7):
        nodes, cpus, mem_mb = (int(number.rstrip("+")) for number in numbers)
        default, name = name.endswith("*"), name.removesuffix("*")
        before = found.get(name, Partition(name, default, state == "up", 0, 0, 0, 0, read_minutes(limit)))
        found[name] = Partition(
            name,
            default,
            before.up,
            before.nodes + nodes,
            max(before.gpus, count_gpus(resources)),
            max(before.cpus, cpus),
            max(before.mem_mb, mem_mb),
            before.minutes,
        )
    return found


def count_gpus(resources: str) -> int:
    """Count the GPUs in Slurm's words for a node's generic resources, such as `gpu:a100:4(S:0-1),shard:8`."""
    return sum(map(int, _GPUS.findall(resources)))


def read_minutes(limit: str) -> int | None:
    """Read a time limit as Slurm writes it, such as `1-12:00:00`, `4:00:00` or `30:00`; None where there is none."""
    days, _, clock = limit.rpartition("-")
    if not re.fullmatch(r"\d+(:\d+){1,2}", clock):
        return None
    hours, minutes, _ = ["0", *clock.split(":")][-3:]
    return (int(days or 0) * 24 + int(hours)) * 60 + int(minutes)


def accounts(user: str) -> list[str] | None:
    """Ask for a user's accounts; None where the cluster has no accounting database.

    Raises:
        UserError: there is no `sacctmgr`, or the database gives no answer.
    """
    command = ["--noheader", "--parsable2", "show", "associations", f"user={user}", "format=account"]
    try:
        return sorted(set(_ask("sacctmgr", *command).split()))
    except UserError as error:
        if _has_no_database(error):
            return None
        raise


def unfinished_jobs(folder: Path) -> list[Job]:
    """Ask for the user's jobs that a Snakemake submitted from a folder, and that wait or run.

    Raises:
        UserError: there is no `squeue`, or it gives no answer.
    """
    return read_jobs(_ask("squeue", "--me", "--array", "--noheader", "--format=%i|%T|%Z|%k"), folder)


def read_jobs(text: str, folder: Path) -> list[Job]:
    """Read lines of `squeue --format=%i|%T|%Z|%k`, and keep the jobs of rules that work in `folder`."""
    found = []
    for number, state, work_folder, comment in _rows(text, 4):
        if comment.startswith(_COMMENT_OF_RULE) and Path(work_folder).resolve() == folder.resolve():
            found.append(Job(number, state, comment))
    return found


def jobs_of_run(name: str) -> list[Job]:
    """Ask for the jobs that one run of Snakemake submitted, those among them that ended lately.

    Args:
        name: that the run gives all its jobs.

    Raises:
        UserError: there is no `squeue`, or it gives no answer.
    """
    flags = ["--me", "--array", "--states=all", "--noheader", f"--name={name}", "--format=%i|%T|%k"]
    return [Job(*row) for row in _rows(_ask("squeue", *flags), 3)]


def ends(numbers: Sequence[str]) -> dict[str, str]:
    """Ask the accounting database how jobs ended, by their numbers; nothing where the cluster has none.

    Raises:
        UserError: there is no `sacct`, or the database gives no answer.
    """
    command = ["--allocations", "--noheader", "--parsable2", "--format=jobid,state", f"--jobs={','.join(numbers)}"]
    try:
        rows = _rows(_ask("sacct", *command), 2)
    except UserError as error:
        if _has_no_database(error):
            return {}
        raise
    # it says who cancelled a job, "CANCELLED by 1000"
    return {number: state.partition(" ")[0] for number, state in rows}


def settings() -> dict[str, str]:
    """Ask for the cluster's settings, by their names; none where it doesn't answer."""
    try:
        return dict(re.findall(r"^(\w+) += (.*)", _ask("scontrol", "show", "config"), re.MULTILINE))
    except UserError:
        return {}


def number(setting: str | None, otherwise: int) -> int:
    """Read the number of a setting, without its unit."""
    found = re.match(r"\d+", setting or "")
    return int(found[0]) if found else otherwise


def kept_seconds(settings: Mapping[str, str]) -> int:
    """Read for how many seconds squeue still tells of a job that ended; Slurm's default where it isn't told."""
    return number(settings.get("MinJobAge"), 300)


def submit_limit(user: str, account: str | None) -> int | None:
    """Ask how many jobs of a user an account takes at once; None where there is no limit or no database."""
    command = ["--noheader", "--parsable2", "show", "associations", f"user={user}", "format=account,maxsubmitjobs"]
    try:
        rows = _rows(_ask("sacctmgr", *command), 2)
    except UserError:
        return None
    limits = [int(limit) for name, limit in rows if limit.isdigit() and account in (None, name)]
    return min(limits, default=None)


def is_away(words: str) -> bool:
    """Say whether Slurm's words mean that it can't be reached, not that it refuses."""
    return bool(_AWAY.search(words))


def _has_no_database(error: UserError) -> bool:
    return any(words in str(error) for words in _NO_DATABASE)


def _rows(text: str, columns: int) -> list[list[str]]:
    # a site with several clusters gets a line `CLUSTER: name` before the others
    return [line.strip().split("|", columns - 1) for line in text.splitlines() if "|" in line]


def _ask(*command: str) -> str:
    # what a user set for reading by eye would filter and reorder
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SINFO_", "SQUEUE_"))}
    return programs.ask(command, environment=environment)
