"""Other programs answer with what they print, and one that fails or can't be started is told in one line."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chestgan.base.errors import UserError
from chestgan.cluster import programs


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def refused(command: list[str]) -> str:
    with pytest.raises(UserError) as caught:
        programs.ask(command)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_answer_is_what_was_printed_and_nothing_of_the_errors() -> None:
    code = "import sys; print('one\\ntwo'); print('warning', file=sys.stderr)"
    assert programs.ask(python(code)) == "one\ntwo\n"


def test_no_shell_comes_between() -> None:
    words = ["$HOME", "a b", "*", "; exit 1"]
    assert programs.ask([*python("import sys; print(sys.argv[1:])"), *words]) == f"{words}\n"


@pytest.fixture
def answer() -> Iterator[None]:
    """Have an answer wait where this process reads."""
    reading, writing = os.pipe()
    os.write(writing, b"yes")
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    yield
    os.dup2(before, 0)
    os.close(reading)
    os.close(before)


@pytest.mark.usefixtures("answer")
def test_a_program_that_asks_back_gets_no_answer() -> None:
    assert programs.ask(python("import sys; print(repr(sys.stdin.read()))")) == "''\n"


def test_the_environment_is_this_one_or_the_one_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHESTGAN_TEST", "here")
    ask = python("import os; print(os.environ.get('CHESTGAN_TEST'))")
    assert programs.ask(ask) == "here\n"
    assert programs.ask(ask, environment={"CHESTGAN_TEST": "given"}) == "given\n"
    assert programs.ask(ask, environment={}) == "None\n"


def test_a_failure_is_told_in_the_words_of_its_errors_or_else_of_its_output() -> None:
    code = "import sys; print('out'); {}; sys.exit(2)"
    both, output = (python(code.format(said)) for said in ("print('a\\n  b', file=sys.stderr)", "pass"))
    assert refused(both) == f"`{' '.join(both)}` failed with exit code 2: a b"
    assert refused(output) == f"`{' '.join(output)}` failed with exit code 2: out"


def test_a_silent_failure_is_told_as_such() -> None:
    assert refused(python("raise SystemExit(3)")).endswith(" failed with exit code 3: it said nothing")


def test_a_program_that_is_not_there_is_told_by_its_name() -> None:
    assert refused(["no-such-program", "--version"]) == "there is no program no-such-program on the PATH"


@pytest.mark.parametrize(("mode", "reason"), [(0o644, "Permission denied"), (0o755, "Exec format error")])
def test_a_file_that_is_no_program_is_told_with_the_reason(mode: int, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_text("words\n")
    path.chmod(mode)
    assert refused([str(path)]) == f"the program {path} can't be started: {reason}"
