"""The file of a trained generator: its weights, and all that is needed to use them, in one safetensors file."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from chestgan import files, networks
from chestgan.errors import UserError
from chestgan.presets import GanSettings

# the one key of the file's metadata; its presence tells a file of ours from another project's
_KEY = "chestgan_generator"


@dataclass(frozen=True)
class Description:
    """What a generator file says of its weights.

    Attributes:
        name: what tables and figures call this generator.
        seed: the seed of its training.
        classes: the labels in the order of their numbers.
        kimg: thousand real images shown when these weights were taken.
        distance: kernel distance to the validation patients then.
    """

    name: str
    seed: int
    preset: str
    gan: GanSettings
    image_size: int
    classes: list[str]
    kimg: float
    distance: float


def write(path: Path, weights: dict[str, Tensor], description: Description) -> None:
    """Write a generator file; equal weights and descriptions give equal bytes."""
    text = json.dumps(dataclasses.asdict(description), sort_keys=True)
    with files.new_file(path) as partial:
        # as bytes, for a file of safetensors' own making nobody else could read
        partial.write_bytes(save({name: weight.contiguous() for name, weight in weights.items()}, {_KEY: text}))


def read(path: Path) -> tuple[nn.Module, Description]:
    """Read a generator, ready to draw: in evaluation mode, on the CPU.

    Raises:
        UserError: the file is missing, truncated, another project's, or its weights don't fit its description.
    """
    if not path.is_file():
        raise UserError(f"there is no generator file {path.absolute()}; train_acgan makes one: generator.safetensors")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    except SafetensorError as error:
        raise UserError(f"{path} ({path.stat().st_size} bytes) is no whole safetensors file: {error}") from None
    if _KEY not in metadata:
        raise UserError(f"{path} is a safetensors file of another project: its metadata has no {_KEY!r}")
    generator, description = _build(path, metadata[_KEY])
    try:
        generator.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"the weights in {path} don't fit the settings beside them: {error}") from None
    return generator.eval().requires_grad_(False), description


def _build(path: Path, text: str) -> tuple[nn.Module, Description]:
    try:
        fields = json.loads(text)
        description = Description(**fields | {"gan": GanSettings(**fields["gan"])})
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path} was written by another version of Chestgan: {error}; train it again") from None
    return networks.build_generator(description.gan, len(description.classes), description.image_size), description
