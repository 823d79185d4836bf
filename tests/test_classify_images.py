"""Images of any labelled set are read by a kept classifier, class by class."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import classify_images
import evaluate_classifier
from chestgan.base import files
from chestgan.images import image_set


@pytest.fixture(scope="module")
def real_arm(tiny_split: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a classifier on the real patients."""
    output = tmp_path_factory.mktemp("classifier") / "real"
    words = ["--real", tiny_split, "--arm", "real", "--output", output, "--kimg", 3, "--validation-kimg", 0.3]
    words += ["--threads", 1]
    assert evaluate_classifier.main(list(map(str, words))) == 0
    return output


def classify(model: Path, images: Path, output: Path, *more: object) -> int:
    words = ["--model", model, "--images", images, "--output", output, "--threads", 1, *more]
    return classify_images.main(list(map(str, words)))


def make_set(folder: Path, labels: list[str], shown: list[str], size: int = 32) -> Path:
    """Make a synthetic set whose images show one class, and are labelled another."""
    manifest = pd.DataFrame({"file": [f"{i}.png" for i in range(len(labels))], "label": labels, "seed": 0})
    folder.mkdir()
    images = image_set.create_images(folder, len(labels), size)
    images[:] = np.random.default_rng(0).normal(110, 30, images.shape).clip(0, 255)
    covid = np.array(shown) == "covid"
    images[covid, size // 2 :] = np.clip(images[covid, size // 2 :].astype(np.int64) + 60, 0, 255)
    images.flush()
    image_set.write_manifest(folder, manifest)
    files.write_json(folder / "settings.json", {"generator": "mine", "seed": 3})
    return folder


FAITHFUL = ["covid"] * 20 + ["normal"] * 12


@pytest.mark.parametrize(
    ("shown", "recalls"),
    [
        (FAITHFUL, {"covid": 1.0, "normal": 1.0}),
        (["normal"] * 20 + ["covid"] * 12, {"covid": 0.0, "normal": 0.0}),
        (["covid"] * 32, {"covid": 1.0, "normal": 0.0}),
    ],
    ids=["faithful", "swapped", "all alike"],
)
def test_the_recall_of_a_class_tells_whether_its_images_show_it(
    shown: list[str], recalls: dict[str, float], real_arm: Path, tmp_path: Path
) -> None:
    folder = make_set(tmp_path / "set", FAITHFUL, shown)
    assert classify(real_arm / "model.safetensors", folder, tmp_path / "out") == 0
    table = pd.read_csv(tmp_path / "out" / "labels.csv").set_index("class")
    assert table["n"].to_dict() == {"covid": 20, "normal": 12}
    assert table["recall"].to_dict() == pytest.approx(recalls, abs=0.1)
    assert table.filter(like="read_as_").sum(axis=1).tolist() == [20, 12]
    assert (table["mean_probability"] > 0.5).to_dict() == {name: recall > 0.5 for name, recall in recalls.items()}
    predictions = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert list(predictions) == ["seed", "file", "label", "predicted", "score_covid", "score_normal"]
    told = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert (told["generator"], told["seed"], told["counts"]) == ("mine", 3, {"covid": 20, "normal": 12})


def test_the_test_patients_are_read_as_they_were(real_arm: Path, tiny_split: Path, tmp_path: Path) -> None:
    assert classify(real_arm / "model.safetensors", tiny_split, tmp_path / "out", "--split", "test") == 0
    then, now = (pd.read_csv(folder / "predictions.csv") for folder in (real_arm, tmp_path / "out"))
    pd.testing.assert_frame_equal(now, then, check_exact=True)


def test_a_set_of_one_class_is_read_for_that_class(real_arm: Path, tmp_path: Path) -> None:
    folder = make_set(tmp_path / "set", ["normal"] * 5, ["normal"] * 5)
    assert classify(real_arm / "model.safetensors", folder, tmp_path / "out") == 0
    assert pd.read_csv(tmp_path / "out" / "labels.csv")["class"].tolist() == ["normal"]


def test_what_the_classifier_does_not_know_is_refused(real_arm: Path, tiny_split: Path, tmp_path: Path, capsys) -> None:
    model = real_arm / "model.safetensors"
    other = make_set(tmp_path / "other", ["covid", "flu"], ["covid", "covid"])
    large = make_set(tmp_path / "large", ["covid"], ["covid"], size=48)
    cut_off = tmp_path / "cut_off.safetensors"
    cut_off.write_bytes(model.read_bytes()[:100])
    whole = shutil.copytree(tiny_split, tmp_path / "whole")
    for words, message in (
        ([model, other], f"{other} has the classes covid, flu, and {model} knows covid, normal; expected no other"),
        ([model, large], f"{large} has images of 48 × 48 px, and {model} was trained on 32 × 32; expected the same"),
        ([cut_off, whole], f"{cut_off} (100 bytes) is no whole safetensors file"),
        ([tmp_path / "none", whole], "there is no classifier"),
        ([model, large, "--split", "test"], f"{large}/manifest.csv has no column 'split'; leave --split out"),
        ([model, tmp_path / "nowhere"], "nowhere"),
    ):
        assert classify(words[0], words[1], tmp_path / "out", *words[2:]) == 1
        assert message in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
