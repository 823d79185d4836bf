"""The workflow as its users run it: dry, with mistakes, and for real."""

import html
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pictures import rows, with_table
from project import ROOT, Project, small_study

COUNTED = {
    "split_data": 1,
    "train_acgan": 10,
    "generate_images": 10,
    "compute_fid": 10,
    "evaluate_classifier": 30,
    "classify_images": 10,
    "draw_curves": 1,
    "summarise_study": 1,
    "write_report": 1,
}
# the studies have a generator more than the demo
COUNTED_IN_STUDIES = COUNTED | {"train_acgan": 15, "generate_images": 15, "compute_fid": 15, "evaluate_classifier": 40}
COUNTED_IN_STUDIES |= {"classify_images": 15}
# 22 generators, 3 seeds, and the arm of real images
COUNTED_IN_ABLATION = COUNTED | {"train_acgan": 66, "generate_images": 66, "compute_fid": 66, "evaluate_classifier": 69}
COUNTED_IN_ABLATION |= {"classify_images": 66}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give the project as it is cloned, with a little data as each of its studies expects them."""
    project = Project(tmp_path_factory.mktemp("fresh"))
    for name, labels in (("cxr", ("covid", "normal", "pneumonia")), ("ct", ("covid", "noncovid"))):
        table = with_table(project.folder / "images" / name, rows(n_patients=12, n_images=1, labels=labels))
        renamed = {"file": "filename", "patient": "patient_id"}
        pd.read_csv(table).rename(columns=renamed).to_csv(table, index=False)
    return project


def test_the_demo_is_planned_from_nothing(fresh: Project) -> None:
    assert fresh.planned(configfile="config/config.yaml") == COUNTED | {"make_demo_data": 1}


@pytest.mark.parametrize("profile", ["profiles/local", "slurm"])
@pytest.mark.parametrize("name", ["cxr", "ct"])
def test_studies_are_planned_without_results_gpu_or_weights(fresh, monkeypatch, name: str, profile: str) -> None:
    monkeypatch.setattr(fresh, "profile", profile)
    folder = f"split_data={{'folder': 'images/{name}', 'allow_small': True}}"
    assert fresh.planned("--config", folder, configfile=f"config/{name}.yaml") == COUNTED_IN_STUDIES
    inception = "compute_fid={'extractors': ['fid'], 'inception_weights': 'nowhere.pth'}"
    for gpus in (["gpus=4"], ["gpus=4", "nodes=2"], ["gpus=1", "device=cpu"], ["container_engine=podman"]):
        assert (
            fresh.planned("--config", folder, *gpus, inception, configfile=f"config/{name}.yaml") == COUNTED_IN_STUDIES
        )


def test_an_ablation_is_planned_as_a_study_like_any_other(fresh: Project) -> None:
    folder = "split_data={'folder': 'images/cxr', 'allow_small': True}"
    assert fresh.planned("--config", folder, configfile="config/ablation.yaml") == COUNTED_IN_ABLATION


@pytest.mark.parametrize("cores", ["1", "16"])
def test_a_training_has_the_same_threads_on_every_machine(fresh: Project, cores: str) -> None:
    # their number decides the last bits
    arguments = ["--dry-run", "--printshellcmds", "--cores", cores, "--config", "seeds=[0]"]
    done = fresh.snakemake(*arguments, configfile="config/config.yaml")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"train_acgan\.py .*--threads (\d+)", done.stdout + done.stderr) == ["1", "1"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("sedes=[1]", "the top level: unknown key 'sedes'"),
        ("train_acgan={'kmig': 1}", "train_acgan: unknown key 'kmig'; known: .*; did you mean 'kimg'?"),
        ("train_acgan={'conditioning': 'separate'}", "since version 1.0 separate is called per_class"),
        ("train_acgan={'dropout': 2}", "train_acgan.dropout: 2 is greater than the maximum of 0.95"),
        ("split_data={'folder': 'nowhere'}", "split_data.folder is 'nowhere', and there is no such folder"),
        ("split_data={'folder': 'empty'}", "split_data.folder is 'empty', and that folder is empty"),
        ("split_data={'folder': 'dangling'}", "dangling/a.png is a link to /not/mounted.png, which isn't there"),
        ("arms={'real': {'train_on': 'real', 'augment': True}}", "augment: False was expected .* real_augmented"),
        (f"split_data={{'folder': '{'x' * 300}'}}", "error: File name too long: x{100}"),
        ("device=gpu", "device is gpu, but gpus is 0; set gpus to the number that a training may have on a node"),
        ("nodes=2", "nodes is 2, which takes a cluster: use a profile for Slurm, or set nodes to 1"),
        ("split_data={'folder': 'images', 'metadata': 'x.csv'}", "split_data.metadata is 'x.csv', and there is no"),
    ],
)
def test_a_mistake_is_told_before_any_work(fresh: Project, settings: str, message: str) -> None:
    for name in ("empty", "dangling"):
        (fresh.folder / name).mkdir(exist_ok=True)
    if not (fresh.folder / "dangling" / "a.png").is_symlink():
        (fresh.folder / "dangling" / "a.png").symlink_to("/not/mounted.png")
    done = fresh.snakemake("--config", settings, configfile="config/config.yaml")
    assert done.returncode == 1
    assert re.search(message, done.stdout + done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    assert not (fresh.folder / "results").exists()


def test_a_key_that_stands_twice_is_refused(fresh: Project) -> None:
    text = (fresh.folder / "config" / "config.yaml").read_text()
    (fresh.folder / "config" / "twice.yaml").write_text(f"{text}\nseeds: [7]\n")
    done = fresh.snakemake("--dry-run", configfile="config/twice.yaml")
    assert done.returncode == 1
    assert "twice.yaml isn't YAML: the key 'seeds' stands there twice" in done.stderr


def test_rules_and_formatting_are_clean(fresh: Project) -> None:
    done = fresh.snakemake("--lint", configfile="config/config.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_finished_study_has_filled_every_column(finished: Project) -> None:
    study = finished.folder / "results" / "demo" / "study"
    table = pd.read_csv(study / "study.csv")
    assert sorted(zip(table["arm"], table["generator"], strict=True)) == [
        ("real", "-"),
        ("real_augmented", "-"),
        ("real_synthetic", "covidgan"),
        ("real_synthetic", "dcgan"),
        ("synthetic", "covidgan"),
        ("synthetic", "dcgan"),
    ]
    # with one seed there is no spread and no interval; PPV and NPV don't exist where nothing was called so
    # what isn't added to real images isn't compared with augmented ones
    ends, starts = ("_sd", "_low", "_high", "detectable", "reason"), ("ppv", "npv", "augmented_")
    unknown = [column for column in table if column.endswith(ends) or column.startswith(starts)]
    assert table.drop(columns=[*unknown, "outcome", "copies_share"]).notna().all(axis=None)
    assert table["copies_share"].isna().tolist() == (table["generator"] == "-").tolist(), "real images hold no copies"
    assert table["outcome"].isna().tolist() == (table["arm"] == "real").tolist(), "it is what others are compared with"
    assert "ROC AUC" in (study / "verdict.txt").read_text()


def test_results_of_before_version_1_are_left_as_they_are(fresh: Project) -> None:
    old = fresh.folder / "results" / "demo" / "split" / "split.png"
    old.parent.mkdir(parents=True)
    old.write_text("precious")
    done = fresh.snakemake(configfile="config/config.yaml")
    assert done.returncode == 1
    assert "results/demo holds results of a version before 1.0, such as split/split.png" in done.stdout + done.stderr
    assert [path for path in (fresh.folder / "results").rglob("*") if path.is_file()] == [old]
    assert old.read_text() == "precious"
    shutil.rmtree(fresh.folder / "results")


def test_a_finished_study_has_its_page(finished: Project) -> None:
    page = html.unescape((finished.folder / "results" / "demo" / "report.html").read_text())
    told = (finished.folder / "results" / "demo" / "study" / "verdict.txt").read_text().splitlines()
    assert told[0] in page
    # the times that Snakemake took, and the commands to repeat it
    assert "train acgan" in page
    assert "make demo" in page


def test_snakemakes_own_report_is_one_page_with_the_figures(finished: Project) -> None:
    done = finished.snakemake("--report", "report.html")
    assert done.returncode == 0, done.stdout + done.stderr
    page = (finished.folder / "report.html").read_text()
    for name in (
        "roc.png",
        "scores.png",
        "samples.png",
        "distances.png",
        "diversity.png",
        "training.png",
        "split.png",
        "covidgan-seed-0.png",
        "study.csv",
        "diversity.csv",
        "generators.csv",
        "ROC curves",
    ):
        assert name in page


def test_a_mistake_in_the_data_is_shown_with_its_log(finished: Project) -> None:
    config = small_study() | {"dataset": "mistaken"}
    config["split_data"] |= {"folder": "data/demo", "classes": ["covid", "normal", "flu"]}
    (finished.folder / "config" / "mistaken.yaml").write_text(yaml.safe_dump(config))
    done = finished.snakemake(configfile="config/mistaken.yaml")
    assert done.returncode == 1
    assert re.search(r"^error: .*flu", done.stdout + done.stderr, flags=re.MULTILINE)
    assert "Traceback" not in done.stdout + done.stderr


def test_the_chain_by_hand_is_as_the_readme_shows_it(finished: Project) -> None:
    section = (ROOT / "README.md").read_text().split("## Run single stages")[1]
    commands = section.split("```bash\n")[1].split("```")[0]
    stages = ("split_data", "take_patients", "train_acgan", "generate_images", "compute_fid", "evaluate_classifier")
    stages += ("classify_images", "draw_curves")
    assert [line.split()[1] for line in commands.splitlines()] == [f"scripts/{name}.py" for name in stages]
    # the small study has fewer images than the demo that the numbers in the commands are meant for
    commands = commands.replace("=80", "=20").replace("split_data.py", "split_data.py --allow-small")
    commands = commands.replace("python", sys.executable)
    done = subprocess.run(["bash", "-euc", commands], cwd=finished.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (finished.folder / "hand" / "both" / "scores.csv").is_file()
    assert (finished.folder / "hand" / "curves" / "train" / "covidgan-seed-0.png").is_file()


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").glob("*.py")))
def test_help_works_from_any_folder(script: str, tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # it runs studies, whose configurations say where results go
    assert ("--configfile" if script == "leave_one_source_out.py" else "--output") in done.stdout


def test_the_documented_commands_mean_what_they_say() -> None:
    from snakemake.cli import get_argument_parser

    pages = [ROOT / "README.md", *sorted(ROOT.glob("*/README.md")), *sorted((ROOT / "docs").glob("*.md"))]
    texts = [page.read_text().replace("\\\n", " ") for page in pages]
    told = [command for text in texts for command in re.findall(r"(snakemake (?:\w+ )?--[^`#\n]*)", text)]
    assert len(told) > 5
    for command in told:
        arguments = get_argument_parser().parse_known_args(shlex.split(command.replace("...", ""))[1:])[0]
        # the flag takes several values, a target after it among them
        assert all(file.suffix == ".yaml" for file in arguments.configfile or []), command


def test_what_snakemake_says_of_clock_skew_is_in_the_table(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text("rule late:\n    input: 'in'\n    output: 'out'\n    shell: 'touch {output}'\n")
    (tmp_path / "in").touch()
    os.utime(tmp_path / "in", (time.time() + 3600,) * 2)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--latency-wait", "0"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    words = "This could indicate a clock skew problem in your network"
    assert done.returncode == 1
    assert words in done.stderr
    assert f"| `{words}` |" in (ROOT / "profiles" / "README.md").read_text()
