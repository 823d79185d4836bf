"""The image, built once for all tests here."""

from collections.abc import Callable

import pytest

import podman


@pytest.fixture(scope="session")
def image() -> str:
    """Build the image with Podman and give its digest."""
    podman.require()
    return podman.build()


@pytest.fixture(scope="session")
def in_image(image: str) -> Callable:
    """Give a function that runs a command in the image, without a network, as another user, where all is read-only."""

    def run(*command: object, options: tuple = ()):
        limits = ["--network", "none", "--read-only", "--tmpfs", "/tmp", "--user", "12345:12345"]
        return podman.run("podman", "run", "--rm", *limits, *options, image, *command)

    return run
