"""Write what follows from study.yaml and the settings that the scripts declare: `make schema`.

It is the schema of the configuration, the tables of keys in config/README.md, and what a plan knows of generators and
classifiers without loading torch.
"""

import dataclasses
import importlib
import json
import re
import sys
import types
import typing
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
SCHEMA = FOLDER / "config.schema.json"
DOCUMENTATION = FOLDER.parent.parent / "config" / "README.md"
NETWORKS = FOLDER / "networks.json"
PERFORMANCE = FOLDER.parent.parent / "docs" / "performance.md"
sys.path.insert(0, str(FOLDER.parent.parent / "scripts"))

_TYPES = {int: "integer", float: "number", str: "string", Path: "string", bool: "boolean"}
# what a script takes as CLASS=NUMBER or LABEL=RULE is a mapping in the configuration
_MAPPINGS = {
    "counts": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
}
_TABLE_HEAD = "| key | meaning | values | default |\n| --- | --- | --- | --- |\n"


def make_schema() -> str:
    """Write study.yaml as JSON, with each `section` filled in."""
    return json.dumps(_filled(_study()), indent=2) + "\n"


def make_documentation(text: str) -> str:
    """Replace the tables of keys in a text by new ones: that of each section, and that of the study's own keys."""
    properties = _study()["properties"]
    for name, words in properties.items():
        settings = words if "section" in words else words.get("additionalProperties", {})
        section = _properties(settings["section"], settings.get("of", "")) if "section" in settings else {}
        section |= settings.get("properties", {}) if section or "of" in settings else {}
        if section:
            text = _with_table(text, f"`{name}`", section, settings.get("required", []))
    own = {name: words for name, words in properties.items() if words.get("type") and words["type"] != "object"}
    return _with_table(text, "The study", own, _study()["required"])


def make_networks() -> str:
    """Write the presets, the architectures with the sizes that each can make, the measured speeds, and file sizes."""
    presets, architectures, classifiers = (
        importlib.import_module(f"chestgan.{name}")
        for name in ("gan.presets", "gan.networks.architectures", "classifier.networks")
    )
    sizes = next(f for f in dataclasses.fields(importlib.import_module("split_data").Config) if f.name == "image_size")
    bounds = range(sizes.metadata["minimum"], sizes.metadata["maximum"] + 1)
    known = {
        "presets": {name: dataclasses.asdict(preset) for name, preset in presets.PRESETS.items()},
        "architectures": {"gan": list(architectures.ARCHITECTURES), "diffusion": list(architectures.DENOISERS)},
        "sizes": {
            name: [size for size in bounds if _can_make(architecture, size)]
            for name, architecture in (architectures.ARCHITECTURES | architectures.DENOISERS).items()
        },
        "measured": _measured(PERFORMANCE.read_text()),
        "classifier_bytes": {name: _bytes(classifiers.build(name, 2, 64)) for name in classifiers.BACKBONES},
    }
    return json.dumps(known, indent=2) + "\n"


def _can_make(architecture: types.ModuleType, image_size: int) -> bool:
    errors = importlib.import_module("chestgan.base.errors")
    try:
        architecture.check_size(image_size)
    except errors.UserError:
        return False
    return True


def _measured(text: str) -> list[dict[str, Any]]:
    """Read the table of presets by size: where, and of each row the preset, the size, parameters and images/s."""
    where, table = re.search(r"<!-- memory -->\n(.*?, .*?),.*?\n\n(.*?)<!--", text, re.DOTALL).groups()
    columns, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines())
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    return [
        {
            "preset": row["preset"],
            "image_size": int(row["px"]),
            "generator_parameters": float(row["generator, million"]) * 1e6,
            "discriminator_parameters": float(row["discriminator, million"]) * 1e6,
            "images_per_second": float(row["images/s"]),
            "machine": where,
        }
        for row in found
    ]


def _bytes(network: Any) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())


def _study() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "study.yaml").read_text())


def _filled(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if "section" not in node:
        return {key: _filled(value) for key, value in node.items()}
    script, of = node["section"], node.get("of", "")
    properties = _properties(script)
    if of:
        for words in properties.values():
            # what the script's own section sets is the default
            words.pop("default", None)
        properties |= _properties(script, of) | node.get("properties", {})
    rest = {key: value for key, value in node.items() if key not in ("section", "of")}
    return rest | {"type": "object", "additionalProperties": False, "properties": properties}


def _properties(script: str, section: str = "") -> dict[str, dict[str, Any]]:
    """Describe the settings of a script that are keys of its own section, or of another one."""
    config_class = importlib.import_module(script).Config
    hints = typing.get_type_hints(config_class)
    fields = [field for field in dataclasses.fields(config_class) if field.metadata["section"] == section]
    return {field.name: _described(field, hints[field.name]) for field in fields}


def _described(field: dataclasses.Field, hint: Any) -> dict[str, Any]:
    """Describe a setting: its type, its bounds, its default, and what it is."""
    words: dict[str, Any] = {"description": field.metadata["help"]}
    if field.name in _MAPPINGS:
        return words | _MAPPINGS[field.name]
    optional = typing.get_origin(hint) is types.UnionType
    if optional:
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    several = typing.get_origin(hint) is tuple
    one = typing.get_args(hint)[0] if several else hint
    kind = _TYPES[one]
    bounds = {name: field.metadata[name] for name in ("minimum", "maximum") if field.metadata[name] is not None}
    if one is Path:
        bounds["format"] = "path"
    if field.metadata["choices"]:
        bounds["enum"] = [*field.metadata["choices"], *([None] if optional else [])]
    if several:
        words |= {"type": "array", "items": {"type": kind, **bounds}}
    else:
        words |= {"type": [kind, "null"] if optional else kind, **bounds}
    if field.default not in (dataclasses.MISSING, None, ()):
        words["default"] = list(field.default) if several else field.default
    return words


def _with_table(text: str, heading: str, properties: dict[str, dict[str, Any]], required: list[str]) -> str:
    """Replace the first table below a heading."""
    rows = "".join(_row(name, words, name in required) for name, words in properties.items())
    table = re.compile(rf"(^## {re.escape(heading)}\n(?:(?!^## ).*\n)*?)(?:^\|.*\n)+", flags=re.MULTILINE)
    text, n = table.subn(lambda found: found[1] + _TABLE_HEAD + rows, text, count=1)
    if not n:
        raise SystemExit(f"error: {DOCUMENTATION} has no table below {heading!r}; expected one")
    return text


def _row(name: str, words: dict[str, Any], required: bool) -> str:
    default = "" if words.get("default") is None else f"`{json.dumps(words['default'])}`".replace('"', "")
    return f"| `{name}` | {words['description']} | {_values(words)} | {'required' if required else default} |\n"


def _values(words: dict[str, Any]) -> str:
    """Describe which values a key may have."""
    if "enum" in words:
        return ", ".join(f"`{value}`" for value in words["enum"] if value is not None)
    kind = next(iter(words["type"])) if isinstance(words["type"], list) else words["type"]
    if kind == "array":
        return f"list of {_values(words['items'])}"
    if kind == "object":
        return f"for each class: {_values(words['additionalProperties'])}"
    low, high = words.get("minimum"), words.get("maximum")
    bounds = "" if low is None else f", from {low:g}" if high is None else f", {low:g} to {high:.10g}"
    return kind + bounds


if __name__ == "__main__":
    SCHEMA.write_text(make_schema())
    NETWORKS.write_text(make_networks())
    DOCUMENTATION.write_text(make_documentation(DOCUMENTATION.read_text()))
