"""A checkpoint is used by exactly the training that it is of, whatever its code looks like."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from chestgan.base.errors import UserError
from chestgan.gan import checkpoint
from project import ROOT

TRAIN = ["--generator-width", "16", "--discriminator-width", "4", "--latent-dim", "4", "--batch-size", "8"]
TRAIN += ["--kimg", "0.128", "--snapshot-kimg", "0.064", "--threads", "1"]


@pytest.fixture
def state() -> dict:
    return {"weights": torch.arange(3.0), "step": 7, "history": [{"kimg": 0.5}]}


def test_what_was_saved_is_loaded(state: dict, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "checkpoint.pt", state, "mine")
    loaded, message = checkpoint.load(tmp_path / "checkpoint.pt", "mine")
    assert message == f"resuming from the checkpoint {tmp_path / 'checkpoint.pt'}"
    assert torch.equal(loaded["weights"], state["weights"])
    assert (loaded["step"], loaded["history"]) == (7, [{"kimg": 0.5}])


def test_without_a_file_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "checkpoint.pt", "mine") == (None, "")


def test_the_checkpoint_of_another_training_is_renamed_and_kept(state: dict, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "checkpoint.pt", state, "other")
    loaded, message = checkpoint.load(tmp_path / "checkpoint.pt", "mine")
    assert loaded is None
    assert message.endswith(
        "was made with different data, settings or code; renamed to checkpoint.pt.set-aside. Training starts from "
        "scratch"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt.set-aside"]
    assert checkpoint.load(tmp_path / "checkpoint.pt.set-aside", "other")[0]["step"] == 7


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no checkpoint"])
def test_a_damaged_file_is_renamed(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(content)
    loaded, message = checkpoint.load(tmp_path / "checkpoint.pt", "mine")
    assert loaded is None
    assert "can't be read" in message
    assert (tmp_path / "checkpoint.pt.set-aside").read_bytes() == content


def test_what_is_no_file_is_renamed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "checkpoint.pt")
    loaded, message = checkpoint.load(tmp_path / "checkpoint.pt", "mine")
    assert loaded is None
    assert "expected a file" in message
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt.set-aside"]


def test_a_flipped_bit_in_a_tensor_is_found(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, {"weights": torch.full((1000,), 1.5)}, "mine")
    content = bytearray(path.read_bytes())
    content[content.index(torch.full((2,), 1.5).numpy().tobytes()) + 400] ^= 1
    path.write_bytes(content)
    assert not torch.equal(torch.load(path)["weights"], torch.full((1000,), 1.5)), "torch itself doesn't notice"
    loaded, message = checkpoint.load(path, "mine")
    assert loaded is None
    assert "the checksum of" in message


def test_one_training_at_a_time_has_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "checkpoint.pt"
    told = "another process trains with the checkpoint"
    with checkpoint.hold(path), pytest.raises(UserError, match=told), checkpoint.hold(path):
        pytest.fail("it trains")
    (path.parent / ".checkpoint.pt.partial-7").touch()
    with checkpoint.hold(path):
        assert list(path.parent.iterdir()) == []
    path.parent.rmdir()
    path.parent.touch()
    with pytest.raises(UserError, match=r"mine, and that is a file; expected a folder"), checkpoint.hold(path):
        pytest.fail("it trains")


def test_what_was_set_aside_before_stays(state: dict, tmp_path: Path) -> None:
    for number in range(3):
        checkpoint.save(tmp_path / "checkpoint.pt", state | {"step": number}, "other")
        checkpoint.load(tmp_path / "checkpoint.pt", "mine")
    names = ["checkpoint.pt.set-aside", "checkpoint.pt.set-aside-2", "checkpoint.pt.set-aside-3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert [checkpoint.load(tmp_path / name, "other")[0]["step"] for name in names] == [0, 1, 2]


def test_data_and_settings_decide_the_fingerprint(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "train_acgan.py"
    (tmp_path / "data").write_text("some")
    one = checkpoint.fingerprint([tmp_path / "data"], {"seed": 0, "kimg": None}, script)
    assert checkpoint.fingerprint([tmp_path / "data"], {"kimg": None, "seed": 0}, script) == one
    assert checkpoint.fingerprint([tmp_path / "data"], {"seed": 1, "kimg": None}, script) != one
    (tmp_path / "data").write_text("other")
    assert checkpoint.fingerprint([tmp_path / "data"], {"seed": 0, "kimg": None}, script) != one


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Copy the scripts, to change them."""
    return shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))


def train(scripts: Path, split: Path, folder: Path) -> str:
    """Train into a new folder, with the one checkpoint, and return what is said."""
    output = folder / f"train-{len(list(folder.iterdir()))}"
    command = [sys.executable, scripts / "train_acgan.py", "--real", split, "--output", output, *TRAIN]
    done = subprocess.run(
        [*command, "--checkpoint", folder / "checkpoint"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_words_layout_and_what_only_shows_leave_a_checkpoint_valid(
    scripts: Path, tiny_split: Path, tmp_path: Path
) -> None:
    assert "checkpoint" not in train(scripts, tiny_split, tmp_path)
    for path in scripts.rglob("*.py"):
        path.write_text("# a comment\n" + path.read_text().replace('"""', '"""Changed: ', 1) + "\n\n# the last\n")
    for shows in ("base/commandline.py", "base/progress.py", "images/sheets.py"):
        path = scripts / "chestgan" / shows
        path.write_text(path.read_text() + "\nCHANGED = True\n")
    assert "resuming from the checkpoint" in train(scripts, tiny_split, tmp_path)
    losses = scripts / "chestgan" / "gan" / "losses.py"
    losses.write_text(losses.read_text().replace("relu(1 - real", "relu(2 - real"))
    assert "was made with different data, settings or code" in train(scripts, tiny_split, tmp_path)
