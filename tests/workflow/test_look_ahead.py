"""Honest mistakes stop a study before its first job, in one line that names the key; a plan says what a study takes."""

import re
from pathlib import Path

import pytest
import yaml

from pictures import class_folders, picture, rows, save, with_table
from project import Project, small_study


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give the project with data of its user: a table, class folders, and too few images."""
    made = Project(tmp_path_factory.mktemp("mine"))
    with_table(made.folder / "data" / "table", rows(n_patients=8))
    class_folders(made.folder / "data" / "folders", n_images=16)
    class_folders(made.folder / "data" / "six", n_images=6)
    class_folders(made.folder / "data" / "two", n_images=2)
    class_folders(made.folder / "data" / "cases", n_images=8, labels=("covid", "normal", "Normal"))
    class_folders(made.folder / "data" / "masked", n_images=16)
    for label in ("covid", "normal"):
        save(made.folder / "data" / "masked" / label / "masks" / "00.png", picture(0))
    class_folders(made.folder / "data" / "deep", n_images=16)
    for path in (made.folder / "data" / "deep").rglob("*.png"):
        save(path, picture(int(path.stem)).astype("uint16") * 9)
    return made


def plan(project: Project, split_data: dict, **sections: dict) -> str:
    """Plan a study of some data, and give all that was said."""
    config = small_study() | {"dataset": "mine"}
    config["split_data"] = {"image_size": 32, "allow_small": True} | split_data
    for name, section in sections.items():
        config[name] = {**config[name], **section}
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    done = project.snakemake("--dry-run", "--quiet", "rules")
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert not (project.folder / "results").exists()
    return f"{done.returncode}\n{said}"


TABLE = {"folder": "data/table", "metadata": "metadata.csv"}
FOLDERS = {"folder": "data/folders"}
MISTAKES = {
    "wrong column": (
        TABLE | {"label_column": "lable"},
        {},
        "split_data.label_column is 'lable'.*did you mean 'label'?",
    ),
    "wrong class": (
        TABLE | {"classes": ["covid", "norml"]},
        {},
        "split_data.classes has 'norml'.*did you mean 'normal'?",
    ),
    "few test patients": (
        FOLDERS | {"allow_small": False},
        {},
        "split_data.test_fraction is 0.2, which leaves too few test patients: covid .*set split_data.allow_small",
    ),
    "unknown test source": (
        TABLE | {"test_source": "Lille"},
        {},
        "split_data.test_source is 'Lille', which no image has; the sources are ",
    ),
    "wrong positive class": (
        TABLE,
        {"evaluate_classifier": {"positive_class": "covd"}},
        "evaluate_classifier.positive_class is 'covd'.*did you mean 'covid'?",
    ),
    "wrong folder": ({"folder": "data/tabel"}, {}, "split_data.folder is 'data/tabel'.*did you mean 'table'?"),
    "wrong patient column": (
        TABLE | {"patient_column": "patient_id"},
        {},
        "split_data.patient_column is 'patient_id'.*did you mean 'patient'?",
    ),
    "a column with one patient": (
        TABLE | {"patient_column": "label"},
        {},
        "too few patients.*split_data.patient_column is 'label', and 2 patients have 32 images",
    ),
    "six images a class": (
        {"folder": "data/six"},
        {},
        "split_data.validation_fraction is 0.2, which leaves 1 validation",
    ),
    "two images a class": ({"folder": "data/two"}, {}, "too few patients.*split_data.folder is 'data/two'"),
    "label in another case": (
        FOLDERS | {"classes": ["COVID", "normal"]},
        {},
        "split_data.classes has 'COVID'.*did you mean 'covid'?",
    ),
    "one label in two cases": ({"folder": "data/cases"}, {}, "differ only in case: .*'Normal'.*split_data.classes"),
    "larger images than there are": (FOLDERS | {"image_size": 128}, {}, "split_data.image_size is 128, and 32 of 32"),
    "a size that a generator can't make": (
        FOLDERS | {"image_size": 36},
        {},
        "split_data.image_size is 36, which generators.covidgan can't make .*32 and 48",
    ),
    "files that are too small": (FOLDERS | {"min_size": 90}, {}, "split_data.min_size is 90, and of 32 files"),
    "no window": ({"folder": "data/deep"}, {}, "split_data.window_low is None, .*16-bit without a window 32"),
    "counts of a class that isn't there": (
        FOLDERS,
        {"generate_images": {"ratio": None, "counts": {"covid": 9, "norml": 9}}},
        "generate_images.counts is 'norml'.*did you mean 'normal'?",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_stops_in_one_line_with_its_key(project: Project, name: str) -> None:
    split_data, sections, words = MISTAKES[name]
    said = plan(project, split_data, **sections)
    assert said.startswith("1\n")
    (line,) = (line for line in said.splitlines() if line.startswith("error: "))
    assert re.search(words.replace("?", r"\?"), line)


def test_a_plan_says_what_the_study_takes(project: Project) -> None:
    said = plan(project, TABLE)
    assert said.startswith("0\n")
    lines = said.splitlines()
    assert "data: 32 images of 16 patients in data/table: covid 16 of 8, normal 16 of 8" in lines
    assert "opened: 32 of them; all can be used, 80 × 72 pixels" in lines
    (counted,) = (line for line in lines if line.startswith("jobs: "))
    jobs = {stage: int(n) for stage, n in re.findall(r"(\w+) (\d+)", counted.split("done or not: ")[1])}
    assert jobs == project.planned()
    assert any(line.startswith("hours of the 2 trainings, one after another: covidgan unknown") for line in lines)
    assert any(line.startswith("disk: about 1.0 GB when all is done") for line in lines)


def test_masks_are_told_and_not_taken(project: Project) -> None:
    assert "covid 16 of 16, normal 16 of 16; left out: mask 2" in plan(project, {"folder": "data/masked"})


def test_a_run_stops_as_a_plan_does(project: Project) -> None:
    config = yaml.safe_load((project.folder / "config" / "small.yaml").read_text())
    config["split_data"] |= {"folder": "data/six", "metadata": []}
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    done = project.snakemake()
    assert done.returncode == 1
    assert "which leaves 1 validation image" in done.stdout + done.stderr
    assert not (project.folder / "results").exists()


def test_an_environment_that_only_submits_jobs_plans_without_looking(project: Project, tmp_path: Path) -> None:
    # in a container's host there is Snakemake, and none of what computes
    (tmp_path / "PIL").mkdir()
    (tmp_path / "PIL" / "__init__.py").write_text("raise ImportError('no Pillow here')\n")
    (project.folder / "config" / "small.yaml").write_text(
        yaml.safe_dump(small_study() | {"dataset": "mine", "split_data": {"folder": "data/six"}})
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        done = project.snakemake("--dry-run", "--quiet", "rules")
    assert done.returncode == 0, done.stderr
    assert "The data aren't looked at before the first job: no Pillow here" in done.stdout + done.stderr
