"""The schema of the configuration says of every setting what the script says of it."""

import dataclasses
import importlib
import json
import types
import typing
from pathlib import Path

import pytest

from project import ROOT

SCHEMA = json.loads((ROOT / "workflow" / "schemas" / "config.schema.json").read_text())
# what the rules set themselves: paths that follow from names, and what is set once for all stages
BY_RULES = {
    "make_demo_data": {"output"},
    "split_data": {"output", "threads"},
    "train_acgan": {
        *(
            "real",
            "output",
            "name",
            "seed",
            "checkpoint",
            "device",
            "processes",
            "threads",
            "time_limit",
            "tensorboard",
        ),
    },
    "generate_images": {"generator", "output", "real", "device", "processes", "threads"},
    "compute_fid": {"real", "generated", "output", "features", "device", "threads"},
    "evaluate_classifier": {
        *("real", "generated", "output", "arm", "train_on", "ratio", "augment", "seed", "device", "threads"),
    },
    "summarise_study": {"real", "generated", "history", "fid", "classifier", "output"},
}
TYPES = {int: "integer", float: "number", str: "string", Path: "string", bool: "boolean"}


def described(field: dataclasses.Field, hint: object) -> dict:
    """Say in the schema's words what a field is."""
    optional = typing.get_origin(hint) is types.UnionType
    if optional:
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    several = typing.get_origin(hint) is tuple
    kind = TYPES[typing.get_args(hint)[0] if several else hint]
    bounds = {name: field.metadata[name] for name in ("minimum", "maximum") if field.metadata[name] is not None}
    if field.metadata["choices"]:
        bounds["enum"] = list(field.metadata["choices"])
    words = {"description": field.metadata["help"]}
    if several:
        words |= {"type": "array", "items": {"type": kind, **bounds}}
    else:
        words |= {"type": [kind, "null"] if optional else kind, **bounds}
    if field.default not in (dataclasses.MISSING, None, ()):
        words["default"] = list(field.default) if several else field.default
    return words


def expected(config_class: type, without: set[str]) -> dict[str, dict]:
    hints = typing.get_type_hints(config_class)
    return {
        field.name: described(field, hints[field.name])
        for field in dataclasses.fields(config_class)
        if field.name not in without
    }


@pytest.mark.parametrize("script", BY_RULES)
def test_a_section_is_the_settings_of_its_script(script: str) -> None:
    section = SCHEMA["properties"][script]
    assert section["additionalProperties"] is False
    wanted = expected(importlib.import_module(script).Config, BY_RULES[script])
    if script == "train_acgan":
        # the preset decides what isn't set
        del wanted["preset"]["default"]
    if script == "generate_images":
        wanted["counts"] = {"description": wanted["counts"]["description"], "type": "object"} | {
            "additionalProperties": {"type": "integer", "minimum": 0}
        }
    assert section["properties"] == wanted


def test_a_generator_may_set_whatever_a_training_may() -> None:
    generators = SCHEMA["properties"]["generators"]["additionalProperties"]
    assert generators["properties"] == SCHEMA["properties"]["train_acgan"]["properties"]
    assert generators["additionalProperties"] is False


def test_an_arm_may_set_whatever_a_classifier_may() -> None:
    arms = SCHEMA["properties"]["arms"]["additionalProperties"]
    config_class = importlib.import_module("evaluate_classifier").Config
    of_arms = expected(config_class, BY_RULES["evaluate_classifier"] - {"train_on", "ratio", "augment"})
    for words in of_arms.values():
        words.pop("default", None)
    assert arms["properties"] == of_arms
    assert arms["additionalProperties"] is False


def test_every_key_is_described() -> None:
    def walk(schema: dict, place: str) -> None:
        for name, words in schema.get("properties", {}).items():
            assert words.get("description"), f"{place}.{name}"
            walk(words, f"{place}.{name}")

    walk(SCHEMA, "config")
    assert SCHEMA["additionalProperties"] is False


def test_the_table_of_the_documentation_names_every_key() -> None:
    text = (ROOT / "config" / "README.md").read_text()
    for name, words in SCHEMA["properties"].items():
        assert f"`{name}`" in text, name
        for key in words.get("properties", {}):
            assert f"`{key}`" in text, f"{name}.{key}"
