"""The networks of snapshots, kept as files that can be read while the training goes on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from chestgan.gan import generator_file
from chestgan.gan.generator_file import Description


@dataclass(frozen=True)
class Keeping:
    """Which networks of a training's snapshots are kept.

    Attributes:
        folder: where; it holds those of this training up to its last checkpoint, and no others.
        every: the generator of every n-th snapshot; 0: none.
        discriminators: whether the discriminator is kept beside each generator.
    """

    folder: Path
    every: int
    discriminators: bool

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that are kept, by the first word of their files."""
        return ("generator", "discriminator") if self.discriminators else ("generator",)

    @property
    def choice(self) -> dict[str, Any]:
        """What is kept, as a checkpoint holds it."""
        return {"every": self.every, "discriminators": self.discriminators}

    def is_covered_by(self, choice: dict[str, Any]) -> bool:
        """Tell whether all that this keeps was kept too by what had another choice."""
        if not self.every:
            return True
        all_there = bool(choice["every"]) and self.every % choice["every"] == 0
        return all_there and (choice["discriminators"] or not self.discriminators)


def file(keeping: Keeping, network: str, kimg: float) -> Path:
    """Name the file of a network so that the names' order is that of the training."""
    return keeping.folder / f"{network}-kimg-{kimg:010.3f}.safetensors"


def write(keeping: Keeping, weights: dict[str, dict[str, Tensor]], description: Description) -> None:
    """Write the files of a snapshot; each appears whole.

    Args:
        weights: the state of each network.
    """
    for network in keeping.networks:
        path = file(keeping, network, description.kimg)
        generator_file.write(path, weights[network], description, network)


def drop_others(keeping: Keeping, kimgs: list[float]) -> None:
    """Delete the files of other snapshots than these: of another training, or after the checkpoint.

    A training that resumes writes those after the checkpoint again.
    """
    wanted = {file(keeping, network, kimg) for network in keeping.networks for kimg in kimgs}
    for path in keeping.folder.glob("*-kimg-*.safetensors"):
        if path not in wanted:
            path.unlink()
