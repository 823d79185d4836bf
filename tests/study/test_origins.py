"""What a study says of where its synthetic sets come from."""

from pathlib import Path

import pytest

from chestgan.base import files
from chestgan.study import origins


def write(folder: Path, **settings: object) -> Path:
    files.write_json(folder / "settings.json", settings)
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two seeds of a trained generator, of an imported one with one folder, and of one with a folder a seed."""
    made = [
        write(tmp_path / f"strong-{seed}", script="generate_images", generator="strong", seed=seed) for seed in (0, 1)
    ]
    one = {"script": "import_images", "generator": "one", "same_for_all_seeds": True, "warnings": ["they are small"]}
    many = {"script": "import_images", "generator": "many", "same_for_all_seeds": False}
    for seed in (0, 1):
        made.append(write(tmp_path / f"one-{seed}", seed=seed, **one))
        made.append(write(tmp_path / f"many-{seed}", seed=seed, warnings=["odd"] * seed, **many))
    return made


def test_what_made_a_set_is_known(folders):
    found = origins.read_origins(folders)
    assert set(found.loc[found["imported"], "generator"]) == {"one", "many"}
    assert origins.without_spread(found) == {"one"}


def test_warnings_and_an_unknown_spread_are_caveats(folders):
    assert origins.caveats(origins.read_origins(folders)) == [
        "Images of one are the same for every seed: its spread over trainings is unknown, and no interval holds it.",
        "Images of one: they are small.",
        "Images of many, seed 1: odd.",
    ]


def test_one_seed_is_told_elsewhere(folders):
    first = [folder for folder in folders if folder.name.endswith("-0")]
    assert origins.caveats(origins.read_origins(first)) == ["Images of one: they are small."]
