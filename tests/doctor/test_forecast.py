"""What a study takes is counted from its configuration, and estimated only from what is known."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from chestgan.doctor import forecast, machine
from chestgan.doctor.forecast import Known
from project import ROOT


@pytest.fixture(scope="module")
def known() -> Known:
    return forecast.read_known(ROOT / "workflow" / "schemas" / "networks.json")


@pytest.fixture
def config() -> dict:
    return yaml.safe_load((ROOT / "config" / "cxr.yaml").read_text()) | {"seeds": [0, 1, 2]}


def finish_training(results: Path, known: Known, image_size: int = 64, **changes: object) -> None:
    """Leave what a finished training of the preset strong leaves."""
    train = results / "strong" / "seed-0" / "train"
    train.mkdir(parents=True)
    (train / "settings.json").write_text(json.dumps({"settings": known.presets["strong"] | changes}))
    # the first 48 thousand images are small ones
    speed = {"kimg": [24.0, 48.0, 60.0, 80.0, 100.0], "images_per_second": [400.0, 400.0, 90.0, 100.0, 110.0]}
    pd.DataFrame(speed).to_csv(train / "speed.csv", index=False)
    (results / "split").mkdir()
    (results / "split" / "settings.json").write_text(json.dumps({"settings": {"image_size": image_size}}))


def test_jobs_are_counted_by_stage(config: dict) -> None:
    assert forecast.jobs(config) == {
        "split_data": 1,
        "train_acgan": 9,
        "generate_images": 9,
        "compute_fid": 9,
        "evaluate_classifier": 24,
        "classify_images": 9,
        "draw_curves": 1,
        "summarise_study": 1,
        "write_report": 1,
    }


def test_images_from_elsewhere_are_imported_and_not_trained(config: dict) -> None:
    config["generators"]["mine"] = {"images": "mine"}
    with_one_more = forecast.jobs(config)
    n_seeds = len(config["seeds"])
    assert with_one_more["import_images"] == n_seeds
    assert with_one_more["train_acgan"] == n_seeds * (len(config["generators"]) - 1)
    assert with_one_more["compute_fid"] == n_seeds * len(config["generators"])
    config["generators"] = {"mine": {"images": "mine"}}
    assert not {"train_acgan", "generate_images"} & forecast.jobs(config).keys()
    assert forecast.trained(config) == []


def test_fractions_of_the_patients_add_their_own_jobs(config: dict, known: Known) -> None:
    whole, size = forecast.jobs(config), forecast.disk_bytes(config, 1000, known)["image sets"]
    config["real_fraction"] = [0.5, 1]
    config["arms"]["synthetic"]["real_fraction"] = [1]
    jobs = forecast.jobs(config)
    assert {stage: n - whole.get(stage, 0) for stage, n in jobs.items() if n != whole.get(stage, 0)} == {
        "take_patients": 3,
        "train_acgan": 9,
        "generate_images": 9,
        "evaluate_classifier": 15,
    }
    # sets of 680 images: 320 of training, and all others; and half of the generated images again
    added = 64 * 64 * (3 * 680 + 2 * 9 * 320)
    assert forecast.disk_bytes(config, 1000, known)["image sets"] - size == added


def test_a_preset_is_as_fast_as_it_was_measured(config: dict, known: Known, tmp_path: Path) -> None:
    speed = forecast.speed(config, "strong", known, tmp_path)
    row = next(row for row in known.measured if (row["preset"], row["image_size"]) == ("strong", 64))
    assert speed.images_per_second == row["images_per_second"]
    assert "docs/performance.md" in speed.basis


@pytest.mark.parametrize(
    ("changes", "generator"),
    [
        ({}, "covidgan"),  # half the width of the preset
        ({"split_data": {"folder": "x", "image_size": 96}}, "strong"),
        ({"train_acgan": {"mixed_precision": "no"}}, "strong"),
        ({"gpus": 1}, "strong"),
    ],
)
def test_what_was_not_measured_is_unknown(config: dict, known: Known, tmp_path: Path, changes, generator: str) -> None:
    assert forecast.speed(config | changes, generator, known, tmp_path).images_per_second is None


def test_an_earlier_training_of_the_study_tells_the_speed_here(config: dict, known: Known, tmp_path: Path) -> None:
    finish_training(tmp_path, known)
    assert forecast.speed(config | {"gpus": 1}, "strong", known, tmp_path) == forecast.Speed(100.0, "as 1 here")


def test_small_images_take_less_time(config: dict, known: Known) -> None:
    assert config["train_acgan"]["kimg"] == 300
    assert forecast.training_seconds(config, "strong", 100.0, known) == pytest.approx((48_000 / 4 + 252_000) / 100)
    config["generators"]["strong"]["start_from"] = "start.safetensors"
    assert forecast.training_seconds(config, "strong", 100.0, known) == pytest.approx(300_000 / 100)
    # the batches are whole ones
    assert forecast.training_seconds(config, "dcgan", 10.0, known) == pytest.approx(30_000 / 10, abs=32 / 10)


@pytest.mark.parametrize("changes", [{"image_size": 128}, {"generator_width": 96}])
def test_an_earlier_training_of_another_kind_tells_nothing(config, known, tmp_path: Path, changes: dict) -> None:
    finish_training(tmp_path, known, **changes)
    assert forecast.speed(config | {"gpus": 1}, "strong", known, tmp_path).images_per_second is None


def test_earlier_jobs_tell_the_seconds_of_the_next(tmp_path: Path) -> None:
    assert forecast.seconds_of_jobs("compute_fid", tmp_path) is None
    (tmp_path / "compute_fid").mkdir()
    for name, seconds in (("a", 10.0), ("b", 30.0)):
        (tmp_path / "compute_fid" / f"{name}.tsv").write_text(f"s\th:m:s\n{seconds}\t0:00:10\n")
    assert forecast.seconds_of_jobs("compute_fid", tmp_path) == 20


def test_disk_is_counted_by_what_fills_it(config: dict, known: Known) -> None:
    parts = forecast.disk_bytes(config, 1000, known)
    # 640 training images, as many generated by each of nine trainings
    assert forecast.generated_per_training(config, 1000) == 640
    assert parts["image sets"] == 64 * 64 * (1000 + 2 * 9 * 640)
    assert parts["classifiers"] == 24 * known.classifier_bytes["efficientnet_lite0"]
    # two of three generators are of no size that is known
    assert 6 * machine.BYTES_PER_TRAINING < parts["trainings"] < 7 * machine.BYTES_PER_TRAINING
    counted = config | {"generate_images": {"counts": {"covid": 5, "normal": 7}}}
    assert forecast.generated_per_training(counted, 1000) == 12
