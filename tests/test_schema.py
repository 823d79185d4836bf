"""The schema of the configuration is the one that the scripts' settings make, and the documentation names every key."""

import json
from typing import Any

import make_schema
import pytest

from chestgan.base.arm_kinds import TRAIN_ON
from chestgan.metrics.score_tables import PRIMARY_SCORES
from chestgan.study.arms import REFERENCE_ARMS
from project import ROOT


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads(make_schema.SCHEMA.read_text())


def test_the_schema_and_its_documentation_are_up_to_date(request) -> None:
    """Run pytest with --fix, or `make schema`, after a setting was changed."""
    schema, documentation = make_schema.SCHEMA, make_schema.DOCUMENTATION
    made = {
        schema: make_schema.make_schema(),
        documentation: make_schema.make_documentation(documentation.read_text()),
        make_schema.NETWORKS: make_schema.make_networks(),
    }
    for path, text in made.items():
        if request.config.getoption("--fix"):
            path.write_text(text)
        assert path.read_text() == text, path


def test_a_setting_becomes_a_key_with_its_bounds_and_default(schema) -> None:
    section = schema["properties"]["split_data"]["properties"]
    assert section["test_fraction"] == {
        "description": "share of the images for the test split",
        "type": "number",
        "minimum": 0.05,
        "maximum": 0.6,
        "default": 0.2,
    }
    assert section["classes"]["type"] == "array"
    assert section["window_low"]["type"] == ["number", "null"]
    assert schema["properties"]["summarise_study"]["properties"]["primary_score"]["enum"] == list(PRIMARY_SCORES)


def test_what_the_workflow_sets_is_no_key(schema) -> None:
    for name in ("split_data", "train_acgan", "generate_images", "compute_fid", "evaluate_classifier"):
        assert not {"output", "real", "device", "threads"} & schema["properties"][name]["properties"].keys(), name


def test_a_generator_and_an_arm_may_set_what_their_sections_may(schema) -> None:
    properties = schema["properties"]
    of_generators = properties["generators"]["additionalProperties"]["properties"]
    assert set(of_generators) == {"images", *properties["train_acgan"]["properties"]}
    of_arms = properties["arms"]["additionalProperties"]["properties"]
    assert set(of_arms) == {
        "train_on",
        "ratio",
        "augment",
        "generators",
        "real_fraction",
        *properties["evaluate_classifier"]["properties"],
    }
    # a default here would win over what the section sets
    for words, section in ((of_generators, "train_acgan"), (of_arms, "evaluate_classifier")):
        assert not any("default" in words[name] for name in properties[section]["properties"])


def test_an_arm_is_of_a_known_kind(schema) -> None:
    assert schema["properties"]["arms"]["additionalProperties"]["properties"]["train_on"]["enum"] == list(TRAIN_ON)


def test_the_reference_arms_are_described(schema) -> None:
    assert list(schema["properties"]["arms"]["properties"]) == list(REFERENCE_ARMS)


def test_every_key_is_described_and_no_other_is_allowed(schema) -> None:
    def walk(part: dict, place: str) -> None:
        for name, words in part.get("properties", {}).items():
            assert words.get("description") or "$ref" in words, f"{place}.{name}"
            walk(words, f"{place}.{name}")

    walk(schema, "config")
    assert schema["additionalProperties"] is False


def test_the_documentation_names_every_key(schema) -> None:
    text = (ROOT / "config" / "README.md").read_text()
    for name, words in schema["properties"].items():
        assert f"`{name}`" in text, name
        for key in () if name == "arms" else words.get("properties", {}):
            assert f"`{key}`" in text, f"{name}.{key}"
