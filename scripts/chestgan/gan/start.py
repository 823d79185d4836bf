"""A running start: a generator that was trained before, and its discriminator, from which a training begins.

`shared_weights` says what of them new networks take over. Everything else begins as without a start, and so do the
optimisers.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import Tensor

from chestgan.base import files, start_files
from chestgan.base.errors import UserError
from chestgan.gan import generator_file, images_seen
from chestgan.gan.generator_file import BUILDERS, Description
from chestgan.gan.networks.build import build_discriminator
from chestgan.gan.origin import Start
from chestgan.gan.presets import TrainingSettings
from chestgan.gan.shared_weights import Design, share_of, shared

# with a smaller share of a network's weights only odd biases fit: the two have other widths, or another normalisation
_LEAST_SHARE = 0.1
# settings that decide the shapes of weights
_SHAPING = ("generator_width", "latent_dim", "channels")


@dataclass(frozen=True)
class RunningStart:
    """Weights for new networks, by their names in these.

    Attributes:
        generator: of the generator.
        discriminator: of the discriminator; none where there is none, or the start has none that fits.
        told: the start, as results name it.
        seen: the images that it has seen, as `images_seen` lists them; None where its files don't say.
    """

    generator: dict[str, Tensor]
    discriminator: dict[str, Tensor]
    told: Start
    seen: pd.DataFrame | None


def read(path: Path, settings: TrainingSettings, classes: Sequence[str], image_size: int) -> RunningStart:
    """Read what new networks can take over from a generator file and from the discriminator beside it.

    Raises:
        UserError: a file can't be read, the two don't belong together, or they have too little in common with the new
            networks.
    """
    with _naming_start_from():
        trained, description = generator_file.read(path)
        seen = images_seen.read(path)
    _require_alike(path, description, settings, classes)
    old = Design(description.settings, description.classes, description.image_size)
    new = Design(settings, classes, image_size)
    build = BUILDERS[settings.kind]
    generator = shared(trained.state_dict(), build, old, new)
    generator_share = share_of(generator, build, new)
    if generator_share < _LEAST_SHARE:
        raise UserError(
            f"start_from is {path}, from which {100 * generator_share:.1f} % of the generator's weights would come; "
            f"expected {100 * _LEAST_SHARE:.0f} % at least: {_differences(old, new)}"
        )
    discriminator, discriminator_share = {}, None
    if settings.kind == "gan":
        weights = _discriminator_of(path, description, old)
        discriminator = shared(weights, build_discriminator, old, new)
        discriminator_share = share_of(discriminator, build_discriminator, new)
        if discriminator_share < _LEAST_SHARE:
            discriminator, discriminator_share = {}, 0.0
    told = Start(
        name=description.name,
        seed=description.seed,
        kimg=description.kimg,
        sha256=files.sha256(path),
        generator_share=generator_share,
        discriminator_share=discriminator_share,
        patients_known=_patients_known(seen, description),
        origin=description.origin,
    )
    return RunningStart(generator, discriminator, told, seen)


def lines(start: RunningStart, path: Path) -> list[str]:
    """Say how much a training takes over, and warn where there is no discriminator to begin with."""
    taken = {"generator": (start.told.generator_share, start.generator)}
    if start.discriminator:
        taken["discriminator"] = (start.told.discriminator_share, start.discriminator)
    parts = [
        f"{100 * share:.0f} % of the {network}'s weights ({len(weights)} tensors)"
        for network, (share, weights) in taken.items()
    ]
    found = [f"start_from: {' and '.join(parts)} are from {path}"]
    if start.told.discriminator_share == 0:
        found.append(f"warning: no discriminator that fits lies beside {path}, so this training's begins anew")
    return found


def _require_alike(path: Path, old: Description, settings: TrainingSettings, classes: Sequence[str]) -> None:
    """Refuse networks of another architecture, and networks for each class of which none is the same.

    Raises:
        UserError: with the setting, or the classes.
    """
    told = f"start_from is {path}, which has"
    if old.settings.architecture != settings.architecture:
        raise UserError(
            f"{told} the architecture {old.settings.architecture}; expected that of this training, "
            f"{settings.architecture}"
        )
    if settings.kind != "gan":
        return
    is_per_class = settings.conditioning == "per_class"
    if (old.settings.conditioning == "per_class") != is_per_class:
        raise UserError(
            f"{told} the conditioning {old.settings.conditioning}, and here it is {settings.conditioning}; expected "
            "per_class in both or in none, for its networks know one class each"
        )
    if is_per_class and not set(old.classes) & set(classes):
        raise UserError(
            f"{told} networks for the classes {', '.join(old.classes)}; expected one of {', '.join(classes)} among "
            "them, or another conditioning than per_class, whose classes share their weights"
        )


def _discriminator_of(path: Path, description: Description, old: Design) -> dict[str, Tensor]:
    """Read the discriminator beside a generator; no weights where there is none.

    Raises:
        UserError: it can't be read, or doesn't belong to the generator.
    """
    beside = start_files.discriminator_beside(path)
    if beside is None or not beside.is_file():
        return {}
    with _naming_start_from():
        weights, described = generator_file.read_discriminator(beside)
    if described != description:
        raise UserError(
            f"start_from is {path}, and {beside.name} beside it is the discriminator of another training; put its own "
            "there, or take that one away"
        )
    if {name: weight.shape for name, weight in weights.items()} != old.shapes(build_discriminator):
        raise UserError(f"start_from: the weights in {beside} don't fit the settings beside them; take that file away")
    return weights


@contextlib.contextmanager
def _naming_start_from() -> Iterator[None]:
    """Name the key in what is said of a file that can't be read."""
    try:
        yield
    except UserError as error:
        raise UserError(f"start_from: {error}") from None


def _patients_known(seen: pd.DataFrame | None, description: Description) -> bool:
    """Tell whether the files name every patient that a generator, and what it began from, has seen."""
    before = description.origin and description.origin.start
    return seen is not None and images_seen.names_patients(seen) and (before is None or before.patients_known)


def _differences(old: Design, new: Design) -> str:
    """Name what differs between two designs of networks."""
    names = [name for name in _SHAPING if hasattr(new.settings, name)]
    pairs = {name: (getattr(new.settings, name), getattr(old.settings, name)) for name in names}
    pairs |= {"image_size": (new.image_size, old.image_size)}
    return ", ".join(f"{name} is {here} here, {there} there" for name, (here, there) in pairs.items() if here != there)
