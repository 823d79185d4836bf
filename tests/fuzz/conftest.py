"""Sound files for the tests of damage and outages, made once."""

from pathlib import Path

import pytest

import kills
import stock


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a stock in it."""
    folder = tmp_path_factory.mktemp("stocked")
    process = kills.fork(lambda: stock.make(folder / "stock") and 0, folder, folder / "log.txt")
    assert kills.wait(process) == 0, (folder / "log.txt").read_text()
    return folder
