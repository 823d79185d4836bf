"""A study of images that others made, beside a generator that is trained: run for real, and planned after changes."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

import make_demo_data
from chestgan.images import image_set
from project import Project, small_study

FOLLOWS = {"compute_fid": 1, "evaluate_classifier": 2, "classify_images": 1}
FOLLOWS |= {"draw_curves": 1, "summarise_study": 1, "write_report": 1}


def study_of(images: dict[str, str]) -> dict:
    """Give the small study with a generator that is trained, and folders of images as others."""
    config = small_study()
    config["generators"] = {"dcgan": config["generators"]["dcgan"]}
    config["generators"] |= {name: {"images": folder} for name, folder in images.items()}
    config["arms"] = {
        "real": {"train_on": "real"},
        "real_synthetic": {"train_on": "real_synthetic", "ratio": 0.75, "generators": ["dcgan", *list(images)[:1]]},
        "synthetic": {"train_on": "synthetic", "ratio": 0.75, "generators": list(images)[:1] or ["dcgan"]},
    }
    return config


def write(project: Project, config: dict) -> None:
    (project.folder / "config" / "imported.yaml").write_text(yaml.safe_dump(config))


def planned(project: Project, config: dict) -> dict[str, int]:
    write(project, config)
    return project.planned(configfile="config/imported.yaml")


def refused(project: Project, config: dict) -> str:
    """Plan what can't be planned, and give the message."""
    write(project, config)
    done = project.snakemake("--dry-run", configfile="config/imported.yaml")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def export(split: Path, folder: Path, change) -> None:
    """Save the training images as another generator would, each changed, in class folders."""
    train = image_set.read(split).where(split="train")
    random = np.random.default_rng(0)
    for label, place, image in zip(train.manifest["label"], range(len(train)), train.images, strict=True):
        pixels, label = change(image, label, random)
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"{place:03d}.png")


def as_it_is(image, label, random):
    return image, label


def noise(image, label, random):
    return random.integers(0, 256, image.shape, dtype=np.uint8), label


def swapped(image, label, random):
    return image, {"covid": "normal", "normal": "covid"}[label]


@pytest.fixture(scope="module")
def config() -> dict:
    folders = {name: f"foreign/{name}" for name in ("copies", "noise", "swapped", "unseen")}
    return study_of(folders | {"copies": "foreign/copies/", "noise": "foreign/noise-{seed}"})


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, config: dict) -> Project:
    """Run the study, from phantoms to its verdict."""
    project = Project(tmp_path_factory.mktemp("imported"))
    write(project, study_of({}))
    done = project.snakemake("--until", "split_data", configfile="config/imported.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    split = project.folder / "results" / "demo" / "split"
    for name, change in (("copies", as_it_is), ("noise-0", noise), ("swapped", swapped)):
        export(split, project.folder / "foreign" / name, change)
    unseen = project.folder / "foreign" / "unseen"
    command = ["--patients", "12", "--images-per-patient", "2", "--seed", "7", "--output", str(unseen)]
    assert make_demo_data.main(command) == 0
    write(project, config)
    done = project.snakemake(configfile="config/imported.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def test_the_study_has_every_generator_and_nothing_is_done_twice(imported: Project, config: dict) -> None:
    study = imported.folder / "results" / "demo" / "study"
    names = ["dcgan", "copies", "noise", "swapped", "unseen"]
    assert list(pd.read_csv(study / "generators.csv")["generator"]) == names
    assert set(pd.read_csv(study / "study.csv")["generator"]) == {"-", "dcgan", "copies"}
    assert not (imported.folder / "results" / "demo" / "copies" / "seed-0" / "train").exists()
    assert planned(imported, config) == {}


def test_each_set_of_images_gets_what_it_must(imported: Project) -> None:
    study = imported.folder / "results" / "demo" / "study"
    diversity = pd.read_csv(study / "diversity.csv")
    found = diversity[diversity["class"] == "all"].set_index("generator")
    assert found["dcr_ratio"]["copies"] < 1e-3
    assert found["dcr_ratio"]["swapped"] < 1e-3
    assert found["coverage"]["noise"] < 0.5 < found["coverage"]["unseen"]
    assert 0.75 < found["dcr_ratio"]["unseen"] < 1.3
    distances = pd.read_csv(study / "distances.csv")
    distances = distances[(distances["reference"] == "test") & (distances["class"] == "all")].set_index("generator")
    assert distances["fd"]["copies"] < distances["fd"]["unseen"] < 0.7 * distances["fd"]["noise"]
    caveats = json.loads((study / "study.json").read_text())["caveats"]
    n_copies, n_swapped = (
        len(image_set.read(imported.folder / "results" / "demo" / name / "seed-0" / "generated"))
        for name in ("copies", "swapped")
    )
    are_real = "{0} of {0} images are images of this study's real patients ({0} in train)"
    assert f"Images of copies: {are_real.format(n_copies)}: see real_images.csv." in caveats
    labelled = f"; {n_swapped} of them with another label than the patient: see real_images.csv."
    assert f"Images of swapped: {are_real.format(n_swapped)}{labelled}" in caveats
    assert not any("of noise:" in caveat and "this study's real" in caveat for caveat in caveats)
    assert not any("of unseen:" in caveat and "this study's real" in caveat for caveat in caveats)


@pytest.mark.parametrize("how", ["changed", "added", "lost"])
def test_other_images_run_what_follows_from_them(imported: Project, config: dict, how: str) -> None:
    folder = imported.folder / "foreign" / "copies" / "covid"
    image = sorted(folder.iterdir())[0]
    kept = image.read_bytes()
    if how == "changed":
        Image.new("L", (32, 32), 7).save(image)
    elif how == "added":
        shutil.copy(image, folder / "another.png")
    else:
        # as many as the arms need are left
        shutil.copy(image, folder / "another.png")
        image.unlink()
    try:
        assert planned(imported, config) == {"import_images": 1} | FOLLOWS
    finally:
        image.write_bytes(kept)
        (folder / "another.png").unlink(missing_ok=True)
    assert planned(imported, config) == {}


def test_a_touched_image_and_a_slash_less_change_nothing(imported: Project, config: dict) -> None:
    next((imported.folder / "foreign" / "copies").rglob("*.png")).touch()
    changed = config | {"generators": config["generators"] | {"copies": {"images": "foreign/copies"}}}
    assert planned(imported, changed) == {}


def test_a_generator_more_trains_nothing(imported: Project, config: dict) -> None:
    more = config | {"generators": config["generators"] | {"again": {"images": "foreign/copies"}}}
    assert planned(imported, more) == {
        **{"import_images": 1, "compute_fid": 1, "classify_images": 1},
        **{"summarise_study": 1, "write_report": 1},
    }


def test_a_study_without_a_training_is_planned(imported: Project, config: dict) -> None:
    others = {name: words for name, words in config["generators"].items() if name != "dcgan"}
    arms = config["arms"] | {"real_synthetic": config["arms"]["real_synthetic"] | {"generators": ["copies"]}}
    without = config | {"generators": others, "arms": arms}
    assert planned(imported, without) == {"draw_curves": 1, "summarise_study": 1, "write_report": 1}


def test_what_an_arm_lacks_is_told_before_any_work(imported: Project, config: dict) -> None:
    def with_images(folder: str) -> dict:
        arms = {
            "real": {"train_on": "real"},
            "real_synthetic": {"train_on": "real_synthetic", "ratio": 0.75},
            "synthetic": {"train_on": "synthetic"},
        }
        return config | {"generators": {"mine": {"images": folder}}, "arms": arms}

    assert "generators.mine.images is nowhere, and there is no such folder" in refused(imported, with_images("nowhere"))
    covid = imported.folder / "one" / "covid"
    shutil.copytree(imported.folder / "foreign" / "copies" / "covid", covid)
    message = refused(imported, with_images("one"))
    assert "every class, but generators.mine.images is one, which has none of" in (message)
    one_class = with_images("one")
    del one_class["arms"]["synthetic"]
    assert planned(imported, one_class)["import_images"] == 1
    for image in sorted(covid.iterdir())[3:]:
        image.unlink()
    needed = r"arms.real_synthetic.ratio is 0.75, which takes \d+ images of covid "
    assert re.search(needed + ".*generators.mine.images is one, which has 3", refused(imported, one_class))
    one_class["arms"]["real_synthetic"]["generators"] = ["dcgan"]
    one_class["generators"] |= {"dcgan": config["generators"]["dcgan"]}
    assert planned(imported, one_class)["import_images"] == 1
    one_class["arms"]["real_synthetic"]["generators"] = ["dcgna"]
    assert "arms.real_synthetic.generators: unknown generator 'dcgna'; known: dcgan, mine; did you mean" in refused(
        imported, one_class
    )
    trained = config | {"generators": {"mine": {"images": "foreign/copies", "kimg": 3.0}}}
    assert "generators.mine has images, so it isn't trained, and kimg sets nothing" in refused(imported, trained)
