"""Progress: sparse lines in a log, a bar on a terminal, and the items themselves as they are."""

import io
import itertools
from types import SimpleNamespace

import pytest

from chestgan.base import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give a clock that stands still until `now` is moved on."""
    state = SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: state.now))
    return state


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_items_come_as_they_are_and_in_their_order() -> None:
    assert list(progress.track([3, "b", None], "count")) == [3, "b", None]
    assert list(progress.track([], "count")) == []


def test_an_item_is_asked_for_when_it_is_wanted() -> None:
    asked = []
    tracked = progress.track((asked.append(i) or i for i in range(3)), "count", total=3)
    assert asked == []
    assert next(tracked) == 0
    assert asked == [0]


def test_quick_work_is_one_line_at_its_end(clock: SimpleNamespace, capsys: pytest.CaptureFixture) -> None:
    for _ in progress.track(range(4), "train", "steps"):
        assert capsys.readouterr().err == ""
        clock.now += 1.5
    assert capsys.readouterr().err == "train: 4 of 4 steps in 6 s\n"


def test_long_work_has_a_line_each_twenty_seconds(clock: SimpleNamespace, capsys: pytest.CaptureFixture) -> None:
    for _ in progress.track(range(8), "decode"):
        clock.now += 8
    assert capsys.readouterr().err.splitlines() == [
        "decode: 3 of 8 images in 24 s",
        "decode: 6 of 8 images in 48 s",
        "decode: 8 of 8 images in 64 s",
    ]


def test_a_later_attempt_counts_on(clock: SimpleNamespace, capsys: pytest.CaptureFixture) -> None:
    for _ in progress.track(range(6, 8), "train", "steps", before=6):
        clock.now += 25
    told = ["train: 7 of 8 steps in 25 s", "train: 8 of 8 steps in 50 s"]
    assert capsys.readouterr().err.splitlines() == told


def test_work_that_ends_early_says_nothing_of_an_end(capsys: pytest.CaptureFixture) -> None:
    assert list(itertools.islice(progress.track(range(5), "train"), 3)) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_nothing_to_do_is_nothing_to_tell(capsys: pytest.CaptureFixture) -> None:
    list(progress.track([], "train"))
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert list(progress.track(iter("abc"), "decode", "files", total=3)) == ["a", "b", "c"]
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("decode: 100%")
    assert "3/3" in last
    assert "files" in last
