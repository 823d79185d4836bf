"""The training script: its files, its refusals, and that nothing that happens in between changes its result."""

import dataclasses
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image

import generate_images
import train_acgan
from chestgan.base import files, interruption
from chestgan.gan import generator_file, kinds, presets, snapshots
from project import ROOT

SHORT = ["--batch-size", "8", "--kimg", "0.16", "--snapshot-kimg", "0.064", "--threads", "1"]
NETWORKS = ("generator.safetensors", "generator_last.safetensors", "discriminator.safetensors")
SMALL = {
    "gan": ["--generator-width", "32", "--discriminator-width", "4", "--latent-dim", "8"],
    "diffusion": ["--generator-width", "16", "--sampling-steps", "2"],
}


@pytest.fixture(autouse=True)
def no_precision_of_before() -> Iterator[None]:
    """Let accelerate forget: it keeps to one precision a process, which is one training in real life."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def flags(split: Path, output: Path, *more: str, preset: str = "covidgan") -> list[str]:
    small = SMALL[presets.PRESETS[preset].kind]
    return ["--real", str(split), "--output", str(output), "--preset", preset, *small, *SHORT, *more]


@pytest.fixture(scope="module")
def larger_split(tiny_split: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the same split of 64 × 64."""
    folder = tmp_path_factory.mktemp("larger") / "split"
    shutil.copytree(tiny_split, folder)
    images = np.load(tiny_split / "images.npy")
    np.save(folder / "images.npy", images.repeat(2, axis=1).repeat(2, axis=2))
    return folder


@pytest.fixture(scope="module")
def trained(tiny_split: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained") / "train"
    assert train_acgan.main(flags(tiny_split, output, "--ema-kimg", "0.05")) == 0
    return output


def test_results_are_whole(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {
        "generator.safetensors",
        "generator_last.safetensors",
        "discriminator.safetensors",
        "images_seen.csv",
        "history.csv",
        "speed.csv",
        "samples",
        "samples.png",
        "settings.json",
    }
    history = pd.read_csv(trained / "history.csv")
    assert history["kimg"].is_monotonic_increasing
    assert history["kimg"].iloc[-1] == 0.16
    assert history["validation_kd"].notna().sum() == len(list((trained / "samples").iterdir())) == 3
    assert np.isfinite(history.drop(columns="validation_kd")).all(axis=None)
    sheet = np.asarray(Image.open(trained / "samples.png"))
    assert sheet.shape == (2 * 32 + 2, 10 * 32 + 9 * 2)


def test_the_generator_that_is_kept_is_the_best_by_the_validation_patients(trained: Path) -> None:
    history = pd.read_csv(trained / "history.csv")
    best = history.loc[history["validation_kd"].idxmin()]
    _, description = generator_file.read(trained / "generator.safetensors")
    assert (description.kimg, description.validation_kd) == (best["kimg"], pytest.approx(best["validation_kd"]))
    _, last = generator_file.read(trained / "generator_last.safetensors")
    assert last.kimg == 0.16
    assert description.classes == ["covid", "normal"]


def test_settings_say_what_was_run(trained: Path) -> None:
    said = json.loads((trained / "settings.json").read_text())
    assert said["settings"]["latent_dim"] == 8
    assert said["settings"]["latent_std"] == 0.02
    assert said["n_train"] == {"covid": 12, "normal": 12}
    assert torch.__version__.startswith(said["versions"]["torch"])


def test_where_bf16_would_be_imitated_networks_compute_in_float32(
    tiny_split: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    found = {}
    for asked in ("no", "bf16"):
        output = tmp_path / asked
        assert train_acgan.main(flags(tiny_split, output, "--mixed-precision", asked, preset="strong")) == 0
        told = json.loads((output / "settings.json").read_text())
        assert (told["precision"], told["settings"]["mixed_precision"]) == ("no", asked)
        found[asked] = pd.read_csv(output / "history.csv")
        assert ("this cpu has no instructions for bf16, so" in capsys.readouterr().err) == (asked == "bf16")
        AcceleratorState._reset_state(reset_partial_state=True)
    pd.testing.assert_frame_equal(found["no"], found["bf16"])


def test_same_seed_same_bits(trained: Path, tiny_split: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert train_acgan.main(flags(tiny_split, again, "--ema-kimg", "0.05")) == 0
    for name in (*NETWORKS, "history.csv", "samples.png"):
        assert files.sha256(again / name) == files.sha256(trained / name), name


# strong_ac has the networks and the step of strong
@pytest.mark.parametrize("preset", [name for name in presets.PRESETS if name != "strong_ac"])
def test_a_killed_training_goes_on_to_the_same_bits(preset: str, tiny_split: Path, tmp_path: Path) -> None:
    more = ["--ema-kimg", "0.05", "--kimg", "0.8", "--snapshot-kimg", "0.08"]
    assert train_acgan.main(flags(tiny_split, tmp_path / "undisturbed", *more, preset=preset)) == 0
    killed = flags(tiny_split, tmp_path / "killed", *more, preset=preset)
    checkpoint = tmp_path / "killed-checkpoint" / "checkpoint.pt"
    random = np.random.default_rng(len(preset))
    for _ in range(2):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = subprocess.Popen(
            [sys.executable, ROOT / "scripts" / "train_acgan.py", *killed], stderr=subprocess.PIPE
        )
        while process.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before):
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (tmp_path / "killed").exists()
    assert train_acgan.main(killed) == 0
    for name in NETWORKS:
        assert files.sha256(tmp_path / "killed" / name) == files.sha256(tmp_path / "undisturbed" / name)


def test_a_training_in_many_parts_ends_with_the_same_bits(
    tiny_split: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    more = ["--ema-kimg", "0.05", "--spectral-norm", "--class-ramp-kimg", "0.2", "--kimg", "0.36"]
    assert train_acgan.main(flags(tiny_split, tmp_path / "whole", *more)) == 0
    # after seven steps, wherever they lie between the rows and snapshots of the history
    answers = itertools.cycle([""] * 7 + ["the time limit is near"])
    monkeypatch.setattr(interruption.Watch, "reason", lambda watching: next(answers))
    attempts = 1
    while (code := train_acgan.main(flags(tiny_split, tmp_path / "parts", *more))) == 75:
        told = capsys.readouterr().err
        assert re.search(r"stopped: the time limit is near; the checkpoint is at .* of 0.36 thousand images", told)
        assert not (tmp_path / "parts").exists()
        attempts += 1
    assert code == 0
    assert attempts >= 5
    for name in (*NETWORKS, "history.csv", "samples.png"):
        assert files.sha256(tmp_path / "parts" / name) == files.sha256(tmp_path / "whole" / name)
    speeds = [pd.read_csv(tmp_path / part / "speed.csv") for part in ("whole", "parts")]
    assert list(speeds[0]) == ["kimg", "images_per_second"]
    pd.testing.assert_series_equal(*(speed["kimg"] for speed in speeds))


def test_deleted_sheets_are_told_and_lose_no_training(trained: Path, tiny_split: Path, tmp_path: Path, capsys) -> None:
    kept = tmp_path / "checkpoint"
    shutil.copytree(trained.with_name("train-checkpoint"), kept)
    shutil.rmtree(kept / "samples")
    more = ["--ema-kimg", "0.05", "--checkpoint", str(kept)]
    assert train_acgan.main(flags(tiny_split, tmp_path / "again", *more)) == 0
    assert "warning: 2 of 3 sample sheets were deleted beside the checkpoint" in capsys.readouterr().err
    assert len(list((tmp_path / "again" / "samples").iterdir())) == 1
    for name in ("generator.safetensors", "samples.png"):
        assert files.sha256(tmp_path / "again" / name) == files.sha256(trained / name)


def kept_in(folder: Path) -> dict[str, str]:
    return {path.name: files.sha256(path) for path in folder.iterdir()}


def draw(generator: Path, output: Path) -> np.ndarray:
    """Draw images from a generator file, as a user does."""
    command = ["--generator", str(generator), "--counts", "covid=3", "normal=2", "--output", str(output)]
    assert generate_images.main(command) == 0
    return np.load(output / "images.npy")


def test_images_are_drawn_while_a_training_goes_on_from_its_third_snapshot_and_from_the_end(
    tiny_split: Path, tmp_path: Path
) -> None:
    more = ["--keep-snapshots", "1", "--ema-kimg", "0.05", "--kimg", "1000", "--snapshot-kimg", "0.08"]
    command = [sys.executable, ROOT / "scripts" / "train_acgan.py", *flags(tiny_split, tmp_path / "train", *more)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    kept = tmp_path / "train-snapshots"
    while process.poll() is None and len(list(kept.glob("generator-*"))) < 4:
        time.sleep(0.005)
    third = sorted(kept.glob("generator-*"))[2]
    while_it_runs = draw(third, tmp_path / "while")
    assert process.poll() is None, process.communicate()[1]
    process.kill()
    process.communicate()
    end = [*more[:4], "--kimg", "0.4", "--snapshot-kimg", "0.08"]
    assert train_acgan.main(flags(tiny_split, tmp_path / "whole", *end)) == 0
    kept = sorted((tmp_path / "whole-snapshots").iterdir())
    assert [generator_file.read(path)[1].kimg for path in kept] == [0.08, 0.16, 0.24, 0.32, 0.4]
    assert np.array_equal(draw(kept[2], tmp_path / "third"), while_it_runs)
    last = draw(tmp_path / "whole" / "generator_last.safetensors", tmp_path / "last")
    assert np.array_equal(draw(kept[-1], tmp_path / "end"), last)
    assert not np.array_equal(last, while_it_runs)


def test_kept_snapshots_are_the_same_whatever_happened_in_between(
    tiny_split: Path, tmp_path: Path, monkeypatch
) -> None:
    more = ["--keep-snapshots", "2", "--keep-discriminators", "--kimg", "0.36", "--snapshot-kimg", "0.06"]
    assert train_acgan.main(flags(tiny_split, tmp_path / "whole", *more)) == 0
    names = [f"{name}-kimg-000000.{kimg}.safetensors" for name in ("discriminator", "generator") for kimg in (120, 240)]
    assert sorted(kept_in(tmp_path / "whole-snapshots")) == sorted(
        [*names, "discriminator-kimg-000000.360.safetensors", "generator-kimg-000000.360.safetensors"]
    )
    (tmp_path / "parts-snapshots").mkdir()
    stale = tmp_path / "parts-snapshots" / "generator-kimg-000000.999.safetensors"
    stale.write_text("of a training with other settings")
    answers = itertools.cycle([""] * 20 + ["the time limit is near"])
    monkeypatch.setattr(interruption.Watch, "reason", lambda watching: next(answers))
    while (code := train_acgan.main(flags(tiny_split, tmp_path / "parts", *more))) == 75:
        # what was taken after the checkpoint is taken again
        later = tmp_path / "parts-snapshots" / "generator-kimg-000000.360.safetensors"
        later.write_text("not of this training")
    assert code == 0
    assert kept_in(tmp_path / "parts-snapshots") == kept_in(tmp_path / "whole-snapshots")
    told = json.loads((tmp_path / "parts" / "settings.json").read_text())
    assert told["kept_kimg"] == [0.12, 0.24, 0.36]


def test_a_diffusion_model_keeps_no_discriminator(tiny_split: Path, tmp_path: Path, capsys) -> None:
    more = ["--keep-snapshots", "1", "--keep-discriminators"]
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", *more, preset="diffusion")) == 1
    assert (
        "error: keep_discriminators is true, but the preset diffusion has no discriminator" in capsys.readouterr().err
    )


def test_a_training_that_kept_too_little_begins_again(tiny_split: Path, tmp_path: Path, capsys) -> None:
    checkpoint = ["--checkpoint", str(tmp_path / "checkpoint"), "--snapshots", str(tmp_path / "kept")]
    assert train_acgan.main(flags(tiny_split, tmp_path / "none", *checkpoint)) == 0
    assert not (tmp_path / "kept").exists()
    assert train_acgan.main(flags(tiny_split, tmp_path / "all", *checkpoint, "--keep-snapshots", "1")) == 0
    assert "keep_snapshots asks for networks of before the checkpoint, so it isn't used" in capsys.readouterr().err
    assert len(kept_in(tmp_path / "kept")) == 2
    assert train_acgan.main(flags(tiny_split, tmp_path / "second", *checkpoint, "--keep-snapshots", "2")) == 0
    assert "resuming from the checkpoint" in capsys.readouterr().err
    assert list(kept_in(tmp_path / "kept")) == ["generator-kimg-000000.128.safetensors"]
    for name in ("generator.safetensors", "generator_last.safetensors"):
        assert len({files.sha256(tmp_path / folder / name) for folder in ("none", "all", "second")}) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_signal_leaves_a_checkpoint_to_go_on_from(
    number: signal.Signals, processes: int, tiny_split: Path, tmp_path: Path
) -> None:
    command = [sys.executable] if processes == 1 else ["bash", ROOT / "workflow" / "launch.sh", "1", "2", "2", ""]
    endless = flags(tiny_split, tmp_path / "train", "--kimg", "1000", "--processes", str(processes))
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        [*command, ROOT / "scripts" / "train_acgan.py", *endless], env=environment, stderr=subprocess.PIPE, text=True
    )
    checkpoint = tmp_path / "train-checkpoint" / "checkpoint.pt"
    while process.poll() is None and not checkpoint.exists():
        time.sleep(0.01)
    process.send_signal(number)
    told = process.communicate()[1]
    assert process.returncode == (75 if processes == 1 else 1), told
    assert "the checkpoint is at" in told
    step = torch.load(checkpoint, weights_only=True)["state"]["step"]
    assert f"the checkpoint is at {step * 8 / 1000:g} of 1000 thousand images" in told


def test_a_limit_that_the_start_uses_up_is_refused(tiny_split: Path, tmp_path: Path, capsys) -> None:
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", "--time-limit", "0.001")) == 1
    assert "error: time_limit is 0.001 minutes, and the start took nearly all of it" in capsys.readouterr().err


# what begins with images of 32 pixels
GROWING = ["--growth-kimg", "0.064", "--ema-kimg", "0.05"]


@pytest.mark.parametrize("preset", ["strong", "diffusion"])
def test_a_training_that_grows_in_many_parts_ends_with_the_same_bits(
    preset: str, larger_split: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    kept = ["--keep-snapshots", "1"]
    assert train_acgan.main(flags(larger_split, tmp_path / "whole", *GROWING, *kept, preset=preset)) == 0
    told = capsys.readouterr().err
    assert "0.064 of 0.16 thousand images" in told
    assert "of 32 pixels, which will grow" in told
    assert json.loads((tmp_path / "whole" / "settings.json").read_text())["stages"] == [
        {"image_size": 32, "from_kimg": 0.0},
        {"image_size": 64, "from_kimg": 0.064},
    ]
    history = pd.read_csv(tmp_path / "whole" / "history.csv")
    assert history.loc[history["validation_kd"].notna(), "kimg"].to_list() == [0.128, 0.16]
    assert len(list((tmp_path / "whole" / "samples").iterdir())) == 3
    assert list(kept_in(tmp_path / "whole-snapshots")) == ["generator-kimg-000000.128.safetensors"]
    for sheet in (tmp_path / "whole" / "samples").iterdir():
        assert Image.open(sheet).size == (10 * 64 + 9 * 2, 2 * 64 + 2)

    # after three steps each, of which the eighth is the last of small images
    answers = itertools.cycle([""] * 4 + ["the time limit is near"])
    monkeypatch.setattr(interruption.Watch, "reason", lambda watching: next(answers))
    while (code := train_acgan.main(flags(larger_split, tmp_path / "parts", *GROWING, *kept, preset=preset))) == 75:
        pass
    assert code == 0
    for name in (*NETWORKS, "history.csv", "samples.png"):
        assert files.sha256(tmp_path / "parts" / name) == files.sha256(tmp_path / "whole" / name), name
    assert kept_in(tmp_path / "parts-snapshots") == kept_in(tmp_path / "whole-snapshots")


def test_two_processes_grow_together(larger_split: Path, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = flags(larger_split, tmp_path / "two", *GROWING, "--processes", "2", preset="strong")
    script = [ROOT / "scripts" / "train_acgan.py", *two]
    done = subprocess.run([*torchrun, *script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, description = generator_file.read(tmp_path / "two" / "generator.safetensors")
    assert description.image_size == 64


def test_a_training_waits_for_images_of_their_own_size(
    nearest_after: Callable[[int], None], larger_split: Path, tmp_path: Path
) -> None:
    nearest_after(1)
    patient = ["--kimg", "0.64", "--snapshot-kimg", "0.032", "--patience-kimg", "0.064", "--growth-kimg", "0.32"]
    assert train_acgan.main(flags(larger_split, tmp_path / "train", *patient, preset="strong")) == 0
    history = pd.read_csv(tmp_path / "train" / "history.csv")
    assert history["kimg"].iloc[-1] == 0.416
    assert generator_file.read(tmp_path / "train" / "generator.safetensors")[1].kimg == 0.352


def test_a_start_is_trained_on_images_of_their_own_size(larger_split: Path, tmp_path: Path) -> None:
    assert train_acgan.main(flags(larger_split, tmp_path / "start", *GROWING, preset="strong")) == 0
    start = ["--start-from", str(tmp_path / "start" / "generator.safetensors")]
    assert train_acgan.main(flags(larger_split, tmp_path / "train", *GROWING, *start, preset="strong")) == 0
    assert pd.read_csv(tmp_path / "train" / "history.csv")["validation_kd"].notna().sum() == 3


def test_a_longer_training_goes_on_from_a_shorter_one(tiny_split: Path, tmp_path: Path, capsys) -> None:
    checkpoint = ["--checkpoint", str(tmp_path / "checkpoint")]
    assert train_acgan.main(flags(tiny_split, tmp_path / "short", "--kimg", "0.064", *checkpoint)) == 0
    assert train_acgan.main(flags(tiny_split, tmp_path / "long", *checkpoint)) == 0
    assert "resuming from the checkpoint" in capsys.readouterr().err
    assert train_acgan.main(flags(tiny_split, tmp_path / "direct")) == 0
    for name in ("generator.safetensors", "generator_last.safetensors"):
        assert files.sha256(tmp_path / "long" / name) == files.sha256(tmp_path / "direct" / name)


@pytest.fixture
def nearest_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make the snapshot of a number the nearest to the validation patients, counted from 1 in every training."""

    def set_nearest(number: int) -> None:
        distances = (abs(place - number) for place in itertools.count(1))
        monkeypatch.setattr(snapshots, "validation_kd", lambda *arguments: float(next(distances)))

    return set_nearest


def test_a_training_ends_when_it_comes_no_nearer(
    nearest_after: Callable[[int], None], tiny_split: Path, tmp_path: Path
) -> None:
    patient = ["--kimg", "0.64", "--snapshot-kimg", "0.032", "--patience-kimg", "0.064"]
    nearest_after(2)
    assert train_acgan.main(flags(tiny_split, tmp_path / "direct", *patient)) == 0
    history = pd.read_csv(tmp_path / "direct" / "history.csv")
    assert history["kimg"].iloc[-1] == 0.128
    assert history["validation_kd"].iloc[-1] == 2
    description = generator_file.read(tmp_path / "direct" / "generator.safetensors")[1]
    assert (description.kimg, description.validation_kd) == (0.064, 0)

    # in two parts, of which the second begins after the best snapshot; and once more from its end
    checkpoint = ["--checkpoint", str(tmp_path / "checkpoint")]
    nearest_after(2)
    assert train_acgan.main(flags(tiny_split, tmp_path / "short", *patient, "--kimg", "0.096", *checkpoint)) == 0
    nearest_after(-1)
    for part in ("long", "again"):
        assert train_acgan.main(flags(tiny_split, tmp_path / part, *patient, *checkpoint)) == 0
        for name in NETWORKS:
            assert files.sha256(tmp_path / part / name) == files.sha256(tmp_path / "direct" / name), (part, name)


def test_two_processes_end_together_when_it_comes_no_nearer(tiny_split: Path, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    # a generator that hardly moves
    patient = ["--kimg", "0.64", "--snapshot-kimg", "0.032", "--patience-kimg", "0.032"]
    patient += ["--generator-learning-rate", "1e-7", "--processes", "2"]
    script = [ROOT / "scripts" / "train_acgan.py", *flags(tiny_split, tmp_path / "two", *patient, preset="strong")]
    done = subprocess.run([*torchrun, *script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(tmp_path / "two" / "history.csv")["kimg"].iloc[-1] < 0.64


def test_another_trainings_checkpoint_is_set_aside(tiny_split: Path, tmp_path: Path, capsys) -> None:
    checkpoint = tmp_path / "checkpoint"
    more = ["--checkpoint", str(checkpoint)]
    assert train_acgan.main(flags(tiny_split, tmp_path / "first", *more)) == 0
    assert train_acgan.main(flags(tiny_split, tmp_path / "second", "--latent-std", "1.0", *more)) == 0
    assert "was made with different data, settings or code; renamed to" in capsys.readouterr().err
    assert (checkpoint / "checkpoint.pt.set-aside").is_file()
    assert train_acgan.main(flags(tiny_split, tmp_path / "alone", "--latent-std", "1.0")) == 0
    name = "generator.safetensors"
    assert files.sha256(tmp_path / "second" / name) == files.sha256(tmp_path / "alone" / name)


def test_a_damaged_checkpoint_is_set_aside(tiny_split: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut off")
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", "--checkpoint", str(tmp_path / "checkpoint"))) == 0
    assert "can't be read" in capsys.readouterr().err


def test_a_full_disk_leaves_the_last_checkpoint_to_go_on_from(
    tiny_split: Path, tmp_path: Path, small_disk: Path, capsys
) -> None:
    more = ["--checkpoint", str(small_disk)]
    assert train_acgan.main(flags(tiny_split, tmp_path / "first", "--kimg", "0.064", *more)) == 0
    checkpoint = files.sha256(small_disk / "checkpoint.pt")
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))
    assert train_acgan.main(flags(tiny_split, tmp_path / "second", *more)) == 1
    assert "error: No space left on device" in capsys.readouterr().err
    assert files.sha256(small_disk / "checkpoint.pt") == checkpoint
    assert not (tmp_path / "second").exists()
    filler.unlink()
    assert train_acgan.main(flags(tiny_split, tmp_path / "second", *more)) == 0
    assert "resuming from the checkpoint" in capsys.readouterr().err


def test_a_loss_that_is_not_finite_stops_the_training(tiny_split: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    gan = kinds.KINDS["gan"]
    broken = dataclasses.replace(gan, train_step=lambda *arguments: gan.train_step(*arguments) * torch.nan)
    monkeypatch.setitem(kinds.KINDS, "gan", broken)
    assert train_acgan.main(flags(tiny_split, tmp_path / "train")) == 1
    error = capsys.readouterr().err
    assert "error: a loss isn't finite after 0.008 thousand images: discriminator_source nan" in error
    assert not (tmp_path / "train").exists()


@pytest.mark.parametrize("preset", ["covidgan", "covidgan_paper", "strong", "diffusion"])
def test_two_processes_train_on_the_same_global_batch(preset: str, tiny_split: Path, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    networks = ["--spectral-norm"] if presets.PRESETS[preset].kind == "gan" else []
    two = flags(tiny_split, tmp_path / "two", *networks, "--processes", "2", preset=preset)
    script = [ROOT / "scripts" / "train_acgan.py", *two]
    done = subprocess.run([*torchrun, *script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    history = pd.read_csv(tmp_path / "two" / "history.csv")
    assert history["kimg"].iloc[-1] == 0.16
    # the checkpoint goes on with another number of processes, and says so
    more = [*networks, "--kimg", "0.192", "--checkpoint", str(tmp_path / "two-checkpoint")]
    one = flags(tiny_split, tmp_path / "one", *more, preset=preset)
    script = [sys.executable, ROOT / "scripts" / "train_acgan.py", *one]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "; the number of processes was 2 and is 1" in done.stderr


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--preset", "covidgn"], "preset is 'covidgn'; expected one of covidgan, covidgan_paper, dcgan"),
        (["--dropout", "1.5"], "dropout is 1.5; expected a number from 0 to 0.95"),
        (["--patience-kimg", "-1"], "patience_kimg is -1.0; expected a number from 0"),
        (["--kimg", "nan"], "kimg is nan; expected a number from 0.001"),
        (["--generator-width", "100"], "generator_width is 100; expected a multiple of 8"),
        (["--mixed-precision", "fp16"], "mixed_precision is 'fp16'; expected one of no, bf16"),
        (
            ["--preset", "dcgan", "--separate-fakes"],
            "separate_fakes is true; expected false with conditioning per_class",
        ),
        (["--preset", "dcgan", "--no-balanced"], "balanced is false; expected true with conditioning per_class"),
        (["--initialisation", "he"], "initialisation is 'he'; expected one of own, glorot"),
        (["--source-loss", "wasserstein"], "source_loss is 'wasserstein'; expected one of logistic, hinge"),
        (["--preset", "strong", "--dropout", "0.5"], "dropout is 0.5; expected 0 with architecture residual"),
        (["--preset", "strong", "--processes", "3"], "batch_size is 8; expected a multiple of the 3 processes"),
        (["--processes", "2"], "processes is 2, but 1 run; launch the script with"),
        (["--processes", "3"], "batch_size is 8; expected a multiple of the 3 processes"),
        (
            ["--batch-size", "2"],
            "batch_size is 2; expected a multiple of the 1 processes that leaves each at least two",
        ),
        (["--snapshot-kimg", "0.004"], "snapshot_kimg is 0.004; expected at least 0.008, the images of one step"),
        (
            ["--preset", "diffusion"],
            "latent_dim is 8, but the preset diffusion is a diffusion model, which has no such setting; leave",
        ),
        (["--sampling-steps", "9"], "sampling_steps is 9, but the preset covidgan is a GAN, which has no such setting"),
        (["--architecture", "unet"], "architecture is 'unet'; expected one of covidgan, residual"),
        (["--keep-discriminators"], "keep_discriminators goes with keep_snapshots"),
        (["--real", "nowhere"], "nowhere isn't an image set: there is no nowhere/images.npy"),
    ],
)
def test_bad_input_is_refused_before_any_work(more, message, tiny_split: Path, tmp_path: Path, capsys) -> None:
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", *more)) == 1
    assert f"error: {message}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(tiny_split: Path, tmp_path: Path, capsys) -> None:
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", "--device", "gpu")) == 1
    assert "error: device is gpu, but torch sees no GPU here" in capsys.readouterr().err


def test_an_output_that_holds_something_is_left_as_it_is(tiny_split: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "precious.txt").write_text("mine")
    assert train_acgan.main(flags(tiny_split, tmp_path / "train")) == 1
    assert "isn't empty" in capsys.readouterr().err
    assert (tmp_path / "train" / "precious.txt").read_text() == "mine"


def test_tensorboard_logs_on_request(tiny_split: Path, tmp_path: Path) -> None:
    logs = tmp_path / "tensorboard"
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", "--tensorboard", str(logs))) == 0
    assert list(logs.rglob("events.out.tfevents*"))
