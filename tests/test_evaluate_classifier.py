"""One arm and one seed: what is written, that the test patients decide nothing, and what bad input gets."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from sklearn import metrics

import evaluate_classifier
import split_data
import take_patients
from chestgan.base import arm_kinds
from chestgan.images import image_set
from pictures import class_folders
from project import ROOT
from synthetic_sets import write_synthetic_set

SHORT = [
    "--kimg",
    "0.32",
    "--passes",
    "0",
    "--validation-kimg",
    "0.064",
    "--batch-size",
    "16",
    "--learning-rate",
    "0.001",
]
FILES = ["history.csv", "model.safetensors", "predictions.csv", "scores.csv", "settings.json"]


def evaluate(split: Path, output: Path, *more: str) -> int:
    flags = ["--real", str(split), "--arm", "real", "--threads", "1", "--output", str(output), *SHORT, *more]
    return evaluate_classifier.main(flags)


def refused(capsys: pytest.CaptureFixture, split: Path, output: Path, *more: str) -> str:
    """Give the one line that a mistake is told in, having left nothing behind."""
    before = sorted(output.parent.iterdir())
    assert evaluate(split, output, *more) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert sorted(output.parent.iterdir()) == before
    return told


@pytest.fixture(scope="module")
def real_arm(tiny_split: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("classifier") / "real"
    assert evaluate(tiny_split, output) == 0
    return output


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_set(tmp_path_factory.mktemp("pool") / "generated", {"covid": 24, "normal": 24})


def test_all_is_written_with_its_provenance(real_arm: Path, tiny_split: Path) -> None:
    assert sorted(path.name for path in real_arm.iterdir()) == FILES
    told = json.loads((real_arm / "settings.json").read_text())
    expected = {
        "arm": "real",
        "train_on": "real",
        "augment": False,
        "generator": None,
        "generator_seed": None,
        "seed": 0,
        "classes": ["covid", "normal"],
        "positive_class": "covid",
        "n_train_real": 24,
        "n_train_synthetic": 0,
        "backbone": "convnet",
        "weights_sha256": None,
        "image_size": 32,
    }
    assert {key: told[key] for key in expected} == expected
    assert told["counts"]["test"] == {"covid": 8, "normal": 8}
    assert {"protocol", "settings", "sha256", "versions", "selected_kimg", "shown_kimg"} <= told.keys()


def test_predictions_are_of_every_test_image(real_arm: Path, tiny_split: Path) -> None:
    predictions = pd.read_csv(real_arm / "predictions.csv")
    assert list(predictions) == ["file", "patient", "source", "label", "predicted", "score_covid", "score_normal"]
    test = image_set.read(tiny_split).where(split="test").manifest
    assert list(predictions["file"]) == list(test["file"])
    assert list(predictions["label"]) == list(test["label"])
    scores = pd.read_csv(real_arm / "scores.csv").set_index("label")
    covid = predictions["score_covid"] >= scores.loc["covid", "threshold"]
    assert (predictions["predicted"] == np.where(covid, "covid", "normal")).all()


def test_scores_are_those_of_the_predictions(real_arm: Path) -> None:
    scores = pd.read_csv(real_arm / "scores.csv")
    predictions = pd.read_csv(real_arm / "predictions.csv")
    assert ",".join(scores) == (
        "label,positive,n_images,n_patients,prevalence,threshold,accuracy,balanced_accuracy,sensitivity,specificity,"
        "ppv,npv,f1,roc_auc,pr_auc,brier"
    )
    assert list(scores["label"]) == ["covid", "normal"]
    assert list(scores["positive"]) == [True, False]
    assert (scores[["n_images", "n_patients", "prevalence"]] == [8, 4, 0.5]).all(axis=None)
    for _, row in scores.iterrows():
        truth, decided = (predictions[column] == row["label"] for column in ("label", "predicted"))
        assert row["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, predictions[f"score_{row['label']}"]))
        assert row["sensitivity"] == pytest.approx(metrics.recall_score(truth, decided))
        assert row["accuracy"] == pytest.approx((predictions["label"] == predictions["predicted"]).mean())
    assert scores["roc_auc"].iloc[0] > 0.9


def test_the_model_file_says_what_it_is(real_arm: Path) -> None:
    with safe_open(real_arm / "model.safetensors", framework="pt") as file:
        about = json.loads(file.metadata()["chestgan_classifier"])
    assert (about["backbone"], about["classes"], about["image_size"]) == ("convnet", ["covid", "normal"], 32)
    scores = pd.read_csv(real_arm / "scores.csv")
    assert about["thresholds"] == list(scores["threshold"])


def test_the_test_patients_decide_nothing(real_arm: Path, tiny_split: Path, tmp_path: Path) -> None:
    """Other test images give the same model, thresholds and history, to the bit."""
    other = tmp_path / "split"
    shutil.copytree(tiny_split, other)
    images = np.load(other / "images.npy", mmap_mode="r+")
    test = (image_set.read(other).manifest["split"] == "test").to_numpy()
    images[test] = 255 - images[test]
    images.flush()
    assert evaluate(other, tmp_path / "real") == 0
    for name in ("model.safetensors", "history.csv"):
        assert (tmp_path / "real" / name).read_bytes() == (real_arm / name).read_bytes()
    assert (tmp_path / "real" / "predictions.csv").read_bytes() != (real_arm / "predictions.csv").read_bytes()


def test_same_seed_same_bytes_in_another_process(real_arm: Path, tiny_split: Path, tmp_path: Path) -> None:
    script = ROOT / "scripts" / "evaluate_classifier.py"
    flags = ["--real", tiny_split, "--arm", "real", "--threads", "1", "--output", tmp_path / "again", *SHORT]
    subprocess.run([sys.executable, script, *map(str, flags)], check=True, cwd=tmp_path, env=os.environ)
    for name in set(FILES) - {"settings.json"}:
        assert (tmp_path / "again" / name).read_bytes() == (real_arm / name).read_bytes(), name
    assert evaluate(tiny_split, tmp_path / "other", "--seed", "1") == 0
    assert (tmp_path / "other" / "model.safetensors").read_bytes() != (real_arm / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("train_on", "n_real"), [("real_synthetic", 24), ("synthetic", 0), ("shuffled", 24), ("pretrained", 24)]
)
def test_arms_with_synthetic_images(tiny_split: Path, pool: Path, tmp_path: Path, train_on: str, n_real: int) -> None:
    flags = ["--arm", "mixed", "--train-on", train_on, "--ratio", "1.5", "--generated", str(pool)]
    assert evaluate(tiny_split, tmp_path / "arm", *flags) == 0
    told = json.loads((tmp_path / "arm" / "settings.json").read_text())
    assert (told["n_train_real"], told["n_train_synthetic"]) == (n_real, 36)
    assert (told["arm"], told["generator"], told["generator_seed"]) == ("mixed", "mine", 4)
    assert {"real/images.npy", "generated/images.npy", "generated/manifest.csv"} <= told["sha256"].keys()
    assert len(pd.read_csv(tmp_path / "arm" / "predictions.csv")) == 16


def test_repeated_real_images_need_no_generator(tiny_split: Path, pool: Path, tmp_path: Path, capsys) -> None:
    flags = ["--arm", "duplicated", "--train-on", "duplicated"]
    assert evaluate(tiny_split, tmp_path / "arm", *flags, "--ratio", "1.5") == 0
    told = json.loads((tmp_path / "arm" / "settings.json").read_text())
    assert (told["n_train_real"], told["n_train_synthetic"], told["generator"]) == (60, 0, None)
    assert told["counts"]["training"] == {"covid": 30, "normal": 30}
    assert told["counts"]["train"] == {"covid": 12, "normal": 12}
    capsys.readouterr()
    message = refused(capsys, tiny_split, tmp_path / "other", *flags, "--generated", str(pool))
    assert "train_on is duplicated, which takes no generated images" in message
    message = refused(capsys, tiny_split, tmp_path / "other", "--train-on", "shuffled")
    assert "train_on is shuffled, which needs generated" in message


def test_every_arm_is_shown_the_same_number_of_images(tiny_split: Path, pool: Path, tmp_path: Path) -> None:
    shown = set()
    for train_on in arm_kinds.TRAIN_ON:
        generated = ["--generated", str(pool)] if arm_kinds.KINDS[train_on].needs_generator else []
        assert evaluate(tiny_split, tmp_path / train_on, "--train-on", train_on, "--patience", "99", *generated) == 0
        shown.add(json.loads((tmp_path / train_on / "settings.json").read_text())["shown_kimg"])
    assert sorted(shown) == pytest.approx([0.32] * len(shown))


@pytest.mark.parametrize(("passes", "limit"), [("5", 0.32), ("20", 0.48)])
def test_the_limit_is_in_passes_over_the_real_images_where_they_are_more(tiny_split, tmp_path, passes, limit) -> None:
    flags = ["--passes", passes, "--patience", "99", "--validation-kimg", "0.08"]
    for train_on in ("real", "duplicated"):
        assert evaluate(tiny_split, tmp_path / train_on, "--train-on", train_on, *flags) == 0
        told = json.loads((tmp_path / train_on / "settings.json").read_text())
        assert (told["limit_kimg"], told["shown_kimg"]) == pytest.approx((limit, limit)), train_on


def test_a_fraction_of_the_patients_is_known_by_its_image_set(tiny_split: Path, tmp_path: Path) -> None:
    assert (
        take_patients.main(["--real", str(tiny_split), "--real-fraction", "0.5", "--output", str(tmp_path / "a")]) == 0
    )
    assert evaluate(tmp_path / "a", tmp_path / "arm") == 0
    told = json.loads((tmp_path / "arm" / "settings.json").read_text())
    assert (told["real_fraction"], told["n_real_patients"], told["n_train_real"]) == (0.5, 6, 12)
    assert told["counts"]["test"] == {"covid": 8, "normal": 8}


def test_a_pretrained_classifier_goes_on_from_synthetic_images(tiny_split, pool, real_arm, tmp_path, capsys) -> None:
    flags = ["--arm", "first", "--train-on", "pretrained", "--generated", str(pool), "--patience", "99"]
    assert evaluate(tiny_split, tmp_path / "first", *flags) == 0
    told = json.loads((tmp_path / "first" / "settings.json").read_text())
    history = pd.read_csv(tmp_path / "first" / "history.csv")
    # two of the five validations were of the synthetic images
    assert list(history["kimg"]) == pytest.approx([0.192, 0.256, 0.32])
    assert told["selected_kimg"] == pytest.approx(history["kimg"][history["validation_loss"].idxmin()])
    assert told["counts"]["training"] == told["counts"]["pretraining"] == {"covid": 12, "normal": 12}
    # it begins where the synthetic images left it
    assert history["train_loss"][0] < pd.read_csv(real_arm / "history.csv")["train_loss"][0]
    assert (tmp_path / "first" / "model.safetensors").read_bytes() != (real_arm / "model.safetensors").read_bytes()
    capsys.readouterr()
    assert "expected a kimg of at least two validation_kimg" in (
        refused(capsys, tiny_split, tmp_path / "out", *flags, "--validation-kimg", "0.2")
    )


@pytest.mark.parametrize("backbone", ["convnet", "efficientnet_lite0"])
def test_augmented_images(real_arm: Path, tiny_split: Path, tmp_path: Path, backbone: str) -> None:
    flags = ["--arm", "real_augmented", "--augment", "--backbone", backbone]
    assert evaluate(tiny_split, tmp_path / "arm", *flags) == 0
    assert evaluate(tiny_split, tmp_path / "again", *flags) == 0
    told = json.loads((tmp_path / "arm" / "settings.json").read_text())
    assert (told["arm"], told["train_on"], told["augment"]) == ("real_augmented", "real", True)
    assert (told["n_train_real"], told["n_train_synthetic"]) == (24, 0)
    for name in ("model.safetensors", "predictions.csv"):
        written = (tmp_path / "arm" / name).read_bytes()
        assert written == (tmp_path / "again" / name).read_bytes()
        assert written != (real_arm / name).read_bytes()


def test_the_positive_class_can_be_named(tiny_split: Path, tmp_path: Path) -> None:
    assert evaluate(tiny_split, tmp_path / "arm", "--positive-class", "normal") == 0
    scores = pd.read_csv(tmp_path / "arm" / "scores.csv").set_index("label")
    predictions = pd.read_csv(tmp_path / "arm" / "predictions.csv")
    assert scores.loc["normal", "positive"]
    called = predictions["score_normal"] >= scores.loc["normal", "threshold"]
    assert (called == (predictions["predicted"] == "normal")).all()


def test_three_classes(tiny_split: Path, tmp_path: Path) -> None:
    split = image_set.read(tiny_split)
    manifest = split.manifest.copy()
    manifest.loc[manifest["patient"].str[1:].astype(int) % 4 == 3, "label"] = "pneumonia"
    folder = tmp_path / "split"
    folder.mkdir()
    np.save(folder / "images.npy", split.images)
    image_set.write_manifest(folder, manifest)
    assert evaluate(folder, tmp_path / "arm") == 0
    scores = pd.read_csv(tmp_path / "arm" / "scores.csv")
    predictions = pd.read_csv(tmp_path / "arm" / "predictions.csv")
    assert list(scores["label"]) == ["covid", "normal", "pneumonia"]
    columns = ["score_covid", "score_normal", "score_pneumonia"]
    highest = predictions[columns].to_numpy().argmax(axis=1)
    assert (predictions["predicted"] == scores["label"].to_numpy()[highest]).all()
    expected = metrics.balanced_accuracy_score(predictions["label"], predictions["predicted"])
    assert list(scores["balanced_accuracy"]) == pytest.approx([expected] * 3)
    for _, row in scores.iterrows():
        decided = predictions[f"score_{row['label']}"] >= row["threshold"]
        assert row["sensitivity"] == pytest.approx(metrics.recall_score(predictions["label"] == row["label"], decided))


def test_a_frozen_network_writes_its_head_alone(tiny_split: Path, tmp_path: Path) -> None:
    assert evaluate(tiny_split, tmp_path / "arm", "--backbone", "efficientnet_lite0") == 0
    with safe_open(tmp_path / "arm" / "model.safetensors", framework="pt") as file:
        assert {name: file.get_tensor(name).shape for name in file.keys()} == {  # noqa: SIM118 - it is no dictionary
            "0.weight": torch.Size([2, 1280]),
            "0.bias": torch.Size([2]),
        }
    told = json.loads((tmp_path / "arm" / "settings.json").read_text())
    assert len(told["weights_sha256"]) == 64
    assert told["input_size"] == 128


def test_bad_input_is_told_in_a_line(
    tiny_split: Path, pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    output = tmp_path / "arm"
    for more, told in (
        (["--train-on", "synthetic"], "train_on is synthetic, which needs generated"),
        (["--generated", str(pool)], "train_on is real, which takes no generated images"),
        (["--train-on", "fake"], "train_on is 'fake'; expected one of real, real_synthetic, pretrained"),
        (["--backbone", "resnet"], "backbone is 'resnet'; expected one of convnet, resnet18"),
        (["--ratio", "0"], "ratio is 0.0; expected a number from 0.001"),
        (["--positive-class", "Covid"], "unknown positive_class 'Covid'; known: covid, normal; did you mean 'covid'?"),
        (["--arm", ""], "arm: '' can't be a label: it is empty"),
        (["--arm", "a\nb"], "can't be a label: it has control characters"),
        (["--ratio", "1e308"], "ratio is 1e+308; expected a number from 0.001 to 1000000.0"),
        (["--trainable-blocks", "2"], "convnet without pretrained weights is trained whole"),
        (["--backbone", "vgg16", "--weights", "none.pth"], "there is no weights file"),
    ):
        assert told in refused(capsys, tiny_split, output, *more)
    mixed = ["--train-on", "real_synthetic", "--generated", str(pool)]
    assert "ratio 3 needs 36 covid, 36 normal" in refused(capsys, tiny_split, output, *mixed, "--ratio", "3")
    assert "there is no folder" in refused(capsys, tmp_path / "none", output)


def test_no_gpu_is_told_before_anything_is_read(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "torch sees no GPU here" in refused(capsys, tmp_path / "none", tmp_path / "arm", "--device", "gpu")


def test_an_old_result_stands(real_arm: Path, tiny_split: Path, capsys: pytest.CaptureFixture) -> None:
    before = {path.name: path.read_bytes() for path in real_arm.iterdir()}
    assert "isn't empty" in refused(capsys, tiny_split, real_arm)
    assert {path.name: path.read_bytes() for path in real_arm.iterdir()} == before


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Make folders of training, test and generated pictures in class folders."""
    folder = tmp_path / "plain"
    return {name: class_folders(folder / name, n) for name, n in (("train", 10), ("test", 4), ("drawn", 9))}


class TestPlainFolders:
    def test_they_stand_in_for_a_split_and_a_synthetic_set(
        self, folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
    ) -> None:
        flags = ["--test", folders["test"], "--generated", folders["drawn"], "--train-on", "real_synthetic"]
        assert evaluate(folders["train"], tmp_path / "both", *map(str, flags)) == 0
        told = json.loads((tmp_path / "both" / "settings.json").read_text())
        # a fifth of ten are for validation, and the synthetic ones are as many as the eight others
        assert told["counts"]["validation"] == {"covid": 2, "normal": 2}
        assert (told["n_train_real"], told["n_train_synthetic"]) == (16, 16)
        assert (told["generator"], told["image_size"]) == ("drawn", 72)
        assert told["plain_folders"]["generated"]["prepared"]["image_size"] == 72
        assert "no patients" in told["plain_folders"]["real"]["warnings"][0]
        assert "\nwarning: no patients: each image counts as one" in f"\n{capsys.readouterr().err}"
        predictions = pd.read_csv(tmp_path / "both" / "predictions.csv")
        assert list(predictions["file"]) == [
            f"test/{label}/0{i}.png" for label in ("covid", "normal") for i in range(4)
        ]

    def test_a_generated_folder_beside_a_split_is_prepared_as_that(
        self, folders: dict[str, Path], tmp_path: Path
    ) -> None:
        command = ["--folder", folders["train"], "--image-size", 32, "--allow-small", "--output", tmp_path / "split"]
        assert split_data.main([str(word) for word in command]) == 0
        flags = ["--generated", str(folders["drawn"]), "--train-on", "synthetic", "--ratio", "0.5"]
        assert evaluate(tmp_path / "split", tmp_path / "alone", *flags) == 0
        told = json.loads((tmp_path / "alone" / "settings.json").read_text())
        assert told["plain_folders"].keys() == {"generated"}
        assert told["image_size"] == 32

    def test_what_does_not_go_together_is_told(self, folders, tiny_split, tmp_path, capsys) -> None:
        assert "without a split; name one of test images too: --test" in (
            refused(capsys, folders["train"], tmp_path / "out")
        )
        assert "which has test images of its own" in (
            refused(capsys, tiny_split, tmp_path / "out", "--test", str(folders["test"]))
        )


def test_images_of_one_class_are_added_to_real_ones_and_never_alone(tiny_split, tmp_path, capsys) -> None:
    generated = write_synthetic_set(tmp_path / "generated", {"covid": 12})
    flags = ["--generated", str(generated), "--train-on"]
    assert evaluate(tiny_split, tmp_path / "both", *flags, "real_synthetic") == 0
    told = json.loads((tmp_path / "both" / "settings.json").read_text())
    assert (told["n_train_real"], told["n_train_synthetic"]) == (24, 12)
    assert told["counts"]["training"] == {"covid": 24, "normal": 12}
    capsys.readouterr()
    message = refused(capsys, tiny_split, tmp_path / "alone", *flags, "synthetic")
    assert "and the classes covid, the real ones 32 × 32 px and the classes covid, normal" in message
