"""The files that belong to a generator lie beside it, by their names."""

from pathlib import Path

import pytest

from chestgan.base import start_files


@pytest.mark.parametrize(
    ("generator", "discriminator"),
    [
        ("train/generator.safetensors", "train/discriminator.safetensors"),
        ("kept/generator-kimg-000008.000.safetensors", "kept/discriminator-kimg-000008.000.safetensors"),
        ("nih-generator.safetensors", "nih-discriminator.safetensors"),
        ("generator/nih.safetensors", None),
    ],
)
def test_a_discriminator_has_the_name_of_its_generator(generator: str, discriminator: str | None) -> None:
    assert start_files.discriminator_beside(Path(generator)) == (discriminator and Path(discriminator))


def test_only_files_that_are_there_are_listed(tmp_path: Path) -> None:
    generator = tmp_path / "generator.safetensors"
    assert start_files.networks_of(generator) == [generator]
    assert start_files.files_of(generator) == []
    for name in ("generator.safetensors", "discriminator.safetensors", "images_seen.csv"):
        (tmp_path / name).touch()
    assert start_files.networks_of(generator) == [generator, tmp_path / "discriminator.safetensors"]
    assert start_files.files_of(generator)[-1] == tmp_path / "images_seen.csv"
