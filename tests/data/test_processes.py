"""Items are worked on in several processes, and one that kills its process is a result like the others."""

import os
import time
import warnings

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
