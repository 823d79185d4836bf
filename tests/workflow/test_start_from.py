"""A study whose trainings begin from a generator of another one: planned, run, and planned after changes."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from accelerate.state import AcceleratorState

import train_acgan
from project import Project, small_study

CONFIGFILE = "config/start.yaml"
START = "starts/base/generator.safetensors"
SMALL = ["--preset", "strong", "--generator-width", "48", "--discriminator-width", "4", "--batch-size", "8"]
SMALL += ["--kimg", "0.016", "--snapshot-kimg", "0.016", "--threads", "1"]


def study(**settings: object) -> dict:
    """Give the small study with one generator, which begins from a file."""
    config = small_study() | {"licence": "CC BY 4.0"}
    widths = {"generator_width": 48, "discriminator_width": 4}
    config["generators"] = {"again": {"preset": "strong", "batch_size": 8, "start_from": START} | widths | settings}
    return config


def write(project: Project, config: dict) -> None:
    (project.folder / CONFIGFILE).write_text(yaml.safe_dump(config))


def refused(project: Project, **settings: object) -> str:
    """Plan what can't be planned, and give the error."""
    write(project, study(**settings))
    done = project.snakemake("--dry-run", configfile=CONFIGFILE)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "Traceback" not in said
    (error,) = [line for line in said.splitlines() if line.startswith("error: ")]
    return error


def planned(project: Project, config: dict) -> int:
    """Count the trainings of a plan."""
    write(project, config)
    return project.planned("--until", "train_acgan", configfile=CONFIGFILE).get("train_acgan", 0)


@pytest.fixture(scope="module")
def project(tiny_split: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Train a generator of other patients, and with it as a start the one of a study."""
    made = Project(tmp_path_factory.mktemp("start"))
    base = made.folder / "starts" / "base"
    named = ["--name", "base", "--dataset", "nih", "--real", str(tiny_split), "--output", str(base)]
    assert train_acgan.main([*named, *SMALL]) == 0
    AcceleratorState._reset_state(reset_partial_state=True)
    write(made, study())
    done = made.snakemake("--until", "train_acgan", configfile=CONFIGFILE)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_a_training_names_its_start(project: Project) -> None:
    told = json.loads((project.folder / "results/demo/again/seed-0/train/settings.json").read_text())["origin"]
    assert (told["dataset"], told["licence"]) == ("demo", "CC BY 4.0")
    assert told["start"]["origin"]["dataset"] == "nih"
    assert told["start"]["patients_known"]


def test_another_start_trains_again_and_a_touched_one_does_not(project: Project) -> None:
    discriminator = (project.folder / START).with_name("discriminator.safetensors")
    (project.folder / START).touch()
    discriminator.touch()
    assert planned(project, study()) == 0
    kept = discriminator.rename(discriminator.with_name("kept"))
    try:
        assert planned(project, study()) == 1
    finally:
        kept.rename(discriminator)


def test_a_start_that_is_missing_is_told_before_any_job(project: Project) -> None:
    error = refused(project, start_from="nowhere/generator.safetensors")
    assert error.startswith("error: generators.again: start_from: there is no generator file /")
    assert "/nowhere/generator.safetensors; train_acgan makes one" in error


def test_a_start_that_has_seen_test_patients_is_told_before_any_job(project: Project) -> None:
    other = shutil.copytree(project.folder / "starts" / "base", project.folder / "starts" / "other")
    manifest = pd.read_csv(project.folder / "results/demo/split/manifest.csv", dtype=str)
    patient = manifest.loc[manifest["split"] == "test", "patient"].iloc[0]
    seen = pd.read_csv(other / "images_seen.csv", dtype=str)
    pd.concat([seen, seen[:1].assign(patient=patient)]).to_csv(other / "images_seen.csv", index=False)
    error = refused(project, start_from="starts/other/generator.safetensors")
    assert f"its training saw 1 patients of this study's validation or test split, such as '{patient}' in test" in error
    assert "delete results/demo/split if the data have changed since" in error.replace(f"{project.folder}/", "")
