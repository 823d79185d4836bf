"""What a study says of the generators that its trainings began from."""

from pathlib import Path

import pytest

from chestgan.base import files
from chestgan.study import starts

OLD = {"name": "old", "seed": 0, "kimg": 50.0, "sha256": "a" * 64, "patients_known": True, "origin": None}
OLD |= {"generator_share": 1.0, "discriminator_share": 1.0}
ORIGIN = {"dataset": "nih", "licence": "CC BY 4.0", "n_patients": 4000, "start": None}


@pytest.fixture
def write(tmp_path: Path):
    """Write the settings of a training with this start."""

    def written(seed: int, start: dict | None, name: str = "strong") -> Path:
        folder = tmp_path / f"{name}-{seed}"
        origin = {} if start is None else {"origin": ORIGIN | {"dataset": "mine", "start": start}}
        files.write_json(folder / "settings.json", {"name": name, "seed": seed} | origin)
        return folder

    return written


def start(**changes: object) -> dict:
    return OLD | {"name": "base", "kimg": 300.0, "origin": ORIGIN} | changes


def test_a_study_without_starts_says_nothing(write) -> None:
    assert starts.caveats(starts.read_starts([write(0, None)])) == []


def test_a_start_is_named_with_its_data_patients_and_licence(write) -> None:
    (told,) = starts.caveats(starts.read_starts([write(0, start()), write(0, None, "other")]))
    described = "base (data nih, 4000 patients, licence CC BY 4.0, 300 thousand images shown)"
    assert told.startswith(f"The training of strong began from {described}.")


def test_what_a_start_began_from_is_named_too(write) -> None:
    (told,) = starts.caveats(starts.read_starts([write(0, start(origin=ORIGIN | {"start": OLD}))]))
    assert "300 thousand images shown), which began from old (data not told, patients not counted, licence not" in told


def test_unknown_patients_a_lost_discriminator_and_one_file_for_all_seeds_are_told(write) -> None:
    weak = start(patients_known=False, discriminator_share=0.0)
    _, unknown, anew, one = starts.caveats(starts.read_starts([write(0, weak), write(1, weak)]))
    assert "it can't be excluded that some are among the test patients" in unknown
    assert anew == "The start of strong has no discriminator that fits, so the discriminator began anew."
    assert one.startswith("All seeds of strong began from one file")
    own = [write(0, start()), write(1, start(sha256="b" * 64))]
    assert len(starts.caveats(starts.read_starts(own))) == 1


def test_a_diffusion_model_lost_no_discriminator(write) -> None:
    assert len(starts.caveats(starts.read_starts([write(0, start(discriminator_share=None))]))) == 1
