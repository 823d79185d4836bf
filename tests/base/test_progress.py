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
        clock.now += 0.4
    assert capsys.readouterr().err == "train: 4 of 4 steps in 2 s\n"


def test_long_work_has_a_line_early_and_then_one_each_twenty_seconds(clock, capsys: pytest.CaptureFixture) -> None:
    for _ in progress.track(range(9), "decode"):
        clock.now += 8
    assert capsys.readouterr().err.splitlines() == [
        "decode: 1 of 9 images in 8 s, 0.125 images/s, 64 s left",
        "decode: 2 of 9 images in 16 s, 0.125 images/s, 56 s left",
        "decode: 4 of 9 images in 32 s, 0.125 images/s, 40 s left",
        "decode: 7 of 9 images in 56 s, 0.125 images/s, 16 s left",
        "decode: 9 of 9 images in 72 s, 0.125 images/s",
    ]


def test_resumed_work_goes_on_counting(clock: SimpleNamespace, capsys: pytest.CaptureFixture) -> None:
    for _ in progress.track(range(2), "train", "steps", images=32, before=6):
        clock.now += 4
    assert capsys.readouterr().err.splitlines() == [
        "train: 7 of 8 steps in 4 s, 8 images/s, 4 s left",
        "train: 8 of 8 steps in 8 s, 8 images/s",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (119, "119 s"), (3000, "50 min"), (9000, "2.5 h")])
def test_a_time_is_written_in_the_unit_that_fits_it(seconds: float, words: str) -> None:
    assert progress.duration(seconds) == words


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


def test_the_time_left_counts_how_much_work_the_rest_is(clock, capsys: pytest.CaptureFixture) -> None:
    # the last two items are nine times the work of the others
    for item in progress.track(range(4), "train", "steps", work=lambda n: n + 8 * max(0, n - 2)):
        clock.now += 30 if item < 2 else 270
    assert capsys.readouterr().err.splitlines() == [
        "train: 1 of 4 steps in 30 s, 10 min left",
        "train: 2 of 4 steps in 60 s, 9 min left",
        "train: 3 of 4 steps in 330 s, 4 min left",
        "train: 4 of 4 steps in 600 s",
    ]
