"""Keys of a configuration that don't fit are refused before any job, and the rest is told in a few lines."""

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from chestgan.base import configuration
from chestgan.base.errors import UserError
from chestgan.data.inspection import Inspection, Selection
from chestgan.doctor import forecast, refusals, study
from chestgan.doctor.forecast import Known
from project import ROOT


@pytest.fixture(scope="module")
def known() -> Known:
    return forecast.read_known(ROOT / "workflow" / "schemas" / "networks.json")


@pytest.fixture
def config() -> dict:
    return yaml.safe_load((ROOT / "config" / "cxr.yaml").read_text()) | {"seeds": [0, 1, 2]}


def inspected(reasons: tuple[str, ...] = ("", "", "")) -> Inspection:
    """Make what a look at three images of three patients finds, of which one other was left out."""
    table = pd.DataFrame({"file": ["a.png", "b.png", "c.png"], "label": ["covid", "covid", "normal"]})
    table = table.assign(patient=["p1", "p2", "p3"], given=["p1", "p2", "P3"], source="")
    left_out = pd.DataFrame([["d.png", "flu", "ignored label", ""]], columns=["file", "label", "reason", "detail"])
    sides = {"original_width": [300, 64, 128], "original_height": [200, 64, 128]}
    looked = table.assign(reason=reasons, **sides)
    return Inspection(Selection(table, ["covid", "normal"], left_out, [], 4, []), looked)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"summarise_study": {"group_by": ["sex"]}},
            "summarise_study.group_by has sex, which no image will have; expected one of source, view, modality",
        ),
        ({"generate_images": {}}, "generate_images.counts and generate_images.ratio: neither is set"),
        ({"generate_images": {"ratio": 1.0, "counts": {"covid": 1}}}, "both are set"),
        (
            {"arms": {"first": {"train_on": "pretrained", "kimg": 0.9}}},
            "arms.first.train_on is pretrained, which trains twice, but kimg is 0.9 and validation_kimg 0.5",
        ),
        ({"generate_images": {"ratio": 0.5}}, "arms.real_synthetic.ratio is 1, and generate_images.ratio is 0.5"),
        (
            {"split_data": {"folder": "x", "image_size": 72}},
            "split_data.image_size is 72, which generators.strong can't make (architecture residual); the nearest that "
            "it can are 64 and 80",
        ),
        (
            {"generators": {"mine": {"preset": "diffusion", "source_loss": "hinge"}}},
            "generators.mine.source_loss is 'hinge', but generators.mine (preset diffusion, kind diffusion) has no "
            "such setting; leave it out",
        ),
        (
            {"train_acgan": {"latent_dim": 9}, "generators": {"mine": {"preset": "diffusion"}}},
            "train_acgan.latent_dim is 9, but generators.mine (preset diffusion, kind diffusion) has no such setting; "
            "set generators.mine.latent_dim to null, or move it to those that have it",
        ),
        (
            {"generators": {"mine": {"preset": "strong", "architecture": "unet"}}},
            "generators.mine.architecture is 'unet', and its preset strong is of kind gan; expected covidgan or",
        ),
        (
            {"generators": {"mine": {"preset": "strong", "keep_discriminators": True}}},
            "generators.mine: keep_discriminators goes with keep_snapshots",
        ),
        (
            {"generators": {"mine": {"preset": "strong", "sampling_steps": 9}}},
            "generators.mine.sampling_steps is 9, but generators.mine (preset strong, kind gan) has no such setting",
        ),
        (
            {"train_acgan": {"keep_discriminators": True}, "generators": {"mine": {"preset": "diffusion"}}},
            "train_acgan.keep_discriminators is True, but generators.mine",
        ),
        (
            {"split_data": {"folder": "x", "image_size": 72}, "generators": {"mine": {"preset": "diffusion"}}},
            "image_size is 72, which generators.mine can't make (architecture unet); the nearest that it can are",
        ),
    ],
)
def test_settings_that_contradict_are_refused(config: dict, known: Known, changes: dict, words: str) -> None:
    refusals.check_settings(config, known)
    with pytest.raises(UserError) as told:
        refusals.check_settings(config | changes, known)
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"evaluate_classifier": {"positive_class": "Covid"}}, "evaluate_classifier.positive_class is 'Covid'"),
        ({"arms": {"real": {"train_on": "real", "positive_class": "covd"}}}, "arms.real.positive_class is 'covd'"),
        ({"generate_images": {"counts": {"covid": 9, "flu": 9}}}, "generate_images.counts is 'flu'"),
        ({"generate_images": {"counts": {"covid": 9}}}, "generate_images.counts asks for no image of class 'normal'"),
    ],
)
def test_classes_that_the_study_does_not_have_are_refused(config: dict, changes: dict, words: str) -> None:
    refusals.check_labels(config, ["covid", "normal"])
    with pytest.raises(UserError) as told:
        refusals.check_labels(config | changes, ["covid", "normal"])
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gpus": 3}, "generators.strong: batch_size is 32; expected a multiple of the 3 processes"),
        ({"generators": {"mine": {"batch_size": 2}}}, "generators.mine: batch_size is 2; expected a multiple of the 1"),
        (
            {"generators": {"mine": {"snapshot_kimg": 0.01}}},
            "generators.mine: snapshot_kimg is 0.01; expected at least",
        ),
    ],
)
def test_batches_that_processes_cannot_share_are_refused(config: dict, known: Known, changes: dict, words: str) -> None:
    refusals.check_batches(config, ["covid", "normal"], known)
    with pytest.raises(UserError) as told:
        refusals.check_batches(config | changes, ["covid", "normal"], known)
    assert str(told.value).startswith(words)


def test_counts_of_which_an_arm_takes_more_are_refused_once_there_is_a_split(config: dict, tmp_path: Path) -> None:
    config["generate_images"] = {"counts": {"covid": 2, "normal": 1}}
    refusals.check_counts(config, ["covid", "normal"], tmp_path)
    (tmp_path / "manifest.csv").write_text("label,split\ncovid,train\ncovid,train\nnormal,train\nnormal,train\n")
    with pytest.raises(UserError, match=r"takes 2 images of normal for the 2 .*, and generate_images.counts has 1"):
        refusals.check_counts(config, ["covid", "normal"], tmp_path)
    # other programs' images aren't counted there
    trained = config["generators"]
    config["generators"] = {name: {"images": str(tmp_path)} for name in trained}
    refusals.check_counts(config, ["covid", "normal"], tmp_path)
    config["generators"] = trained
    config["generate_images"]["counts"]["normal"] = 2
    refusals.check_counts(config, ["covid", "normal"], tmp_path)


def test_a_summary_says_what_is_there_and_what_is_unknown(config: dict, known: Known, tmp_path: Path) -> None:
    lines = list(study.summary(config, inspected(), known, tmp_path))
    assert lines[:2] == [
        "data: 3 images of 3 patients in data/cxr: covid 2 of 2, normal 1 of 1; left out: ignored label 1",
        "opened: 3 of them; all can be used, 64 × 64 to 300 × 200 pixels",
    ]
    assert lines[2].startswith("jobs: 64 in the whole study, done or not: split_data 1, ")
    # 3 times 252 thousand images and 48 thousand of a quarter of the pixels, at the speed that the table has
    hours, speed = re.search(r"strong ([\d.]+) \((\d+) images/s, as docs/performance.md", lines[3]).groups()
    assert float(hours) == pytest.approx(3 * 264_000 / int(speed) / 3600, abs=0.06)
    assert "covidgan unknown" in lines[3]
    assert "compute_fid unknown" in lines[4]
    assert lines[5].startswith("disk: about ")
    (opened,) = (line for line in study.data_lines(config, inspected(("", "truncated", ""))) if "opened" in line)
    assert opened == "opened: 3 of them; 2 can be used, 128 × 128 to 300 × 200 pixels, others not: truncated 1"
    (opened,) = (line for line in study.data_lines(config, inspected(("truncated",) * 3)) if "opened" in line)
    assert opened == "opened: 3 of them; 0 can be used, others not: truncated 3"


def test_what_is_odd_about_the_patients_is_told_beforehand(config: dict) -> None:
    found = inspected()
    table = found.selected.table.assign(given="", patient=["image:a.png", "image:b.png", "image:c.png"])
    selected = dataclasses.replace(found.selected, table=table, notes=["a scan says so"])
    lines = list(study.data_lines(config, Inspection(selected, found.looked)))
    assert lines[1].startswith("warning: NO PATIENT IDS")
    assert lines[2] == "warning: a scan says so"


def test_images_are_opened_until_there_is_a_split(config: dict, known: Known, tmp_path: Path) -> None:
    asked = []

    def inspect(section: dict, **options: int) -> Inspection:
        asked.append(options)
        return inspected()

    study.look_ahead(config, known, tmp_path, inspect)
    split = tmp_path / "results" / "cxr" / "split"
    split.mkdir(parents=True)
    (split / "settings.json").write_text('{"settings": {"image_size": 64}}')
    study.look_ahead(config, known, tmp_path, inspect)
    assert asked == [{}, {"n_files": 0}]


def of_patients(n_patients: int) -> Inspection:
    """Make what a look at an image each of so many patients of two classes finds, half of them of a source each."""
    numbers = [*range(n_patients)] * 2
    table = pd.DataFrame({"file": "a.png", "label": ["covid"] * n_patients + ["normal"] * n_patients})
    table["patient"] = [f"{label}{number}" for label, number in zip(table["label"], numbers, strict=True)]
    table["source"] = ["ab"[number % 2] for number in numbers]
    found = inspected()
    return Inspection(dataclasses.replace(found.selected, table=table), found.looked)


def test_a_fraction_too_small_is_refused_before_there_is_a_split(config: dict, tmp_path: Path) -> None:
    config["real_fraction"] = [0.1, 1]
    refusals.check_fractions(config, of_patients(200), tmp_path)
    refusals.check_fractions(config, of_patients(40), tmp_path)
    with pytest.raises(UserError, match=r"^real_fraction 0.1 leaves 1 of the 13 training patients of class 'covid'"):
        refusals.check_fractions(config, of_patients(20), tmp_path)
    # the patients of one source test, so that fewer are left to train with
    config["split_data"]["test_source"] = "b"
    refusals.check_fractions(config, of_patients(200), tmp_path)
    with pytest.raises(UserError, match=r"^real_fraction 0.1 leaves 1 of the 12 training patients of class 'covid'"):
        refusals.check_fractions(config, of_patients(30), tmp_path)


def test_the_demo_is_known_before_it_is_drawn(config: dict, known: Known, tmp_path: Path) -> None:
    config["split_data"]["folder"] = configuration.DEMO_FOLDER
    lines = study.look_ahead(config, known, tmp_path, inspect=None)
    assert not any(line.startswith("data:") for line in lines)
    config["evaluate_classifier"]["positive_class"] = "flu"
    with pytest.raises(UserError, match=r"evaluate_classifier.positive_class is 'flu'"):
        study.look_ahead(config, known, tmp_path, inspect=None)


def test_a_study_with_nothing_to_compare_with_is_told(config: dict, known: Known, tmp_path: Path) -> None:
    told = "warning: arms has no real, with which the others are compared: the study will have no answer"
    assert told not in study.summary(config, inspected(), known, tmp_path)
    del config["arms"]["real"]
    assert told in study.summary(config, inspected(), known, tmp_path)


def test_a_file_that_a_training_cannot_begin_from_is_refused(config: dict, tmp_path: Path) -> None:
    config["generators"] = {"mine": {"preset": "strong", "start_from": str(tmp_path / "generator.safetensors")}}
    (tmp_path / "generator.safetensors").write_bytes(b"no network")
    with pytest.raises(UserError, match=r"^generators.mine: start_from: .* \(10 bytes\) is no whole safetensors file"):
        refusals.check_starts(config, ["covid", "normal"], tmp_path)
    config["generators"]["mine"]["source_loss"] = "wasserstein"
    with pytest.raises(UserError, match=r"^generators.mine: source_loss is 'wasserstein'"):
        refusals.check_starts(config, ["covid", "normal"], tmp_path)
