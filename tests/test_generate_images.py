"""The pool: one seed an image, the same bits whatever is drawn beside it, and only from whole files of our own."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import generate_images
from chestgan.gan import generator_file, presets
from chestgan.gan.networks.build import build_generator
from chestgan.images import image_set, pixels
from project import ROOT

CLASSES = ["covid", "normal"]


def write_generator(path: Path, preset: str = "covidgan") -> Path:
    """Write an untrained generator of 32 px whose images nevertheless differ."""
    small = {"generator_width": 32, "discriminator_width": 4, "latent_dim": 8, "latent_std": 1.0, "sampling_steps": 2}
    begin = presets.PRESETS[preset]
    gan = dataclasses.replace(begin, **{name: value for name, value in small.items() if hasattr(begin, name)})
    torch.manual_seed(0)
    generator = generator_file.BUILDERS[gan.kind](gan, len(CLASSES), 32)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(3)
    description = generator_file.Description(
        name="mine", seed=4, preset=preset, settings=gan, image_size=32, classes=CLASSES, kimg=1.5, validation_kd=0.25
    )
    generator_file.write(path, generator.state_dict(), description)
    return path


@pytest.fixture(scope="module", params=presets.PRESETS)
def generator(request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_generator(tmp_path_factory.mktemp("generator") / "generator.safetensors", request.param)


def generate(generator: Path, output: Path, *more: str) -> image_set.ImageSet:
    assert generate_images.main(["--generator", str(generator), "--output", str(output), *more]) == 0
    return image_set.read(output)


def test_counts_by_class_are_met(generator: Path, tmp_path: Path) -> None:
    pool = generate(generator, tmp_path / "pool", "--counts", "covid=5", "normal=3")
    assert pool.manifest["label"].value_counts().to_dict() == {"covid": 5, "normal": 3}
    assert pool.images.shape == (8, 32, 32)
    assert len(np.unique(pool.images.reshape(8, -1), axis=0)) == 8
    said = json.loads((tmp_path / "pool" / "settings.json").read_text())
    assert (said["generator"], said["seed"]) == ("mine", 4)


def test_png_files_are_the_images_without_loss(generator: Path, tmp_path: Path) -> None:
    pool = generate(generator, tmp_path / "pool", "--counts", "covid=2", "normal=2", "--first-seed", "7")
    assert sorted(path.name for path in (tmp_path / "pool" / "png" / "covid").iterdir()) == [
        "seed-000007.png",
        "seed-000008.png",
    ]
    for image, name in zip(pool.images, pool.manifest["file"], strict=True):
        assert np.array_equal(np.asarray(Image.open(tmp_path / "pool" / name)), image)


def test_an_image_depends_on_its_seed_alone(generator: Path, tmp_path: Path) -> None:
    large = generate(generator, tmp_path / "large", "--counts", "covid=70", "normal=40")
    small = generate(generator, tmp_path / "small", "--counts", "covid=33")
    later = generate(generator, tmp_path / "later", "--counts", "covid=10", "--first-seed", "30")
    covid = large.where(label="covid").images
    assert np.array_equal(small.images, covid[:33])
    assert np.array_equal(later.images, covid[30:40])


def test_classes_do_not_share_their_latents(tmp_path: Path) -> None:
    generator = write_generator(tmp_path / "generator.safetensors")
    pool = generate(generator, tmp_path / "pool", "--counts", "covid=1", "normal=1")
    drawing, description = generator_file.read(generator)
    with torch.inference_mode():
        latents = torch.from_numpy(np.random.default_rng((0, 0)).standard_normal(8).astype(np.float32))
        same = pixels.to_grey(drawing(latents.expand(32, -1), torch.zeros(32, dtype=torch.int64)))[0]
    assert description.classes == CLASSES
    assert np.abs(same.numpy().astype(int) - pool.images[0]).max() <= 1
    assert not np.array_equal(pool.images[0], pool.images[1])


def test_ratio_refers_to_the_real_training_images(generator: Path, tiny_split: Path, tmp_path: Path) -> None:
    pool = generate(generator, tmp_path / "pool", "--ratio", "1.5", "--real", str(tiny_split))
    assert pool.manifest["label"].value_counts().to_dict() == {"covid": 18, "normal": 18}


def test_two_processes_draw_the_pool_of_one(generator: Path, tmp_path: Path) -> None:
    one = generate(generator, tmp_path / "one", "--counts", "covid=70", "normal=20")
    more = ["--generator", generator, "--output", tmp_path / "two", "--counts", "covid=70", "normal=20"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = [ROOT / "scripts" / "generate_images.py", "--processes", "2"]
    done = subprocess.run(
        [*torchrun, *script, *more],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    two = image_set.read(tmp_path / "two")
    assert np.array_equal(one.images, two.images)
    assert one.manifest.equals(two.manifest)
    assert len(list((tmp_path / "two").rglob("*.png"))) == 90


def test_a_ratio_that_makes_no_image_is_refused(generator: Path, tiny_split: Path, tmp_path: Path, capsys) -> None:
    flags = ["--ratio", "0.001", "--real", str(tiny_split), "--output", str(tmp_path / "pool")]
    assert generate_images.main(["--generator", str(generator), *flags]) == 1
    assert "error: ratio is 0.001, which makes no image of covid, of which " in capsys.readouterr().err
    assert not (tmp_path / "pool").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "expected either --counts or --ratio"),
        (["--counts", "covid=1", "--ratio", "1"], "expected either --counts or --ratio"),
        (["--ratio", "1"], "--ratio and --real go together"),
        (["--counts", "covd=5"], "unknown class 'covd'; known: covid, normal; did you mean 'covid'?"),
        (["--counts", "covid=many"], "counts has 'covid=many'; expected CLASS=NUMBER"),
        (["--counts", "abc"], "counts has 'abc'; expected CLASS=NUMBER"),
        (["--counts", "covid=" + "9" * 5000], "counts has 'covid=999"),
        (["--counts", "covid=10000001"], "counts or ratio ask for 10,000,001 images; at most 10,000,000 are made"),
        (["--counts", "covid=2", "covid=5"], "counts names 'covid' twice"),
        (["--counts", "covid=0"], "counts asks for no image at all"),
        (["--counts", "covid=1", "--processes", "2"], "processes is 2, but 1 run"),
    ],
)
def test_bad_input_is_refused_before_any_work(more, message, tmp_path: Path, capsys) -> None:
    generator = write_generator(tmp_path / "generator.safetensors")
    assert generate_images.main(["--generator", str(generator), "--output", str(tmp_path / "pool"), *more]) == 1
    assert f"error: {message}" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["generator.safetensors"]


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def of_another_project(path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, path)


def of_another_size(path: Path) -> None:
    _, description = generator_file.read(path)
    other = build_generator(description.settings, 2, 64)
    generator_file.write(path, other.state_dict(), description)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_off, "is no whole safetensors file"),
        (of_another_project, "is a safetensors file of another project"),
        (of_another_size, "don't fit the settings beside them"),
        (Path.unlink, "there is no generator file"),
    ],
)
def test_a_file_that_is_no_generator_is_refused(damage, message: str, tmp_path: Path, capsys) -> None:
    generator = write_generator(tmp_path / "generator.safetensors")
    damage(generator)
    more = ["--counts", "covid=1", "--output", str(tmp_path / "pool")]
    assert generate_images.main(["--generator", str(generator), *more]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "pool").exists()
