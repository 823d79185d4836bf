"""import_images from the command line: what others made becomes a synthetic set, and what is wrong with it is told."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import compute_fid
import evaluate_classifier
import import_images
import split_data
from chestgan.images import image_set
from pictures import class_folders, picture, save
from synthetic_sets import write_synthetic_set

N_PATIENTS = 10


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("data") / "data", N_PATIENTS)


@pytest.fixture(scope="module")
def split(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_split(data, tmp_path_factory.mktemp("split") / "split")


def make_split(data: Path, output: Path, *flags: str) -> Path:
    command = ["--folder", data, "--image-size", 32, "--square", "crop", "--allow-small", *flags, "--output", output]
    assert split_data.main([str(word) for word in command]) == 0
    return output


def import_to(output: Path, images: Path, split: Path, *flags: object) -> int:
    named = ["--images", images, "--name", "mine", "--real", split, "--output", output]
    return import_images.main([str(word) for word in [*named, *flags]])


@pytest.fixture
def refused(split: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    """Import what can't be imported, and give the message."""

    def run(images: Path, *flags: object) -> str:
        capsys.readouterr()
        assert import_to(tmp_path / "refused", images, split, *flags) == 1
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith("error: ")
        assert not (tmp_path / "refused").exists()
        return message

    return run


def folders_of(tmp_path: Path, n_images: int = 6, labels: tuple[str, ...] = ("covid", "normal")) -> Path:
    """Draw other pictures than the patients'."""
    folder = tmp_path / "mine"
    for number, label in enumerate(labels):
        for place in range(n_images):
            save(folder / label / f"{place:02d}.png", picture(90_000 + 1000 * number + place, 64, 64))
    return folder


def settings(folder: Path) -> dict:
    return json.loads((folder / "settings.json").read_text())


def test_images_become_a_synthetic_set_as_the_real_ones_were_made(data, split, tmp_path):
    assert import_to(tmp_path / "set", data, split, "--seed", 4) == 0
    made, real = image_set.read(tmp_path / "set"), image_set.read(split)
    places = {file: place for place, file in enumerate(real.manifest["file"])}
    for file, image in zip(made.manifest["file"], made.images, strict=True):
        np.testing.assert_array_equal(image, real.images[places[file]])
    found = settings(tmp_path / "set")
    assert (found["generator"], found["seed"], found["same_for_all_seeds"]) == ("mine", 4, False)
    assert (found["split_settings"]["square"], found["split_settings"]["image_size"]) == ("crop", 32)
    assert found["counts"] == {"covid": N_PATIENTS, "normal": N_PATIENTS}


def test_images_that_were_exported_and_imported_again_have_the_same_distances(tiny_split, tmp_path):
    # the tiny split isn't split_data's own, and has to say how it was made
    split = tmp_path / "split"
    split.mkdir()
    for name in ("images.npy", "manifest.csv"):
        (split / name).write_bytes((tiny_split / name).read_bytes())
    manifest = pd.read_csv(split / "manifest.csv", dtype=str)
    image_set.write_manifest(split, manifest.assign(sha256=[f"{place:064d}" for place in range(len(manifest))]))
    how = {"image_size": 32, "square": "pad", "max_rejected": 0.05, "duplicate_distance": 10}
    (split / "settings.json").write_text(json.dumps({"script": "split_data", "settings": how, "protocol": {}}))
    generated = write_synthetic_set(tmp_path / "generated", {"covid": 12, "normal": 10})
    ours = image_set.read(generated)
    for file, image in zip(ours.manifest["file"], ours.images, strict=True):
        save(generated / file, np.asarray(image))
    assert import_to(tmp_path / "set", generated / "png", split, "--seed", 4) == 0
    for name, folder in (("before", generated), ("after", tmp_path / "set")):
        command = ["--real", split, "--generated", folder, "--output", tmp_path / name]
        assert compute_fid.main([str(word) for word in command]) == 0
    for table in ("distances.csv", "diversity.csv"):
        assert (tmp_path / "before" / table).read_bytes() == (tmp_path / "after" / table).read_bytes()
    command = ["--real", split, "--generated", tmp_path / "set", "--arm", "both", "--train-on", "real_synthetic"]
    command += ["--ratio", 0.5, "--kimg", 0.064, "--validation-kimg", 0.032, "--output", tmp_path / "both"]
    assert evaluate_classifier.main([str(word) for word in command]) == 0
    assert settings(tmp_path / "both")["generator"] == "mine"


def test_the_first_of_a_random_order_are_taken_and_fewer_are_a_part_of_more(split, tmp_path):
    images = folders_of(tmp_path, 8)
    taken = {}
    for n in (3, 5):
        assert import_to(tmp_path / str(n), images, split, "--counts", f"covid={n}", "normal=2") == 0
        manifest = image_set.read(tmp_path / str(n)).manifest
        assert manifest["label"].value_counts().to_dict() == {"covid": n, "normal": 2}
        covid = manifest[manifest["label"] == "covid"]
        assert sorted(covid["seed"]) == [str(place) for place in range(n)]
        assert list(manifest["file"]) == sorted(manifest["file"])
        taken[n] = set(covid["file"])
    assert taken[3] < taken[5]
    assert taken[5] != {f"covid/{place:02d}.png" for place in range(5)}


def test_a_ratio_is_one_to_the_training_images_and_too_few_are_told(split, tmp_path):
    n_train = (image_set.read(split).where(split="train").manifest["label"] == "covid").sum()
    assert import_to(tmp_path / "set", folders_of(tmp_path, 4), split, "--ratio", 1) == 0
    (warning,) = [line for line in settings(tmp_path / "set")["warnings"] if "fewer" in line]
    assert f"4 of covid instead of {n_train}" in warning


def test_images_of_real_patients_are_named(data, split, tmp_path):
    images = folders_of(tmp_path)
    real = image_set.read(split).manifest
    test, train = (real[real["split"] == name].iloc[0] for name in ("test", "train"))
    (images / train["label"] / "a.png").write_bytes((data / train["file"]).read_bytes())
    # saved again, brighter, under the wrong label
    pixels = np.asarray(Image.open(data / test["file"])).astype(int) + 12
    other = {"covid": "normal", "normal": "covid"}[test["label"]]
    save(images / other / "b.jpg", pixels.clip(0, 255).astype(np.uint8), quality=85)
    assert import_to(tmp_path / "set", images, split) == 0
    found = pd.read_csv(tmp_path / "set" / "real_images.csv").set_index("real_file")
    assert len(found) == 2
    assert (found["kind"][train["file"]], found["split"][train["file"]]) == ("exact", "train")
    assert (found["kind"][test["file"]], found["split"][test["file"]]) == ("near", "test")
    assert found["patient"][test["file"]] == test["patient"]
    warning = "2 of 14 images are images of this study's real patients (1 in train, 1 in test); 1 of them with another"
    assert settings(tmp_path / "set")["warnings"][-1].startswith(warning)


def test_sizes_and_unreadable_files_are_told(split, tmp_path):
    images = folders_of(tmp_path, 20)
    save(images / "covid" / "small.png", picture(95_000, 20, 20))
    save(images / "covid" / "wide.png", picture(95_001, 90, 60))
    (images / "covid" / "broken.png").write_bytes((images / "covid" / "00.png").read_bytes()[:200])
    (images / "covid" / "notes.txt").write_text("no image")
    assert import_to(tmp_path / "set", images, split) == 0
    rejected = pd.read_csv(tmp_path / "set" / "rejected.csv")
    assert list(rejected["file"]) == ["covid/broken.png"]
    warnings = settings(tmp_path / "set")["warnings"]
    assert "images of 3 sizes, all made 32 × 32 px: 64 × 64 (40), 20 × 20 (1), 90 × 60 (1)" in warnings
    assert "images smaller than 32 × 32 px, enlarged: 1" in warnings
    assert "images that weren't square, made so as the real ones were (crop): 1" in warnings
    assert any(line.startswith("files left out: ") for line in warnings)


def test_one_class_alone_is_a_set_and_says_so(split, tmp_path):
    assert import_to(tmp_path / "set", folders_of(tmp_path, labels=("covid",)), split) == 0
    assert image_set.read(tmp_path / "set").classes == ["covid"]
    assert settings(tmp_path / "set")["warnings"] == ["no images of normal: all that is measured is of covid"]


def test_a_class_that_the_study_ignores_is_left_out(tmp_path):
    data = class_folders(tmp_path / "data", N_PATIENTS, ("covid", "flu", "normal"))
    split = make_split(data, tmp_path / "split", "--ignored-labels", "flu")
    assert import_to(tmp_path / "set", folders_of(tmp_path, 3, ("covid", "flu", "normal")), split) == 0
    assert image_set.read(tmp_path / "set").classes == ["covid", "normal"]
    rejected = pd.read_csv(tmp_path / "set" / "rejected.csv")
    assert list(rejected["reason"]) == ["ignored label"] * 3


def test_a_class_that_the_study_does_not_have(refused, tmp_path):
    message = refused(folders_of(tmp_path, labels=("covid", "norml")))
    assert f"generators.mine.images is {tmp_path / 'mine'}" in message
    assert "unknown class folder 'norml'; known: covid, normal; did you mean 'normal'?" in message


def test_images_in_no_class_folder(refused, tmp_path):
    images = folders_of(tmp_path)
    save(images / "loose.png", picture(1))
    assert "1 images lie in no class folder, such as loose.png; expected a folder for each class: covid" in (
        refused(images)
    )


def test_a_folder_without_images_or_none_at_all(refused, tmp_path):
    (tmp_path / "empty" / "covid").mkdir(parents=True)
    assert "there is no image in it" in refused(tmp_path / "empty")
    assert "there is no such folder" in refused(tmp_path / "nowhere")


def test_many_files_that_cannot_be_read(refused, tmp_path):
    images = folders_of(tmp_path)
    for file in sorted((images / "covid").iterdir())[:3]:
        file.write_bytes(b"broken")
    assert "3 of the 12 images in" in refused(images)
    for file in (images / "covid").iterdir():
        file.write_bytes(b"broken")
    assert "none of class 'covid' is left: not an image 6. The first: covid/00.png (not an image" in refused(images)


def test_counts_of_no_class_or_of_nothing(refused, tmp_path):
    images = folders_of(tmp_path)
    assert "unknown class 'flu'" in refused(images, "--counts", "flu=3")
    assert "counts has 'covid=many'; expected CLASS=NUMBER, such as covid=100" in refused(
        images, "--counts", "covid=many"
    )
    assert "counts asks for no image at all" in refused(images, "--counts", "covid=0")
    assert "counts names 'covid' twice" in refused(images, "--counts", "covid=2", "covid=5")
    assert "counts has 'covid=999" in refused(images, "--counts", "covid=" + "9" * 5000)
    assert "expected --counts or --ratio" in refused(images, "--counts", "covid=1", "--ratio", "1")


def test_real_images_that_no_split_was_made_of(tiny_split, tmp_path, capsys):
    assert import_to(tmp_path / "set", folders_of(tmp_path), tiny_split) == 1
    assert "there is no file" in capsys.readouterr().err
