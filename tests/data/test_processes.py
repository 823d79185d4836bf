"""Items are worked on in several processes, and one that kills its process is a result like the others."""

import os
import signal
import time
import warnings
from pathlib import Path

import pytest

from chestgan.data import processes


def work(item: int) -> tuple[int, int]:
    os.write(2, b"said by a library in C")
    warnings.warn("odd", stacklevel=1)
    if item in (5, 40, 41, 99):
        os.kill(os.getpid(), 9)
    if item % 17 == 0:
        time.sleep(0.02)
    return item, os.getpid()


def crashed(item: int) -> tuple[int, int]:
    return item, -1


def fail(item: int) -> int:
    raise ValueError(f"no {item}")


@pytest.mark.parametrize("n_processes", [1, 3])
def test_results_come_in_order_and_the_items_that_crash_are_told(n_processes: int, capfd) -> None:
    found = list(processes.run(work, range(100), n_processes, crashed))
    assert [item for item, _ in found] == list(range(100))
    assert [item for item, pid in found if pid == -1] == [5, 40, 41, 99]
    assert os.getpid() not in {pid for _, pid in found}
    assert capfd.readouterr().err == ""


def test_several_processes_share_the_work() -> None:
    assert len({pid for _, pid in processes.run(work, [0, 17] * 100, 2, crashed)}) == 2


def test_no_item_is_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_pool", None)
    assert list(processes.run(work, [], 2, crashed)) == []


def test_a_bug_keeps_its_error() -> None:
    with pytest.raises(ValueError, match="no 3"):
        list(processes.run(fail, [3], 1, crashed))


def note_and_wait(item: tuple[Path, int]) -> None:
    folder, number = item
    (folder / f"{number}-{os.getpid()}").touch()
    time.sleep(0.05)


def test_what_is_wanted_no_more_is_not_worked_on(tmp_path: Path) -> None:
    found = processes.run(note_and_wait, [(tmp_path, number) for number in range(400)], 2, crashed)
    next(found)
    found.close()
    # a batch for each process, and what was already waiting for it
    assert len(list(tmp_path.iterdir())) < 200


def test_processes_end_with_their_parent_however_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_SECONDS_BETWEEN_LOOKS", 0.05)
    started = os.fork()
    if not started:
        list(processes.run(note_and_wait, [(tmp_path, number) for number in range(10_000)], 2, crashed))
        os._exit(0)
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.02)
    os.kill(started, signal.SIGKILL)
    os.waitpid(started, 0)
    while any(is_running(path.name.split("-")[1]) for path in tmp_path.iterdir()):
        time.sleep(0.02)


def is_running(pid: str) -> bool:
    """Check whether a process is there, and isn't only waiting to be taken notice of."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
