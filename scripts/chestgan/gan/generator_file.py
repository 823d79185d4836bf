"""The file of a trained generator: its weights, and all that is needed to use them, in one safetensors file."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from chestgan.base import files, settings
from chestgan.base.errors import UserError
from chestgan.gan import origin
from chestgan.gan.networks.build import build_generator
from chestgan.gan.networks.denoiser import build_sampler
from chestgan.gan.origin import Origin
from chestgan.gan.presets import SETTINGS, TrainingSettings
from chestgan.images.image_set import MAX_IMAGE_SIZE
from chestgan.images.labels import check_labels

# what builds the generator of each kind
BUILDERS = {"gan": build_generator, "diffusion": build_sampler}
# the one key of the file's metadata; a file without it is another project's, or a discriminator's
_KEY = "chestgan_{network}"
# the words of the first version's files, where the code has other ones now: files that people share stay readable
_IN_FILE = {"settings": "gan", "validation_kd": "distance", "per_class": "separate"}
_IN_CODE = {word: name for name, word in _IN_FILE.items()}
# what a text raises that describes no generator of this version
_MISMATCH = (ValueError, TypeError, KeyError, AttributeError, RecursionError, UserError)


@dataclass(frozen=True)
class Description:
    """The description of the weights in a generator file.

    Attributes:
        name: what tables and figures call this generator.
        seed: the seed of its training.
        classes: the labels in the order of their numbers.
        kimg: thousand real images shown when these weights were taken.
        validation_kd: kernel distance to the validation patients then.
        origin: what it was made from; None in files of earlier versions.
    """

    name: str
    seed: int
    preset: str
    settings: TrainingSettings
    image_size: int
    classes: list[str]
    kimg: float
    validation_kd: float
    origin: Origin | None = None


def write(path: Path, weights: dict[str, Tensor], description: Description, network: str = "generator") -> None:
    """Write a generator file, or one of its discriminator; equal weights and descriptions give equal bytes."""
    text = json.dumps(_reworded(_fields(description), _IN_FILE), sort_keys=True)
    key = _KEY.format(network=network)
    with files.new_file(path) as partial:
        # as bytes: a file that safetensors itself writes is readable by its owner alone
        partial.write_bytes(save({name: weight.contiguous() for name, weight in weights.items()}, {key: text}))


def read(path: Path) -> tuple[nn.Module, Description]:
    """Read a generator, ready to sample: in evaluation mode, on the CPU.

    Raises:
        UserError: the file is missing, truncated, another project's, or its weights don't fit its description.
    """
    weights, text = _read_file(path, "generator")
    generator, description = _build(path, text)
    try:
        generator.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"the weights in {path} don't fit the settings beside them: {reason}") from None
    return generator.eval().requires_grad_(False), description


def read_discriminator(path: Path) -> tuple[dict[str, Tensor], Description]:
    """Read the weights of a discriminator, and the description of the generator that it was trained with.

    Raises:
        UserError: as `read`, but whether the weights fit the description isn't looked at.
    """
    weights, text = _read_file(path, "discriminator")
    return weights, _described(path, text)


def _read_file(path: Path, network: str) -> tuple[dict[str, Tensor], str]:
    """Read the weights of a network's file, and the text that describes them."""
    if not path.is_file():
        raise UserError(f"there is no {network} file {path.absolute()}; train_acgan makes one: {network}.safetensors")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    except SafetensorError as error:
        raise UserError(f"{path} ({path.stat().st_size} bytes) is no whole safetensors file: {error}") from None
    key = _KEY.format(network=network)
    if network == "generator" and _KEY.format(network="discriminator") in metadata:
        raise UserError(f"{path} holds a discriminator; expected a generator, which draws images")
    if key not in metadata:
        raise UserError(f"{path} is a safetensors file of another project: its metadata has no {key!r}")
    return weights, metadata[key]


def _build(path: Path, text: str) -> tuple[nn.Module, Description]:
    description = _described(path, text)
    try:
        build = BUILDERS[description.settings.kind]
        generator = build(description.settings, len(description.classes), description.image_size)
    except _MISMATCH as error:
        raise _of_another_version(path, error) from None
    return generator, description


def _described(path: Path, text: str) -> Description:
    try:
        fields = _reworded(json.loads(text), _IN_CODE)
        # files of before there was another kind say nothing of it
        kind = SETTINGS[fields["settings"].get("kind", "gan")]
        parsed = {"settings": kind(**fields["settings"]), "origin": origin.from_fields(fields.get("origin"))}
        description = Description(**fields | parsed)
        _require_sound(description)
    except _MISMATCH as error:
        raise _of_another_version(path, error) from None
    return description


def _of_another_version(path: Path, error: Exception) -> UserError:
    return UserError(f"{path} was written by another version of Chestgan: {error}; train it again")


def _require_sound(description: Description) -> None:
    """Refuse what would make a network of any size, or files outside the folder of the images."""
    settings.check(description)
    check_labels([description.name], "name")
    check_labels(description.classes, "classes")
    if description.classes != sorted(set(description.classes)):
        raise UserError(f"classes is {description.classes}; expected an alphabetical list")
    if not 1 <= description.image_size <= MAX_IMAGE_SIZE:
        raise UserError(f"image_size is {description.image_size}; expected a whole number to {MAX_IMAGE_SIZE}")


def _fields(description: Description) -> dict[str, Any]:
    """List the fields of a file: a setting with a default came after the first version, and is there if it differs."""
    fields = dataclasses.asdict(description)
    defaults = {field.name: field.default for field in dataclasses.fields(description.settings)}
    settings = {name: value for name, value in fields["settings"].items() if value != defaults[name]}
    if fields["origin"] is None:
        del fields["origin"]
    return fields | {"settings": settings}


def _reworded(fields: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    """Replace the names of fields, and the name of the conditioning."""
    reworded = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            value = _reworded(value, words)
        elif name == "conditioning":
            value = words.get(value, value)
        reworded[words.get(name, name)] = value
    return reworded
