"""Each source that can be held out has a study of its own, those that can't are named, and one table has them all."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

import leave_one_source_out
from chestgan.base import files
from pictures import rows, with_table
from project import small_study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make data of three sources, of which one has but one class, and a configuration; and stand in its folder."""
    every = rows(n_patients=24, n_images=1)
    for row in every:
        if row["label"] == "covid" and row["patient"] in ("c20", "c22"):
            row["source"] = "screening"
    with_table(tmp_path / "own", every)
    config = small_study() | {"dataset": "mine"}
    config["split_data"] = {"folder": "own", "metadata": "metadata.csv", "image_size": 32}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.yaml"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Note the commands that would run Snakemake, and let none of them run."""
    noted: list[list[str]] = []

    def note(command: list, **_: object) -> subprocess.CompletedProcess:
        noted.append(list(map(str, command)))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", note)
    return noted


def finish(dataset: str, n_images: int) -> None:
    """Write what the summary of a study tells of its arms."""
    common = {"n_test_images": n_images, "n_test_patients": n_images, "generator": "-"}
    real = common | {"arm": "real", "roc_auc_mean": 0.8, "roc_auc_low": 0.7, "roc_auc_high": 0.9}
    compared = {"difference": 0.05, "family_low": -0.01, "family_high": 0.1, "outcome": "no difference shown"}
    other = real | {"arm": "real_augmented", "roc_auc_mean": 0.85} | compared
    told = {"settings": {"primary_score": "roc_auc"}, "arms": [real | dict.fromkeys(compared), other]}
    files.write_json(Path("results") / dataset / "study" / "study.json", told)


def leave_out(study: Path, *flags: str) -> int:
    return leave_one_source_out.main(["--configfile", str(study), *flags])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the configuration has mistakes"),
        ("- a", "holds no settings"),
        ("dataset: a\ndataset: b", "stands there twice"),
    ],
)
def test_a_configuration_that_is_none_is_refused(text: str, words: str, study: Path, capsys) -> None:
    study.write_text(text)
    assert leave_out(study) == 1
    assert words in capsys.readouterr().err


def test_each_source_has_a_study_of_its_own(study: Path, commands: list[list[str]], capsys) -> None:
    for name, n_images in (("mine", 10), ("mine-without-east", 22), ("mine-without-west", 24)):
        finish(name, n_images)
    assert leave_out(study) == 0
    asked = [command[command.index("--config") + 1 :] for command in commands]
    assert [dataset for dataset, _ in asked] == ["dataset=mine-without-east", "dataset=mine-without-west"]
    assert [json.loads(data.removeprefix("split_data=")) for _, data in asked] == [
        {"test_source": "east"},
        {"test_source": "west"},
    ]
    assert all(command[:3] == [sys.executable, "-m", "snakemake"] for command in commands)
    said = capsys.readouterr().out
    assert "not tested on screening: split_data.test_source is 'screening', and its patients are covid 2" in said
    table = pd.read_csv("results/mine/sources.csv")
    assert table["tested_on"].tolist() == [*["all sources"] * 2, *["east"] * 2, *["west"] * 2]
    assert table["test_patients"].tolist() == [10, 10, 22, 22, 24, 24]
    assert table["difference"].isna().tolist() == [True, False] * 3
    assert table["mean"].tolist() == [0.8, 0.85] * 3


def test_a_dry_run_leaves_no_table(study: Path, commands: list[list[str]]) -> None:
    assert leave_out(study, "--dry-run") == 0
    assert [command[-1] for command in commands] == ["--dry-run"] * 2
    assert not Path("results").exists()


def test_a_study_that_fails_is_named(study: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    assert leave_out(study) == 1
    assert "error: the study that tests on east failed" in capsys.readouterr().err


def test_data_without_a_source_that_can_be_held_out_are_refused(study: Path, commands, capsys) -> None:
    table = pd.read_csv("own/metadata.csv")
    table.assign(source=table["label"]).to_csv("own/metadata.csv", index=False)
    assert leave_out(study) == 1
    assert "split_data.source_column is 'source', and none of the sources can be held out" in capsys.readouterr().err
    table.assign(source="").to_csv("own/metadata.csv", index=False)
    assert leave_out(study) == 1
    assert "split_data.source_column is 'source', and no image has a source" in capsys.readouterr().err
    assert commands == []
