"""Flags made from a dataclass, bounds that are kept, and errors in one line."""

import errno
import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest

from chestgan.base import commandline, files, settings
from chestgan.base.errors import UserError, unknown_name
from chestgan.base.settings import setting


@dataclass(frozen=True)
class Config:
    real: Path = setting("a folder, 100 % needed")
    latent_dim: int = setting("a number", 100, minimum=1, maximum=512)
    crop: bool = setting("a switch", False)
    ratio: float | None = setting("maybe a number", None, minimum=0)
    extractors: tuple[str, ...] = setting("some of them", ("lite",), choices=("lite", "fid"))

    def __post_init__(self) -> None:
        settings.check(self)


def parse(*argv: str) -> Config:
    seen = []
    assert commandline.execute(Config, seen.append, "Test.", argv) == 0
    return seen[0]


def test_defaults_and_flags() -> None:
    assert parse("--real", "x") == Config(Path("x"))
    assert parse(
        "--real", "x", "--latent-dim", "7", "--crop", "--ratio", "0.5", "--extractors", "fid", "lite"
    ) == Config(Path("x"), 7, True, 0.5, ("fid", "lite"))
    assert parse("--real", "x", "--no-crop").crop is False


def test_help_names_every_flag_with_its_default(capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        commandline.execute(Config, print, "What it does.", ["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "What it does.",
        "100 % needed",
        "a number (default: 100)",
        "some of them (default: lite)",
        "--extractors {lite,fid} [{lite,fid} ...]",
        "--no-crop",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--latent-dim", "0"], "error: latent_dim is 0; expected a number from 1 to 512"),
        (["--latent-dim", "513"], "error: latent_dim is 513; expected a number from 1 to 512"),
        (["--ratio", "nan"], "error: ratio is nan; expected a number from 0 to inf"),
        (["--real", "\udcff"], r"error: '\udcff' on the command line isn't UTF-8; rename the file or the folder"),
        (["--extractors", "lite", "fido"], "error: extractors is 'fido'; expected one of lite, fid"),
    ],
)
def test_values_out_of_bounds_are_told_in_one_line(argv: list[str], message: str, capsys) -> None:
    assert commandline.execute(Config, print, "Test.", ["--real", "x", *argv]) == 1
    assert capsys.readouterr().err == message + "\n"


def test_a_users_mistake_is_told_and_a_bug_keeps_its_traceback(capsys) -> None:
    def mistaken(_: Config) -> None:
        raise UserError("found 1; expected 2")

    def broken(_: Config) -> None:
        raise KeyError("bug")

    def full(_: Config) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "results/x.npy")

    assert commandline.execute(Config, mistaken, "Test.", ["--real", "x"]) == 1
    assert capsys.readouterr().err == "error: found 1; expected 2\n"
    assert commandline.execute(Config, full, "Test.", ["--real", "x"]) == 1
    assert capsys.readouterr().err.startswith("error: No space left on device: results/x.npy")
    with pytest.raises(KeyError):
        commandline.execute(Config, broken, "Test.", ["--real", "x"])


@pytest.mark.parametrize(
    ("words", "sized"),
    [("CUDA out of memory. Tried to allocate 2 GiB", True), ("CUDA error: out of memory", True), ("shapes", False)],
)
def test_a_full_gpu_is_told_with_what_to_lower(words: str, sized: bool, monkeypatch, capsys) -> None:
    @dataclass(frozen=True)
    class Training:
        batch_size: int = setting("a size", 8, minimum=1)

    def run(config: Training) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr("sys.argv", ["scripts/evaluate_classifier.py"])
    if not sized:
        with pytest.raises(RuntimeError, match=words):
            commandline.execute(Training, run, "Test.", [])
        return
    assert commandline.execute(Training, run, "Test.", []) == 1
    assert capsys.readouterr().err == (
        "error: the GPU's memory is used up; lower evaluate_classifier.batch_size, or jobs_per_gpu if it is more than "
        "1, or split_data.image_size; `nvidia-smi` shows which programs use the GPU\n"
    )


@pytest.mark.parametrize("kind", ["file/below", "link", "x" * 300, "loop/below"])
def test_a_path_that_cannot_be_is_told_in_one_line(kind: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")

    def write(config: Config) -> None:
        with files.new_folder(config.real):
            pytest.fail("the work began")

    assert commandline.execute(Config, write, "Test.", ["--real", str(tmp_path / kind)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert str(tmp_path) in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "loop"]


@pytest.mark.parametrize(("text", "value"), [("-1e3", -1000.0), ("-.5", -0.5), ("-2.E-1", -0.2), ("-7", -7.0)])
def test_a_negative_number_is_no_flag(text: str, value: float) -> None:
    @dataclass(frozen=True)
    class Window:
        low: float = setting("a value")

    assert commandline.parser(Window, "Test.").parse_args(["--low", text]).low == value


def test_the_nearest_known_name_is_offered() -> None:
    assert str(unknown_name("key", "kmig", ["kimg", "seed"])) == (
        "unknown key 'kmig'; known: kimg, seed; did you mean 'kimg'?"
    )
    assert "did you mean" not in str(unknown_name("key", "zzz", ["kimg"]))


SETTINGS = {"kimg": 1.5, "augment": True, "dropout": 0.0, "classes": ["b", "a"], "counts": {"y": 2, "x": 1}}


def test_settings_become_flags() -> None:
    assert commandline.flags({"spectral_norm": False, "augment": True}) == ["--augment", "--no-spectral-norm"]
    assert commandline.flags({"counts": {"normal": 2, "covid": 1}}) == ["--counts", "covid=1", "normal=2"]
    assert commandline.flags({"classes": ["b", "a"], "folder": "a b"}) == ["--classes", "b", "a", "--folder", "a b"]
    assert commandline.flags({"patient_column": ""}) == ["--patient-column", ""]
    assert commandline.flags({"classes": [], "weights": None}) == []


def test_equal_settings_are_equal_flags() -> None:
    orders = itertools.permutations(SETTINGS.items())
    assert len({tuple(commandline.flags(dict(order))) for order in orders}) == 1
