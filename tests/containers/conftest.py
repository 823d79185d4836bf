"""The image, built once for all tests here."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import podman


@pytest.fixture(scope="session")
def image() -> str:
    """Build the image with Podman and give its digest."""
    podman.require()
    return podman.build()


@pytest.fixture(scope="session")
def in_image(image: str) -> Callable:
    """Give a function that runs a command in the image as any user, with nothing allowed that it doesn't need."""

    def run(*command: object, options: tuple = ()):
        limits = ["--network", "none", "--read-only", "--tmpfs", "/tmp", "--user", "12345:12345"]
        limits += ["--cap-drop", "all", "--security-opt", "no-new-privileges"]
        return podman.run("podman", "run", "--rm", *limits, *options, image, *command)

    return run


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """Give a folder that other users can enter, which pytest's own they can't, and let them write in what is made."""
    mask = os.umask(0)
    folder = Path(tempfile.mkdtemp(prefix="chestgan-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    os.umask(mask)
    shutil.rmtree(folder, ignore_errors=True)
