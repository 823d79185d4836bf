"""A small part of `make fuzz`: damaged and hostile input ends in one line, and changes nothing else.

And the fuzz itself finds what it looks for.
"""

import os
from pathlib import Path

import pytest

import cases
import fuzz
import mutations
import worker


def test_damaged_and_hostile_input_is_told_and_does_no_harm(stocked: Path, capfd) -> None:
    assert fuzz.main(["--inputs", "60", "--images", "60", "--seed", "7", "--keep", str(stocked)]) == 0
    told = capfd.readouterr().out
    assert "60 inputs: 0 traceback, 0 hang, 0 outside, 0 silent, 0 left" in told
    assert "60 images: 0 traceback, 0 hang, 0 outside, 0 silent, 0 left" in told


def test_a_case_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    stored = tmp_path / "stock"
    cases.stock.make_data(stored / "data")
    cases.stock.make_images(stored / "formats")
    made = [cases.make(3, 0, True, stored, fresh(tmp_path / name)) for name in ("one", "other")]
    assert made[0] == made[1]
    one, other = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
        for folder in (tmp_path / "one", tmp_path / "other")
    )
    assert one == other
    assert any(path.name.startswith("damaged-") for path in one)


def fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("seed", range(20))
def test_changes_change_something(seed: int) -> None:
    changed = [mutations.of_bytes(b"0123456789" * 20, mutations.np.random.default_rng([seed, n])) for n in range(9)]
    assert len(set(changed)) > 5


@pytest.fixture(scope="module")
def watch() -> worker.Watch:
    return worker.Watch()


def write(path: Path) -> None:
    path.write_text("")


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (lambda folder: write(folder / "inside"), []),
        (lambda folder: write(folder / ".." / "outside"), ["open"]),
        (lambda folder: (folder / "link" / "outside").mkdir(), ["os.mkdir"]),
        (lambda folder: (folder / "link").unlink(), []),
        (lambda folder: (folder / "a").rename(folder.parent / "a"), ["os.rename"]),
        (lambda folder: os.system("true"), ["starts"]),
    ],
)
def test_what_is_written_outside_or_started_is_found(watch: worker.Watch, tmp_path: Path, act, found: list) -> None:
    folder = fresh(tmp_path / "case")
    (folder / "a").touch()
    (folder / "link").symlink_to("..")
    watch.folder, watch.found = str(folder.resolve()), []
    try:
        act(folder)
    finally:
        watch.folder = None
    assert [told.split()[0] for told in watch.found] == found


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("import sys; next(sys.stdin); import time; time.sleep(1000)", "hang"),
        ("import sys; next(sys.stdin); import os; os._exit(3)", "traceback"),
        ("import sys; next(sys.stdin); open('stock/a', 'w'); print('{\"code\": 0}', flush=True)", "outside"),
    ],
)
def test_a_worker_that_does_not_answer_or_writes_elsewhere_is_told(
    body: str, fault: str, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "stock").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "worker.py").write_text(f"import os; os.chdir({str(tmp_path)!r}); {body}")
    monkeypatch.setattr(fuzz, "HERE", tmp_path)
    monkeypatch.setattr(fuzz, "SECONDS", 5.0 if fault == "hang" else 600.0)
    (told,) = fuzz.answers(tmp_path, 0, "inputs", [4])
    assert told[fault]
