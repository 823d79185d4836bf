"""Write the schema of the configuration from study.yaml and the settings that the scripts declare: `make schema`."""

import dataclasses
import importlib
import json
import sys
import types
import typing
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
SCHEMA = FOLDER / "config.schema.json"
sys.path.insert(0, str(FOLDER.parent.parent / "scripts"))

_TYPES = {int: "integer", float: "number", str: "string", Path: "string", bool: "boolean"}
# what a script takes as CLASS=NUMBER is a mapping in the configuration
_COUNTS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
# a training without a preset of its own has the script's, which no section may set for all generators unseen
_WITHOUT_DEFAULT = ("preset",)


def make_schema() -> str:
    """Write study.yaml as JSON, with each `section` filled in."""
    return json.dumps(_filled(yaml.safe_load((FOLDER / "study.yaml").read_text())), indent=2) + "\n"


def _filled(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if "section" not in node:
        return {key: _filled(value) for key, value in node.items()}
    script, of = node["section"], node.get("of", "")
    config_class = importlib.import_module(script).Config
    hints = typing.get_type_hints(config_class)
    fields = [field for field in dataclasses.fields(config_class) if field.metadata["section"] in ("", of)]
    properties = {field.name: _described(field, hints[field.name]) for field in fields}
    for name, words in properties.items():
        # what is set in a section for all is the default of each
        if of or name in _WITHOUT_DEFAULT:
            words.pop("default", None)
    rest = {key: value for key, value in node.items() if key not in ("section", "of")}
    return rest | {"type": "object", "additionalProperties": False, "properties": properties}


def _described(field: dataclasses.Field, hint: Any) -> dict[str, Any]:
    """Describe a setting: its type, its bounds, its default, and what it is."""
    words = {"description": field.metadata["help"]}
    if field.name == "counts":
        return words | _COUNTS
    optional = typing.get_origin(hint) is types.UnionType
    if optional:
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    several = typing.get_origin(hint) is tuple
    kind = _TYPES[typing.get_args(hint)[0] if several else hint]
    bounds = {name: field.metadata[name] for name in ("minimum", "maximum") if field.metadata[name] is not None}
    if field.metadata["choices"]:
        bounds["enum"] = list(field.metadata["choices"])
    if several:
        words |= {"type": "array", "items": {"type": kind, **bounds}}
    else:
        words |= {"type": [kind, "null"] if optional else kind, **bounds}
    if field.default not in (dataclasses.MISSING, None, ()):
        words["default"] = list(field.default) if several else field.default
    return words


if __name__ == "__main__":
    SCHEMA.write_text(make_schema())
