"""A study with fractions of the real patients: its jobs, what they see, what a change reruns, and what is refused."""

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml

from project import Project, small_study


def study() -> dict:
    """Give the small study with half of the patients beside all; synthetic images alone with all."""
    config = small_study() | {"seeds": [0], "real_fraction": [0.5, 1]}
    config["arms"]["synthetic"]["real_fraction"] = [1]
    return config


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("fractions"))


def said(project: Project, changes: dict) -> str:
    """Plan a study with changes, and give all that was said."""
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(study() | changes))
    done = project.snakemake("--dry-run", "--quiet", "rules")
    assert "Traceback" not in done.stdout + done.stderr
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def test_a_plan_counts_the_jobs_of_every_fraction(fresh: Project) -> None:
    text = said(fresh, {})
    planned = fresh.planned()
    assert planned == {
        "make_demo_data": 1,
        "split_data": 1,
        "take_patients": 1,
        "train_acgan": 4,
        "generate_images": 4,
        "compute_fid": 2,
        # six of all patients, and four of half of them
        "evaluate_classifier": 10,
        "classify_images": 2,
        "draw_curves": 1,
        "summarise_study": 1,
        "write_report": 1,
    }
    counted = re.search(r"^jobs: .* done or not: (.*)$", text, flags=re.MULTILINE)[1]
    jobs = {stage: int(n) for stage, n in re.findall(r"(\w+) (\d+)", counted)}
    assert jobs == planned


MISTAKES = {
    "above one": ({"real_fraction": [1.5, 1]}, r"real_fraction.0: 1\.5 is greater than the maximum of 1"),
    "zero": ({"real_fraction": [0, 1]}, r"real_fraction.0: 0 is less than the minimum of 0\.001"),
    "twice": ({"real_fraction": [0.5, 1, 0.5]}, "real_fraction: .* has non-unique elements"),
    "none": ({"real_fraction": []}, "real_fraction: "),
    "without all": ({"real_fraction": [0.5]}, "real_fraction is 0.5, without 1: .*; add 1"),
    "too few patients": (
        {"real_fraction": [0.1, 1]},
        "real_fraction 0.1 leaves 1 of the 8 training patients of class 'covid'; expected at least 2",
    ),
    "of an arm alone": (
        {"arms": {"real": {"train_on": "real"}, "own": {"train_on": "real", "real_fraction": [0.2]}}},
        "arms.own.real_fraction has 0.2, with which no arm real is trained",
    ),
    "a generator that isn't there": (
        {"arms": {"real": {"train_on": "real"}, "own": {"train_on": "synthetic", "generators": ["strong"]}}},
        "arms.own.generators: unknown generator 'strong'; known: covidgan, dcgan",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_in_the_plan_with_its_key(fresh: Project, name: str) -> None:
    changes, words = MISTAKES[name]
    text = said(fresh, changes)
    assert text.startswith("1\n")
    assert re.search(words, text)
    assert not (fresh.folder / "results").exists()


def planned_with(project: Project, config: dict) -> dict[str, int]:
    (project.folder / "config" / "fractions.yaml").write_text(yaml.safe_dump(config))
    return project.planned(configfile="config/fractions.yaml")


def test_fractions_run_beside_what_is_there(finished: Project) -> None:
    assert planned_with(finished, study()) == {
        "take_patients": 1,
        "train_acgan": 2,
        "generate_images": 2,
        "evaluate_classifier": 4,
        "draw_curves": 1,
        "summarise_study": 1,
        "write_report": 1,
    }


def test_a_study_of_real_images_trains_no_generator_for_a_fraction(finished: Project) -> None:
    config = small_study() | {"real_fraction": [0.5, 1]}
    for name in ("real_synthetic", "synthetic"):
        config["arms"][name]["real_fraction"] = [1]
    assert planned_with(finished, config) == {
        "take_patients": 1,
        "evaluate_classifier": 2,
        "draw_curves": 1,
        "summarise_study": 1,
        "write_report": 1,
    }


@pytest.fixture
def copy(finished: Project, tmp_path: Path) -> Project:
    """Give a copy of the finished study, so that others find theirs as it was."""
    subprocess.run(["cp", "-r", finished.folder, tmp_path / "copy"], check=True)
    made = object.__new__(Project)
    made.folder, made.profile = tmp_path / "copy", finished.profile
    return made


def test_a_fraction_sees_its_patients_alone(copy: Project) -> None:
    config = small_study() | {"real_fraction": [0.5, 1]}
    config["arms"] = {name: config["arms"][name] for name in ("real", "real_synthetic")}
    config["arms"]["real_synthetic"]["generators"] = ["dcgan"]
    (copy.folder / "config" / "fractions.yaml").write_text(yaml.safe_dump(config))
    done = copy.snakemake(configfile="config/fractions.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    results = copy.folder / "results" / "demo"
    part = results / "real_fraction-0.5"
    whole, half = (read_train(folder) for folder in (results / "split", part / "patients" / "seed-0"))
    assert half < whole
    assert len(half) == len(whole) / 2
    settings = yaml.safe_load((part / "dcgan" / "seed-0" / "train" / "settings.json").read_text())
    assert settings["real_fraction"] == 0.5
    images = pd.read_csv(part / "patients" / "seed-0" / "manifest.csv")
    n_images = (images["split"] == "train").sum()
    assert sum(settings["n_train"].values()) == n_images
    arm = yaml.safe_load((part / "classifier" / "real_synthetic-dcgan" / "seed-0" / "settings.json").read_text())
    assert (arm["real_fraction"], arm["n_real_patients"]) == (0.5, len(half))
    # the ratio is to the images of the fraction
    assert arm["n_train_synthetic"] == arm["n_train_real"] == n_images
    assert not (part / "covidgan").exists()
    table = pd.read_csv(results / "study" / "fractions.csv")
    assert list(table["real_fraction"]) == [1, 1, 0.5, 0.5]
    assert (results / "study" / "patients.svg").is_file()
    assert "Scores over the number of real training patients" in (results / "report.html").read_text()
    # taking the fraction back leaves its results, and summarises the study without them
    again = small_study()
    assert planned_with(copy, again).keys() <= {"draw_curves", "summarise_study", "write_report"}


def read_train(folder: Path) -> set[str]:
    manifest = pd.read_csv(folder / "manifest.csv")
    return set(manifest.loc[manifest["split"] == "train", "patient"])
