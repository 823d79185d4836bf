"""The files of a running start: the generator that a training begins from, and what its own training left beside it."""

from pathlib import Path

# beside a generator: the images that its training has seen, which name its patients
SEEN = "images_seen.csv"


def discriminator_beside(generator: Path) -> Path | None:
    """Name the discriminator that belongs to a generator file; None where the file's name doesn't say."""
    name = generator.name.replace("generator", "discriminator", 1)
    return None if name == generator.name else generator.with_name(name)


def networks_of(generator: Path) -> list[Path]:
    """List the networks of a running start: the generator, and its discriminator where it is there."""
    beside = discriminator_beside(generator)
    return [generator, *([beside] if beside and beside.is_file() else [])]


def files_of(generator: Path) -> list[Path]:
    """List the files of a running start that are there: its networks, and the images that it has seen."""
    return [path for path in (*networks_of(generator), generator.with_name(SEEN)) if path.is_file()]
