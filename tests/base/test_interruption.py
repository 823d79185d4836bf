"""A watch tells when to stop: by signals, and before a time limit."""

import os
import signal
import time

import pytest

from chestgan.base import interruption


@pytest.mark.parametrize("number", interruption.SIGNALS)
def test_a_signal_is_told_and_ends_nothing(number: signal.Signals) -> None:
    # where the tests themselves run under nohup, they ignore HUP
    of_tests = signal.signal(number, signal.SIG_DFL)
    try:
        with interruption.watch(0.0) as watching:
            assert watching.reason() == ""
            os.kill(os.getpid(), number)
            assert watching.reason() == f"{number.name} was received"
            # a second one is for those who can't wait
            assert signal.getsignal(number) == signal.SIG_DFL
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, of_tests)


def test_a_closed_terminal_ends_nothing_that_was_started_with_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruption.watch(0.0) as watching:
            os.kill(os.getpid(), signal.SIGHUP)
            assert watching.reason() == ""
    finally:
        signal.signal(signal.SIGHUP, before)


def test_without_a_limit_there_is_always_time() -> None:
    with interruption.watch(0.0) as watching:
        assert watching.reason() == ""
        watching.last -= 1e9
        assert watching.reason() == ""


def test_the_limit_counts_from_the_start_of_the_process(monkeypatch) -> None:
    with interruption.watch(1_000_000.0) as watching:
        # of a long limit five minutes are spared
        assert watching.deadline < time.monotonic() + 60_000_000 - 300
    monkeypatch.setattr(interruption.psutil.Process, "create_time", lambda process: time.time() - 46)
    with interruption.watch(1.0) as watching:
        # of a minute a quarter is spared, and 46 seconds have gone
        assert watching.reason() == "the time limit is near"
    monkeypatch.setattr(interruption.psutil.Process, "create_time", lambda process: time.time() - 30)
    with interruption.watch(1.0) as watching:
        assert watching.reason() == ""


def test_the_start_is_no_piece_of_work(monkeypatch) -> None:
    monkeypatch.setattr(interruption.psutil.Process, "create_time", lambda process: time.time())
    clock = time.monotonic()
    with interruption.watch(1.0) as watching:
        # 30 seconds to load, of the 45 that there are
        monkeypatch.setattr(interruption.time, "monotonic", lambda: clock + 30)
        assert watching.reason() == ""
        monkeypatch.setattr(interruption.time, "monotonic", lambda: clock + 31)
        assert watching.reason() == ""


def test_work_that_may_not_end_in_time_is_not_begun(monkeypatch) -> None:
    monkeypatch.setattr(interruption.psutil.Process, "create_time", lambda process: time.time())
    with interruption.watch(1.0) as watching:
        assert watching.reason() == ""
        watching.last -= 50
        # the last piece took 50 seconds, and 45 were there
        assert watching.reason() == "the time limit is near"
