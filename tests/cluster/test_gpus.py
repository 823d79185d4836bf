"""Leases of GPUs: none is held twice, none is lost, whatever is killed."""

import collections
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fake_gpus
from chestgan.base.errors import UserError
from chestgan.cluster import gpus
from chestgan.cluster.gpus import Gpu
from project import ROOT

LEASE = ROOT / "workflow" / "lease_gpus.py"
# seconds after which a test fails, however busy the machine is
_IN_VAIN = 600
LISTED = "0, GPU-aa, 1024, 81920\n1, GPU-bb, [N/A], [N/A]\n"


class Machine:
    """A machine with some GPUs of 80 GiB, and jobs that lease them."""

    def __init__(self, folder: Path, n_gpus: int) -> None:
        self.folder, self.n_gpus = folder, n_gpus
        self.bin, self.job = fake_gpus.driver(folder / "bin", [0] * n_gpus), fake_gpus.job(folder)

    def start(self, wanted: int, seconds: float = 0.2, jobs_per_gpu: int = 1, **variables: str) -> subprocess.Popen:
        """Start a job that leases some GPUs and runs for some seconds."""
        environment = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", **variables}
        environment["CHESTGAN_LEASES"] = str(self.folder / "leases")
        words = [LEASE, str(wanted), str(jobs_per_gpu), "0", self.job, self.folder, str(seconds)]
        return subprocess.Popen([sys.executable, *words], env=environment, stderr=subprocess.PIPE, text=True)

    def seen(self) -> list[list[str]]:
        """List what each job saw, in the order in which they started."""
        notes = self.folder / "seen"
        return [line.split() for line in notes.read_text().splitlines()] if notes.is_file() else []

    def held_twice(self) -> bool:
        return (self.folder / "held-twice").exists()

    def wait_for_jobs(self, n_jobs: int) -> None:
        """Wait until so many have started."""
        end = time.monotonic() + _IN_VAIN
        while len(self.seen()) < n_jobs:
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)


def ended(jobs: list[subprocess.Popen]) -> list[str]:
    """Wait for jobs, and give what they said."""
    told = [job.communicate(timeout=_IN_VAIN)[1] for job in jobs]
    assert [job.returncode for job in jobs] == [0] * len(jobs), told
    return told


@pytest.mark.parametrize(("n_gpus", "wanted"), [(1, 1), (2, 1), (4, 1), (2, 2), (4, 2), (8, 4)])
def test_every_job_sees_gpus_of_its_own(tmp_path: Path, n_gpus: int, wanted: int) -> None:
    machine = Machine(tmp_path, n_gpus)
    ended([machine.start(wanted) for _ in range(2 * n_gpus // wanted)])
    assert not machine.held_twice()
    assert all(len(set(seen)) == wanted for seen in machine.seen())
    counts = collections.Counter(gpu for seen in machine.seen() for gpu in seen)
    assert set(counts) <= set(map(str, range(n_gpus)))
    assert sum(counts.values()) == 2 * n_gpus


def test_jobs_of_several_sizes_share_a_machine(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 4)
    ended([machine.start(wanted) for wanted in (1, 4, 2, 1, 2, 4, 1)])
    assert not machine.held_twice()
    assert sorted(map(len, machine.seen())) == [1, 1, 1, 2, 2, 4, 4]


def test_small_jobs_share_a_gpu_and_large_ones_do_not(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    small = [machine.start(1, seconds=60, jobs_per_gpu=2) for _ in range(4)]
    machine.wait_for_jobs(4)
    assert collections.Counter(gpu for (gpu,) in machine.seen()) == {"0": 2, "1": 2}
    whole = machine.start(1)
    assert whole.stderr.readline().startswith("waiting for 1 GPU")
    small[0].kill()
    # it looks every second
    time.sleep(2.5)
    assert len(machine.seen()) == 4, "half a GPU is no whole one"
    for job in small[1:]:
        job.kill()
    ended([whole])


def test_a_gpu_that_another_program_fills_is_left_out_and_waited_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    fake_gpus.use(machine.bin, [70000, 0])
    ended([machine.start(1)])
    assert machine.seen() == [["1"]]
    both = machine.start(2)
    line = both.stderr.readline()
    assert line == "waiting for 1 GPU: another program fills GPU 0 (68 of 80 GiB in use)\n"
    fake_gpus.use(machine.bin, [0, 0])
    ended([both])
    assert machine.seen()[1] == ["0", "1"]


def test_a_user_may_leave_some_out(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 4)
    ended([machine.start(1, CUDA_VISIBLE_DEVICES="2,GPU-0003") for _ in range(3)])
    assert {gpu for seen in machine.seen() for gpu in seen} == {"2", "3"}


def test_more_than_there_are_is_refused_at_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    job = machine.start(2)
    assert (
        job.communicate(timeout=_IN_VAIN)[1] == "error: the job needs 2 GPUs, and this machine has 1 GPU; lower gpus\n"
    )
    assert job.returncode == 1
    assert machine.seen() == []


def test_what_a_killed_job_leaves_running_keeps_its_gpu(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    # as a launcher's processes are: they close what they inherit, but for standard input
    child = f"import subprocess; subprocess.run([{str(machine.job)!r}, {str(tmp_path)!r}, '3'])"
    environment = os.environ | {"PATH": f"{machine.bin}:{os.environ['PATH']}", "CHESTGAN_LEASES": f"{tmp_path}/leases"}
    launcher = subprocess.Popen([sys.executable, LEASE, "1", "1", "0", sys.executable, "-c", child], env=environment)
    machine.wait_for_jobs(1)
    launcher.kill()
    launcher.wait()
    ended([machine.start(1)])
    assert not machine.held_twice()


def test_every_process_of_a_training_holds_its_lease(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    (tmp_path / "show.py").write_text("import os; os.symlink(os.readlink('/proc/self/fd/0'), os.environ['RANK'])")
    environment = os.environ | {"PATH": f"{machine.bin}:{os.environ['PATH']}", "CHESTGAN_LEASES": f"{tmp_path}/leases"}
    # what `accelerate launch` starts processes with
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, LEASE, "2", "1", "0", *torchrun, tmp_path / "show.py"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    first, second = ((tmp_path / rank).readlink() for rank in "01")
    assert first == second
    assert first.parent == tmp_path / "leases"


def test_no_gpu_is_lost_or_held_twice_after_kills_at_any_moment(tmp_path: Path) -> None:
    # 100 kills were tried beside these
    kill_jobs(Machine(tmp_path, 2), n_kills=int(os.environ.get("KILLS", "8")))


def kill_jobs(machine: Machine, n_kills: int) -> None:
    """Kill jobs of one or two GPUs at moments from before their lease to after it; then all GPUs are free."""
    moments = random.Random(0)
    for _ in range(n_kills):
        jobs = [machine.start(wanted, seconds=5) for wanted in (1, 2, 1)]
        for job in jobs:
            time.sleep(moments.uniform(0, 0.4))
            job.send_signal(signal.SIGKILL)
        for job in jobs:
            job.communicate(timeout=_IN_VAIN)
        assert not machine.held_twice()
    n_before = len(machine.seen())
    ended([machine.start(machine.n_gpus)])
    assert sorted(machine.seen()[n_before]) == list(map(str, range(machine.n_gpus)))
    assert not machine.held_twice()
    assert list((machine.folder / "leases").glob("lease-*")) != [], "the last one is swept by the next"


def test_a_lease_that_its_killed_job_let_nobody_read_holds_nothing(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "lease-of-another-user").touch(mode=0o600)

    def refuse(path: object, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    # root may read all
    monkeypatch.setattr(gpus.os, "open", refuse)
    assert gpus._loads(tmp_path) == {}


def test_the_drivers_list_is_read() -> None:
    read = gpus.read_gpus(LISTED)
    assert read == {"0": Gpu("0", 1024, 81920), "GPU-aa": Gpu("0", 1024, 81920), "1": Gpu("1"), "GPU-bb": Gpu("1")}
    assert not any(gpu.is_filled for gpu in read.values())


@pytest.mark.parametrize(
    ("visible", "named", "names"),
    [
        (None, None, []),
        (None, 2, ["0", "1"]),
        ("1,3", 2, ["1", "3"]),
        ("MIG-7", None, ["MIG-7"]),
        ("", 2, []),
        ("0,-1,2", None, ["0"]),
    ],
)
def test_where_no_driver_lists_gpus_they_are_those_that_are_named(monkeypatch, visible, named, names) -> None:
    def no_driver(command: object) -> str:
        raise UserError("there is no program nvidia-smi on the PATH")

    monkeypatch.setattr(gpus.programs, "ask", no_driver)
    assert [gpu.name for gpu in gpus.present(visible, named)] == names


@pytest.mark.parametrize(
    ("asked", "n_present", "named", "words"),
    [
        (1, 1, None, ""),
        (2, 4, 2, ""),
        (4, 2, None, "gpus is 4, and this machine has 2 GPUs; set gpus to 2"),
        (2, 4, 1, "gpus is 2, and this machine has 1 GPU by --resources; set gpus to 1"),
        (1, 0, None, "gpus is 1, and this machine has no GPU; set gpus to 0, or to what another machine has and start"),
        (1, 2, 3, "--resources gpu=3, and this machine has 2 GPUs; name no more than it has"),
    ],
)
def test_more_gpus_than_there_are_is_one_line(asked: int, n_present: int, named: int | None, words: str) -> None:
    told = gpus.problem(asked, n_present, named)
    assert told.startswith(words)
    assert bool(told) == bool(words)
