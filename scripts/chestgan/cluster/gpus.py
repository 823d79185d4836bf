"""The GPUs of a machine without a scheduler, and leases of them: no GPU has more jobs at once than it may have.

A lease is a file that names its GPUs, and it holds as long as a process has it open and locked. The kernel lets go of
the lock of a process that ends or is killed, so no lease outlives its job, and none has to be given back.
"""

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from chestgan.base.errors import UserError
from chestgan.cluster import programs

# of the whole machine: two studies, and two users, share its GPUs
FOLDER = Path("/tmp/chestgan-gpus")
# a desktop takes less of a GPU, and another program that computes takes more
_FILLED = 0.5
_SECONDS_BETWEEN_LOOKS = 1.0
_QUERY = ("nvidia-smi", "--query-gpu=index,uuid,memory.used,memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Gpu:
    """A GPU.

    Attributes:
        name: as in CUDA_VISIBLE_DEVICES.
        used_mib: its memory in use, by whomever; 0 where that isn't known.
        total_mib: all of its memory; 0 where that isn't known.
    """

    name: str
    used_mib: int = 0
    total_mib: int = 0

    @property
    def is_filled(self) -> bool:
        """Whether so much of its memory is in use that a job would hardly find room."""
        return self.used_mib > _FILLED * self.total_mib

    def __str__(self) -> str:
        return f"GPU {self.name} ({self.used_mib / 1024:.0f} of {self.total_mib / 1024:.0f} GiB in use)"


def present(visible: str | None = None, named: int | None = None) -> list[Gpu]:
    """List the GPUs that jobs may have.

    Args:
        visible: the value of CUDA_VISIBLE_DEVICES, where it leaves some out.
        named: how many a user says there are, for a machine whose driver lists none.
    """
    try:
        found = read_gpus(programs.ask(_QUERY))
    except UserError:
        found = {str(number): Gpu(str(number)) for number in range(named or 0)}
    if visible is None:
        return list({gpu.name: gpu for gpu in found.values()}.values())
    # -1 hides what follows
    names = [name.strip() for name in visible.split("-1", 1)[0].split(",") if name.strip()]
    # a part of a GPU has a name that isn't listed
    return [found.get(name, Gpu(name)) for name in names]


def read_gpus(text: str) -> dict[str, Gpu]:
    """Read the driver's list, lines of `0, GPU-1f2e, 512, 81559`, by number and by UUID."""
    gpus: dict[str, Gpu] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == 4:
            number, uuid, *memory = cells
            gpus[number] = gpus[uuid] = Gpu(number, *(int(cell) if cell.isdigit() else 0 for cell in memory))
    return gpus


def problem(gpus: int, n_present: int, named: int | None) -> str:
    """Say why a training can't have as many GPUs as the configuration asks for; empty where it can.

    Args:
        gpus: the configuration's key.
        n_present: how many the machine has.
        named: how many there are by `--resources gpu=`, where a user says so.
    """
    if named is not None and named > n_present:
        return f"--resources gpu={named}, and this machine has {_counted(n_present)}; name no more than it has"
    allowed = n_present if named is None else named
    if gpus > allowed:
        by_flag = "" if named is None else " by --resources"
        return f"gpus is {gpus}, and this machine has {_counted(allowed)}{by_flag}; set gpus to {allowed}" + (
            "" if allowed else ", or to what another machine has and start there"
        )
    return ""


def _counted(n_gpus: int) -> str:
    return "no GPU" if n_gpus == 0 else "1 GPU" if n_gpus == 1 else f"{n_gpus} GPUs"


@dataclass(frozen=True)
class Lease:
    """GPUs that a job has as long as `descriptor` is open in one of its processes.

    Attributes:
        gpus: their names.
        path: its file.
        descriptor: the open and locked file.
    """

    gpus: list[str]
    path: Path
    descriptor: int

    def environment(self) -> dict[str, str]:
        """Return the variables that show a job its GPUs, numbered as the driver numbers them, and its lease."""
        return {
            "CUDA_VISIBLE_DEVICES": ",".join(self.gpus),
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
            "CHESTGAN_LEASE": str(self.path),
        }


def lease(
    folder: Path, wanted: int, jobs_per_gpu: int, look: Callable[[], Sequence[Gpu]], tell: Callable[[str], None]
) -> Lease:
    """Wait until `wanted` GPUs are free, and lease them.

    Jobs get theirs in the order in which they ask, so that one of several GPUs isn't passed by for ever.

    Args:
        folder: where the leases of this machine are.
        wanted: how many GPUs, all different.
        jobs_per_gpu: how many jobs like this one a GPU may have at once.
        look: lists the GPUs of this machine.
        tell: is told once for each reason why to wait.

    Raises:
        UserError: there aren't so many.
    """
    n_present = len(look())
    if n_present < wanted:
        raise UserError(f"the job needs {_counted(wanted)}, and this machine has {_counted(n_present)}; lower gpus")
    make_folder(folder)
    told = ""
    with _queue(folder, tell):
        while True:
            gpus, loads = look(), _loads(folder)
            free = free_gpus(gpus, loads, jobs_per_gpu)
            if len(free) >= wanted:
                return _write(folder, free[:wanted], jobs_per_gpu)
            reason = _reason(gpus, loads, wanted - len(free))
            if reason != told:
                tell(reason)
                told = reason
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def free_gpus(gpus: Sequence[Gpu], loads: Mapping[str, Fraction], jobs_per_gpu: int) -> list[str]:
    """List the GPUs that have room for a job, those with least to do first.

    Args:
        gpus: of this machine.
        loads: what share of each is leased, by name.
        jobs_per_gpu: how many such jobs fit on one.
    """
    share = Fraction(1, jobs_per_gpu)
    # what fills a leased one are its jobs
    free = [gpu for gpu in gpus if loads.get(gpu.name, 0) + share <= 1 and (gpu.name in loads or not gpu.is_filled)]
    return [gpu.name for gpu in sorted(free, key=lambda gpu: loads.get(gpu.name, 0))]


def _reason(gpus: Sequence[Gpu], loads: Mapping[str, Fraction], lacking: int) -> str:
    filled = [gpu for gpu in gpus if gpu.is_filled and gpu.name not in loads]
    others = f": another program fills {', '.join(map(str, filled))}" if filled else ": others have leased them"
    return f"waiting for {_counted(lacking)}{others}"


def make_folder(folder: Path) -> None:
    """Make the folder of the leases, for every user of the machine."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True)
        folder.chmod(0o1777)


@contextlib.contextmanager
def _queue(folder: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Keep others from leasing while the block runs."""
    descriptor = _open_shared(folder / "queue")
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for a GPU: other jobs are first")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open_shared(path: Path) -> int:
    """Open a file that every user may lock."""
    try:
        # without asking to make it, which the kernel may forbid for a file that another user has made
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
        with contextlib.suppress(PermissionError):
            os.fchmod(descriptor, 0o644)
        return descriptor


def _loads(folder: Path) -> dict[str, Fraction]:
    """Sum up what share of each GPU is leased, and sweep away the leases of jobs that ended."""
    loads: dict[str, Fraction] = {}
    for path in folder.glob("lease-*"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        except PermissionError:
            # another user's job was killed before it could let others read: nobody holds it, for the queue is ours
            continue
        try:
            if _is_held(descriptor):
                content = json.loads(path.read_text())
                for name in content["gpus"]:
                    loads[name] = loads.get(name, Fraction(0)) + Fraction(1, content["jobs_per_gpu"])
            else:
                # another user's stays in a folder like /tmp, and counts for nothing
                with contextlib.suppress(PermissionError):
                    path.unlink()
        finally:
            os.close(descriptor)
    return loads


def _is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _write(folder: Path, gpus: Collection[str], jobs_per_gpu: int) -> Lease:
    """Write a lease that holds; the caller keeps others from leasing meanwhile."""
    descriptor, name = tempfile.mkstemp(prefix="lease-", dir=folder)
    # shared, so that a container's processes can hold it beside the program that started them
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.write(descriptor, json.dumps({"gpus": sorted(gpus), "jobs_per_gpu": jobs_per_gpu}).encode())
    # other users' jobs read it
    os.fchmod(descriptor, 0o644)
    return Lease(sorted(gpus), Path(name), descriptor)
