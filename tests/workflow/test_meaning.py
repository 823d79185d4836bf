"""Settings are compared by what they mean: what is only written otherwise reruns nothing, and what isn't does."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from project import Project, small_study

BRANCH = {"train_acgan", "generate_images", "compute_fid", "evaluate_classifier", "classify_images"}
BRANCH |= {"draw_curves", "summarise_study", "write_report"}
AFTER_SPLIT = BRANCH
SCORES = {"evaluate_classifier", "draw_curves", "summarise_study", "write_report"}


def reversed_keys(config: Any) -> Any:
    """Write every mapping from its last key to its first."""
    if isinstance(config, dict):
        return {key: reversed_keys(value) for key, value in reversed(config.items())}
    return config


def as_other_numbers(config: Any) -> Any:
    """Write whole numbers with a point, and others as text."""
    if isinstance(config, dict):
        return {key: as_other_numbers(value) for key, value in config.items()}
    if isinstance(config, list):
        return [as_other_numbers(value) for value in config]
    if isinstance(config, bool) or not isinstance(config, int | float):
        return config
    return float(config) if isinstance(config, int) else str(config)


def with_section(config: dict, section: str, **settings: Any) -> dict:
    return config | {section: config[section] | settings}


def moved_into_each(config: dict, key: str, section: str, users: str) -> dict:
    """Take a key from a section, and give it to each that the section is for."""
    rest = dict(config[section])
    value = rest.pop(key)
    return config | {section: rest, users: {name: own | {key: value} for name, own in config[users].items()}}


def with_generator(config: dict, name: str, **settings: Any) -> dict:
    return with_section(config, "generators", **{name: config["generators"][name] | settings})


def with_arm(config: dict, name: str, **settings: Any) -> dict:
    return with_section(config, "arms", **{name: config["arms"][name] | settings})


MEANS_NOTHING: dict[str, Callable[[dict], dict]] = {
    "keys in another order": reversed_keys,
    "numbers written otherwise": as_other_numbers,
    "a preset's own values": lambda config: with_generator(
        config, "dcgan", latent_dim=100, class_weight=0, augment=False, adam_beta1=0.5
    ),
    "the default preset": lambda config: config | {"generators": config["generators"] | {"covidgan": {}}},
    "a section's defaults": lambda config: with_section(
        with_section(config, "split_data", duplicates="group", test_fraction=0.2, classes=[], square="pad"),
        "summarise_study",
        confidence=0.95,
        seed=0,
    ),
    "an arm's defaults": lambda config: with_arm(config, "synthetic", ratio=1, augment=False),
    "nothing": lambda config: with_section(
        with_section(config, "split_data", window_low=None), "evaluate_classifier", weights=None
    ),
    "a last slash": lambda config: with_section(config, "split_data", folder="./data//demo/"),
    "a key of the section in each generator": lambda config: moved_into_each(
        config, "kimg", "train_acgan", "generators"
    ),
    "a key of the section in each arm": lambda config: moved_into_each(config, "kimg", "evaluate_classifier", "arms"),
    "TensorBoard": lambda config: config | {"tensorboard": True},
    "the device that it is": lambda config: config | {"device": "cpu", "container_engine": None},
}

MEANS_SOMETHING: dict[str, tuple[Callable[[dict], dict], set[str]]] = {
    "more patients": (
        lambda config: with_section(config, "make_demo_data", patients=13),
        {"make_demo_data", "split_data", *AFTER_SPLIT},
    ),
    "another share": (
        lambda config: with_section(config, "split_data", test_fraction=0.25),
        {"split_data", *AFTER_SPLIT},
    ),
    "labels to leave out": (
        lambda config: with_section(config, "split_data", ignored_labels=["flu"]),
        {"split_data", *AFTER_SPLIT},
    ),
    "another setting of all generators": (lambda config: with_section(config, "train_acgan", augment=True), BRANCH),
    "another preset": (lambda config: with_generator(config, "dcgan", preset="covidgan"), BRANCH),
    "another value than the section's": (lambda config: with_generator(config, "dcgan", latent_std=0.02), BRANCH),
    "counts for a ratio": (
        lambda config: config | {"generate_images": {"counts": {"covid": 20, "normal": 20}}},
        BRANCH - {"train_acgan"},
    ),
    "more draws": (
        lambda config: with_section(config, "compute_fid", n_draws=3),
        {"compute_fid", "summarise_study", "write_report"},
    ),
    "another classifier": (
        lambda config: with_section(config, "evaluate_classifier", backbone="resnet18"),
        SCORES | {"classify_images"},
    ),
    "another ratio of an arm": (lambda config: with_arm(config, "synthetic", ratio=0.5), SCORES),
    "an arm more": (
        lambda config: with_section(config, "arms", shuffled={"train_on": "real_synthetic", "augment": True}),
        SCORES,
    ),
    "another score": (
        lambda config: with_section(config, "summarise_study", primary_score="brier"),
        {"summarise_study", "write_report"},
    ),
}


@pytest.mark.parametrize("written", MEANS_NOTHING)
def test_what_is_written_otherwise_reruns_nothing(finished: Project, written: str) -> None:
    assert planned(finished, MEANS_NOTHING[written](small_study())) == set()


@pytest.mark.parametrize("change", MEANS_SOMETHING)
def test_what_means_something_else_reruns_what_it_changes(finished: Project, change: str) -> None:
    changed, rules = MEANS_SOMETHING[change]
    assert planned(finished, changed(small_study())) == rules


def test_an_absolute_path_is_the_same_folder(finished: Project) -> None:
    config = with_section(small_study(), "split_data", folder=str(finished.folder / "data" / "demo"))
    assert planned(finished, config) == set()


def test_what_is_no_image_may_lie_beside_the_images(finished: Project) -> None:
    notes = [finished.folder / "data" / "demo" / name for name in ("notes.txt", "covid/Thumbs.db", ".hidden")]
    for path in notes:
        path.write_text("taken in spring")
    plan = planned(finished, small_study())
    for path in notes:
        path.unlink()
    assert plan == set()


def test_the_demos_own_images_are_noticed_like_any_others(finished: Project) -> None:
    image = next((finished.folder / "data" / "demo" / "covid").glob("*.png"))
    all_after = {"split_data", *AFTER_SPLIT}
    with kept(image):
        image.touch()
        assert planned(finished, small_study()) == set()
        Image.new("L", (128, 128), 77).save(image)
        assert planned(finished, small_study()) == all_after
        image.unlink()
        assert planned(finished, small_study()) == all_after
    added = image.with_name("added.png")
    Image.new("L", (128, 128), 77).save(added)
    assert planned(finished, small_study()) == all_after
    added.unlink()
    assert planned(finished, small_study()) == set()


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Give a file its bytes back at the end."""
    before = path.read_bytes()
    yield
    path.write_bytes(before)


def planned(project: Project, config: dict) -> set[str]:
    """List the rules that would run with another configuration."""
    path = project.folder / "config" / "otherwise.yaml"
    path.write_text(yaml.safe_dump(copy.deepcopy(config), sort_keys=False))
    return set(project.planned(configfile="config/otherwise.yaml"))
