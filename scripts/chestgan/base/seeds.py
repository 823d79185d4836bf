"""The seed in paths of the configuration: a folder or a file for each training."""

from pathlib import Path

# in a path it stands for the seed
SEED = "{seed}"


def in_path(path: Path | str, seed: int) -> Path:
    """Put a seed in its place in a path."""
    return Path(str(path).replace(SEED, str(seed)))
