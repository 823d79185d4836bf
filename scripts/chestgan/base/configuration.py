"""The configuration of a study, checked before any work; errors name the key."""

import contextlib
import functools
import hashlib
import math
import operator
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema

from chestgan.base import files, recipes, settings, yaml_files
from chestgan.base.errors import UserError, unknown_name
from chestgan.base.renamed import now_called

# the data that the project draws itself
DEMO_FOLDER = "data/demo"
DEMO_CLASSES = ("covid", "normal")


def check(config: dict[str, Any], schema: Path) -> None:
    """Check a configuration against its schema.

    A recipe is replaced by its settings. Text becomes a number or a truth value where one is wanted, and a single value
    a list of one.

    Raises:
        UserError: one line a mistake: where it is, what was found, and what is allowed.
    """
    _require_plain(config)
    validator = jsonschema.Draft202012Validator(files.read_json(schema))
    if isinstance(config.get("split_data"), dict):
        completed = recipes.complete(config["split_data"])
        # null takes back what a recipe says, and otherwise leaves the script's default
        config["split_data"] = {key: value for key, value in completed.items() if value is not None}
    _read_text(config, validator)
    mistakes = [_described(error) for error in sorted(validator.iter_errors(config), key=lambda error: error.json_path)]
    if mistakes:
        raise UserError("\n".join(["the configuration has mistakes:", *mistakes]))


def dataset_of(config: dict[str, Any], path: Path) -> str:
    """Find the name of the data in a configuration that `check` hasn't seen, read from `path`.

    Raises:
        UserError: there is none that a folder could have.
    """
    dataset = config.get("dataset")
    if not isinstance(dataset, str) or not dataset or "/" in dataset:
        raise UserError(
            f"{path}: dataset is {dataset!r}; expected the name of a study's data, as results/<dataset> has it"
        )
    return dataset


def sound_sections(config: dict[str, Any], schema: Path) -> dict[str, Any]:
    """Return the sections of a configuration in which `check` finds no mistake."""
    plain = {}
    for key, value in config.items():
        with contextlib.suppress(UserError):
            _require_plain({key: value})
            plain[key] = value
    validator = jsonschema.Draft202012Validator(files.read_json(schema))
    broken = {found.absolute_path[0] for found in validator.iter_errors(plain) if found.absolute_path}
    return {key: value for key, value in plain.items() if key not in broken}


def normalise(config: dict[str, Any], schema: Path) -> None:
    """Write a checked configuration in one way, in place: 40 for a real number is 40.0, and folder/ is folder."""
    root = files.read_json(schema)
    config.update(_normal(config, root, root))


def beyond_preset(settings: dict[str, Any], presets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Leave out the settings of a GAN that its preset has anyway."""
    of_preset = presets[settings["preset"]]
    return {name: value for name, value in settings.items() if name not in of_preset or of_preset[name] != value}


def device(config: dict[str, Any]) -> str:
    """Choose the compute device: what `device` says, else the GPU where `gpus` are asked for.

    Raises:
        UserError: a GPU is to compute, and none is asked for.
    """
    chosen = config.get("device") or ("gpu" if config["gpus"] else "cpu")
    if chosen == "gpu" and not config["gpus"]:
        raise UserError("device is gpu, but gpus is 0; set gpus to the number that a training may have on a node")
    return chosen


def paths_outside(config: Any, folder: Path) -> list[Path]:
    """List the files and folders named anywhere in a configuration that exist and lie outside `folder`.

    A container sees only `folder`, and these must be bound into it.
    """
    if isinstance(config, str):
        path = Path(config)
        outside = bool(config) and path.exists() and not path.resolve().is_relative_to(folder.resolve())
        return [path.absolute()] if outside else []
    values = config.values() if isinstance(config, dict) else config if isinstance(config, list) else []
    return sorted({path for value in values for path in paths_outside(value, folder)})


def data_files(folder: str, metadata: Sequence[str] = ()) -> list[Path]:
    """List every file below a data folder in alphabetical order, and its metadata tables.

    Raises:
        UserError: the folder or the table doesn't exist, or the folder is empty.
    """
    files.require_named_folder(Path(folder), "split_data.folder")
    found = [path for path in files.below(Path(folder)) if path.is_file()]
    if not found:
        raise UserError(f"split_data.folder is {folder!r}, and that folder is empty; expected images")
    tables = files.locate(Path(folder), metadata, "split_data.metadata")
    return [*found, *(path for path in tables if path not in found)]


def sha256_of_files(paths: list[Path]) -> str:
    """Compute one checksum of the names and the bytes of files; a touched file doesn't change it."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            known = files.sha256(path)
        except OSError as error:  # whoever decodes it says which file it is
            known = f"unreadable: {error.errno}"
        # a name of bytes that are no text counts too
        digest.update(known.encode() + b" " + os.fsencode(path) + b"\n")
    return digest.hexdigest()


def _require_plain(config: dict[str, Any]) -> None:
    """Refuse what YAML knows and no setting can be: keys that are no text, endless numbers, dates."""
    mistakes, waiting = [], [("", config)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, dict):
            odd = [key for key in value if not isinstance(key, str)]
            mistakes += [f"  {where or 'the top level'}: the key {key!r} is no text; write {str(key)!r}" for key in odd]
            waiting += [(f"{where}.{key}".strip("."), part) for key, part in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{where}.{place}", part) for place, part in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            mistakes.append(f"  {where}: {value} is no finite number")
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > settings.MAX_WHOLE:
            mistakes.append(f"  {where}: {value:.3g} is too large; at most {settings.MAX_WHOLE}")
        elif not isinstance(value, str | int | float | None):
            mistakes.append(f"  {where}: {value!r:.100} is no value of a setting; put text into quotes")
    if mistakes:
        raise UserError("\n".join(["the configuration has mistakes:", *sorted(mistakes)]))


def _normal(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """Return a value in the one form that its schema gives it."""
    if "$ref" in schema:
        place = schema["$ref"].removeprefix("#/").split("/")
        value = _normal(value, functools.reduce(operator.getitem, place, root), root)
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties") or {}
        return {key: _normal(part, known.get(key, other), root) for key, part in value.items()}
    if isinstance(value, list):
        return [_normal(part, schema.get("items", {}), root) for part in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if "integer" in kinds else float(value) if "number" in kinds else value
    return _normal_path(value) if value and schema.get("format") == "path" else value


def _normal_path(path: str) -> str:
    """Write a path below the current folder from there, and any without what means nothing, such as a last slash."""
    below = Path(path).is_absolute() and Path(path).is_relative_to(Path.cwd())
    return os.path.relpath(path) if below else os.path.normpath(path)


def _read_text(config: dict[str, Any], validator: jsonschema.Draft202012Validator) -> None:
    """Turn text into numbers, and a single value into a list where one is wanted.

    Snakemake leaves nested values of `--config` on the command line as text.
    """
    for error in list(validator.iter_errors(config)):
        is_single = isinstance(error.instance, str | int | float) and not isinstance(error.instance, bool)
        if error.validator == "type" and error.validator_value == "array" and is_single:
            _replace(config, error, [error.instance])
    for error in list(validator.iter_errors(config)):
        if error.validator == "type" and isinstance(error.instance, str):
            value = yaml_files.value_of(error.instance)
            wanted = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
            if any(validator.is_type(value, kind) for kind in wanted):
                _replace(config, error, value)


def _replace(config: dict[str, Any], error: jsonschema.ValidationError, value: Any) -> None:
    *section, key = error.absolute_path
    functools.reduce(operator.getitem, section, config)[key] = value


def _described(error: jsonschema.ValidationError) -> str:
    where = ".".join(map(str, error.absolute_path)) or "the top level"
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = sorted(set(error.instance) - set(known))
        return "\n".join(
            f"  {where}: {unknown_name('key', name, known)}{now_called([name], known)}" for name in unknown
        )
    hint, found = error.schema.get("description", ""), f"{error.instance!r:.100}"
    if error.validator == "pattern":
        return f"  {where}: {found} isn't allowed ({hint})"
    if error.validator == "type" and isinstance(error.instance, str) and _is_number(error.instance):
        # YAML 1.1 reads 2e-4 as text
        hint = "write numbers with a point, such as 2.0e-4"
    if error.validator == "enum" and isinstance(error.instance, str):
        hint = now_called([error.instance], error.validator_value).removeprefix("; ") or hint
    # a message begins with the value, which may be of any length
    message = error.message.replace(repr(error.instance), found, 1)
    return f"  {where}: {message}{f' ({hint})' if hint else ''}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
