"""A training that begins from a generator: what it takes over, what its results tell of it, and what is refused."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

import train_acgan
from chestgan.base import files, interruption
from chestgan.gan import generator_file
from chestgan.images import image_set
from project import ROOT

SMALL = ["--generator-width", "48", "--discriminator-width", "4", "--latent-dim", "8", "--batch-size", "8"]
SMALL += ["--preset", "strong", "--threads", "1", "--snapshot-kimg", "0.016"]
# a step moves a weight by no more than the learning rate
ONE_STEP = ["--kimg", "0.008", "--generator-learning-rate", "1e-7", "--discriminator-learning-rate", "1e-7"]


@pytest.fixture(autouse=True)
def no_precision_of_before() -> Iterator[None]:
    """Let accelerate forget: it keeps to one precision a process, which is one training in real life."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def flags(split: Path, output: Path, *more: str) -> list[str]:
    return ["--real", str(split), "--output", str(output), *SMALL, *more]


@pytest.fixture(scope="module")
def base(tiny_split: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train what others begin from."""
    # what tests of before left is of their precision
    AcceleratorState._reset_state(reset_partial_state=True)
    output = tmp_path_factory.mktemp("base") / "train"
    named = ["--name", "base", "--dataset", "nih", "--licence", "CC BY 4.0", "--kimg", "0.032"]
    assert train_acgan.main(flags(tiny_split, output, *named)) == 0
    return output


def relabelled(split: Path, folder: Path, change) -> Path:
    """Make a split with a changed manifest."""
    shutil.copytree(split, folder)
    manifest = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
    image_set.write_manifest(folder, change(manifest))
    return folder


def weights(path: Path) -> dict[str, torch.Tensor]:
    return load_file(path)


def test_a_training_begins_with_both_networks_of_its_start(
    base: Path, tiny_split: Path, tmp_path: Path, capsys
) -> None:
    start = base / "generator.safetensors"
    more = ["--start-from", str(start), "--seed", "5", "--name", "mine", "--dataset", "own", *ONE_STEP]
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", *more)) == 0
    assert "start_from: 100 % of the generator's weights (48 tensors)" in capsys.readouterr().err
    for name in ("generator", "discriminator"):
        before, after = (weights(folder / f"{name}.safetensors") for folder in (base, tmp_path / "train"))
        # statistics of batches and of the spectral norm move whatever the learning rate
        moving = ("running_mean", "running_var", "num_batches_tracked", "_u", "_v")
        compared = [key for key in before if not key.endswith(moving)]
        assert len(compared) > 10
        assert all((before[key] - after[key]).abs().max() < 1e-6 for key in compared)
    told = json.loads((tmp_path / "train" / "settings.json").read_text())
    assert told["origin"]["n_patients"] == 12
    assert told["origin"]["start"] | {"origin": None} == {
        **{"name": "base", "seed": 0, "kimg": generator_file.read(start)[1].kimg, "sha256": files.sha256(start)},
        **{"generator_share": 1.0, "discriminator_share": 1.0, "patients_known": True, "origin": None},
    }
    expected = {"dataset": "nih", "licence": "CC BY 4.0", "n_patients": 12, "start": None}
    assert told["origin"]["start"]["origin"] == expected
    _, description = generator_file.read(tmp_path / "train" / "generator.safetensors")
    assert description.origin.dataset == "own"
    assert description.origin.start.origin.licence == "CC BY 4.0"


def test_no_patient_stands_in_a_generator_file(base: Path) -> None:
    patients = set(pd.read_csv(base / "images_seen.csv")["patient"])
    assert patients == {f"p{patient:02d}" for patient in range(16)}
    content = (base / "generator.safetensors").read_bytes()
    assert not any(patient.encode() in content for patient in patients)


def test_patients_of_the_start_add_up(base: Path, tiny_split: Path, tmp_path: Path) -> None:
    own = relabelled(tiny_split, tmp_path / "own", lambda of: of.assign(patient="own-" + of["patient"]))
    more = ["--start-from", str(base / "generator.safetensors"), "--dataset", "own", *ONE_STEP]
    assert train_acgan.main(flags(own, tmp_path / "train", *more)) == 0
    seen = pd.read_csv(tmp_path / "train" / "images_seen.csv")
    assert seen.groupby("dataset")["patient"].nunique().to_dict() == {"nih": 16, "own": 16}
    # what begins from this one may not test on the first one's patients either
    last = relabelled(tiny_split, tmp_path / "last", lambda of: of.assign(split=of["split"].replace("test", "other")))
    tested = relabelled(
        last, tmp_path / "tested", lambda of: of.assign(split=np.where(of["patient"] == "p03", "test", of["split"]))
    )
    more = ["--start-from", str(tmp_path / "train" / "generator.safetensors"), *ONE_STEP]
    assert train_acgan.main(flags(tested, tmp_path / "tested-train", *more)) == 1


def test_a_training_that_stops_and_goes_on_has_the_same_bits(
    base: Path, tiny_split: Path, tmp_path: Path, monkeypatch
) -> None:
    more = ["--start-from", str(base / "generator.safetensors"), "--kimg", "0.064"]
    assert train_acgan.main(flags(tiny_split, tmp_path / "whole", *more)) == 0
    answers = itertools.cycle([""] * 3 + ["the time limit is near"])
    monkeypatch.setattr(interruption.Watch, "reason", lambda watching: next(answers))
    attempts = 1
    while (code := train_acgan.main(flags(tiny_split, tmp_path / "parts", *more))) == 75:
        attempts += 1
    assert code == 0
    assert attempts >= 2
    for name in ("generator", "generator_last", "discriminator"):
        paths = (tmp_path / part / f"{name}.safetensors" for part in ("whole", "parts"))
        assert len(set(map(files.sha256, paths))) == 1


def test_another_start_sets_a_checkpoint_aside(base: Path, tiny_split: Path, tmp_path: Path, capsys) -> None:
    copied = shutil.copytree(base, tmp_path / "base")
    kept = ["--checkpoint", str(tmp_path / "checkpoint"), "--kimg", "0.016"]
    more = [*kept, "--start-from", str(copied / "generator.safetensors")]
    assert train_acgan.main(flags(tiny_split, tmp_path / "first", *more)) == 0
    capsys.readouterr()
    assert train_acgan.main(flags(tiny_split, tmp_path / "again", *more)) == 0
    assert "resuming from the checkpoint" in capsys.readouterr().err
    (copied / "discriminator.safetensors").unlink()
    assert train_acgan.main(flags(tiny_split, tmp_path / "other", *more)) == 0
    assert "made with different data, settings or code" in capsys.readouterr().err


def test_a_discriminator_that_is_missing_begins_anew_and_is_told(
    base: Path, tiny_split: Path, tmp_path: Path, capsys
) -> None:
    alone = tmp_path / "generator.safetensors"
    shutil.copy(base / "generator.safetensors", alone)
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", "--start-from", str(alone), *ONE_STEP)) == 0
    warning = f"warning: no discriminator that fits lies beside {alone}, so this training's begins anew"
    assert warning in capsys.readouterr().err
    told = json.loads((tmp_path / "train" / "settings.json").read_text())
    start = told["origin"]["start"]
    assert (start["discriminator_share"], start["patients_known"]) == (0, False)


def test_a_discriminator_of_which_nothing_but_biases_fits_begins_anew(
    base: Path, tiny_split: Path, tmp_path: Path, capsys
) -> None:
    more = ["--start-from", str(base / "generator.safetensors"), "--no-spectral-norm", *ONE_STEP]
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", *more)) == 0
    assert "warning: no discriminator that fits lies beside" in capsys.readouterr().err
    told = json.loads((tmp_path / "train" / "settings.json").read_text())
    assert told["origin"]["start"]["discriminator_share"] == 0


def test_a_start_of_images_without_patients_says_so(base: Path, tiny_split: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(base, tmp_path / "base")
    seen = pd.read_csv(copied / "images_seen.csv")
    seen.assign(patient="image:" + seen["patient"]).to_csv(copied / "images_seen.csv", index=False)
    more = ["--start-from", str(copied / "generator.safetensors"), *ONE_STEP]
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", *more)) == 0
    told = json.loads((tmp_path / "train" / "settings.json").read_text())
    assert told["origin"]["start"]["patients_known"] is False


def test_each_seed_has_the_start_of_its_number(base: Path, tiny_split: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(base, tmp_path / "seed-3")
    more = ["--start-from", str(tmp_path / "seed-{seed}" / "generator.safetensors"), *ONE_STEP]
    assert train_acgan.main(flags(tiny_split, tmp_path / "train", "--seed", "3", *more)) == 0
    assert train_acgan.main(flags(tiny_split, tmp_path / "other", "--seed", "4", *more)) == 1
    assert "there is no generator file" in capsys.readouterr().err


def test_other_classes_and_another_size_begin_too(base: Path, tiny_split: Path, tmp_path: Path, capsys) -> None:
    own = relabelled(tiny_split, tmp_path / "own", lambda of: of.assign(label=of["label"].replace("covid", "asthma")))
    images = np.load(own / "images.npy")
    np.save(own / "images.npy", np.kron(images, np.ones((1, 2, 2), dtype=np.uint8)))
    more = ["--start-from", str(base / "generator.safetensors"), *ONE_STEP]
    assert train_acgan.main(flags(own, tmp_path / "train", *more)) == 0
    start = json.loads((tmp_path / "train" / "settings.json").read_text())["origin"]["start"]
    assert 0.1 < start["generator_share"] < 1
    assert 0.1 < start["discriminator_share"] < 1


@pytest.fixture(scope="module")
def starts(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make files that nothing can begin from."""
    folder = tmp_path_factory.mktemp("starts")
    whole = (base / "generator.safetensors").read_bytes()
    (folder / "cut-generator.safetensors").write_bytes(whole[: len(whole) // 2])
    shutil.copy(base / "generator.safetensors", folder / "odd-generator.safetensors")
    shutil.copy(base / "generator_last.safetensors", folder / "swapped-generator.safetensors")
    _, description = generator_file.read(base / "generator.safetensors")
    parts = {"odd": {"head.source.bias": torch.zeros(1)}, "swapped": weights(base / "discriminator.safetensors")}
    for name, part in parts.items():
        generator_file.write(folder / f"{name}-discriminator.safetensors", part, description, "discriminator")
    swapped = generator_file.read(folder / "swapped-generator.safetensors")[1]
    assert swapped != description
    return folder


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("nowhere.safetensors", [], "start_from: there is no generator file"),
        ("cut-generator.safetensors", [], "is no whole safetensors file"),
        ("odd-discriminator.safetensors", [], "holds a discriminator; expected a generator"),
        ("odd-generator.safetensors", [], "the weights in {}/odd-discriminator.safetensors don't fit the settings"),
        (
            "swapped-generator.safetensors",
            [],
            "swapped-discriminator.safetensors beside it is the discriminator of another",
        ),
        (
            "odd-generator.safetensors",
            ["--preset", "covidgan"],
            "start_from is {}/odd-generator.safetensors, which has the architecture residual; expected that of this",
        ),
        (
            "odd-generator.safetensors",
            ["--conditioning", "per_class"],
            "which has the conditioning projection, and here it",
        ),
        ("odd-generator.safetensors", ["--generator-width", "96"], "generator_width is 96 here, 48 there"),
    ],
)
def test_a_bad_start_is_refused_before_any_work(
    name: str, more: list[str], message: str, starts: Path, tiny_split: Path, tmp_path: Path, capsys
) -> None:
    command = flags(tiny_split, tmp_path / "train", "--start-from", str(starts / name), *more)
    assert train_acgan.main(command) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert message.format(starts) in told
    assert list(tmp_path.iterdir()) == []


def test_a_diffusion_model_begins_too(tiny_split: Path, tmp_path: Path) -> None:
    small = ["--preset", "diffusion", "--generator-width", "16", "--sampling-steps", "2", "--batch-size", "8"]
    small += ["--snapshot-kimg", "0.008", "--kimg", "0.008", "--ema-kimg", "1"]
    common = ["--real", str(tiny_split), *small, "--threads", "1"]
    assert train_acgan.main([*common, "--output", str(tmp_path / "base")]) == 0
    start = str(tmp_path / "base" / "generator.safetensors")
    more = ["--start-from", start, "--generator-learning-rate", "1e-7", "--output", str(tmp_path / "train")]
    assert train_acgan.main([*common, *more]) == 0
    before, after = (weights(tmp_path / name / "generator.safetensors") for name in ("base", "train"))
    assert before.keys() == after.keys()
    assert all((before[key] - after[key]).abs().max() < 1e-6 for key in before)
    told = json.loads((tmp_path / "train" / "settings.json").read_text())["origin"]["start"]
    assert (told["generator_share"], told["discriminator_share"]) == (1, None)


def test_networks_for_each_class_need_one_in_common(tiny_split: Path, tmp_path: Path, capsys) -> None:
    per_class = ["--conditioning", "per_class", "--kimg", "0.008"]
    assert train_acgan.main(flags(tiny_split, tmp_path / "base", *per_class)) == 0
    renamed = {"covid": "asthma", "normal": "tuberculosis"}
    own = relabelled(tiny_split, tmp_path / "own", lambda of: of.assign(label=of["label"].replace(renamed)))
    more = [*per_class, "--start-from", str(tmp_path / "base" / "generator.safetensors")]
    assert train_acgan.main(flags(own, tmp_path / "train", *more)) == 1
    assert (
        "networks for the classes covid, normal; expected one of asthma, tuberculosis among" in capsys.readouterr().err
    )


def test_a_start_that_has_seen_test_patients_is_refused(base: Path, tiny_split: Path, tmp_path: Path, capsys) -> None:
    swap = {"train": "test", "test": "train"}
    own = relabelled(tiny_split, tmp_path / "own", lambda of: of.assign(split=of["split"].replace(swap)))
    more = ["--start-from", str(base / "generator.safetensors")]
    assert train_acgan.main(flags(own, tmp_path / "train", *more)) == 1
    assert "its training saw 12 patients of this study's validation or test split, such as 'p00' in test" in (
        capsys.readouterr().err
    )


def test_two_processes_begin_like_one(base: Path, tiny_split: Path, tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    more = ["--start-from", str(base / "generator.safetensors"), "--processes", "2", *ONE_STEP]
    script = [ROOT / "scripts" / "train_acgan.py", *flags(tiny_split, tmp_path / "two", *more)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*torchrun, *script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = (weights(folder / "generator_last.safetensors") for folder in (base, tmp_path / "two"))
    assert before.keys() == after.keys()
    best = weights(base / "generator.safetensors")
    assert all((best[key] - after[key]).abs().max() < 1e-6 for key in best if "affine" in key or "convolve" in key)
