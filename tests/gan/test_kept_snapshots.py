"""Kept snapshots are files named by their time, of one training up to its checkpoint."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from chestgan.base.errors import UserError
from chestgan.gan import generator_file, kept_snapshots, presets
from chestgan.gan.generator_file import Description
from chestgan.gan.kept_snapshots import Keeping
from chestgan.gan.networks.build import build_discriminator, build_generator

SETTINGS = dataclasses.replace(presets.PRESETS["strong"], generator_width=16, discriminator_width=4, latent_dim=4)


def described(kimg: float) -> Description:
    return Description("mine", 0, "strong", SETTINGS, 32, ["covid", "normal"], kimg, 0.5)


def networks() -> dict[str, dict[str, torch.Tensor]]:
    generator, discriminator = build_generator(SETTINGS, 2, 32), build_discriminator(SETTINGS, 2, 32)
    return {"generator": generator.state_dict(), "discriminator": discriminator.state_dict()}


def test_both_networks_are_read_as_they_were(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, 1, discriminators=True)
    weights = networks()
    kept_snapshots.write(keeping, weights, described(1.5))
    names = ["discriminator-kimg-000001.500.safetensors", "generator-kimg-000001.500.safetensors"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    generator, description = generator_file.read(tmp_path / names[1])
    assert description == described(1.5)
    assert all(torch.equal(weights["generator"][name], weight) for name, weight in generator.state_dict().items())
    discriminator = build_discriminator(SETTINGS, 2, 32)
    discriminator.load_state_dict(load_file(tmp_path / names[0]))
    found = discriminator.state_dict()
    assert all(torch.equal(found[name], weight) for name, weight in weights["discriminator"].items())
    with pytest.raises(UserError, match="holds a discriminator; expected a generator"):
        generator_file.read(tmp_path / names[0])


def test_without_the_wish_there_is_no_discriminator(tmp_path: Path) -> None:
    kept_snapshots.write(Keeping(tmp_path, 1, discriminators=False), networks(), described(1.5))
    assert [path.name for path in tmp_path.iterdir()] == ["generator-kimg-000001.500.safetensors"]


def test_the_order_of_names_is_that_of_time(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, 1, discriminators=False)
    times = [0.064, 9.9, 10.0, 99.999, 1864.0, 25000.0]
    names = [kept_snapshots.file(keeping, "generator", kimg).name for kimg in times]
    assert sorted(names) == names


def test_others_are_dropped_and_strangers_left(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, 1, discriminators=False)
    for network in ("generator", "discriminator"):
        for kimg in (1.0, 2.0):
            kept_snapshots.file(keeping, network, kimg).touch()
    (tmp_path / "notes.txt").touch()
    kept_snapshots.drop_others(keeping, [1.0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generator-kimg-000001.000.safetensors", "notes.txt"]


def test_a_folder_that_is_not_there_has_no_others(tmp_path: Path) -> None:
    kept_snapshots.drop_others(Keeping(tmp_path / "none", 1, discriminators=False), [])


@pytest.mark.parametrize(
    ("asked", "kept", "covered"),
    [
        ((0, False), (0, False), True),
        ((0, False), (3, True), True),
        ((1, False), (0, False), False),
        ((1, False), (1, False), True),
        ((2, False), (1, False), True),
        ((4, False), (2, True), True),
        ((1, False), (2, False), False),
        ((3, False), (2, False), False),
        ((1, True), (1, False), False),
        ((2, True), (1, True), True),
    ],
)
def test_a_checkpoint_serves_who_asks_for_no_more(asked: tuple, kept: tuple, covered: bool) -> None:
    keeping = Keeping(Path("unused"), *asked)
    assert keeping.is_covered_by(Keeping(Path("other"), *kept).choice) == covered
