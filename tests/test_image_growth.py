"""bench/images.py measures the stages on images that are as different as real ones."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import images as growth
from chestgan.data import duplicates, framing
from chestgan.gan import presets, training_set
from chestgan.images import image_set


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("growth")
    growth.make_images(folder / "data", 240)
    return folder


def test_no_two_images_are_one_picture(made: Path) -> None:
    table = pd.read_csv(made / "data" / "metadata.csv")
    assert table["file"].is_unique
    pictures = [np.asarray(Image.open(made / "data" / file)) for file in table["file"]]
    assert pictures[0].shape == (64, 64)
    thumbnails = np.stack([framing.thumbnail(picture) for picture in pictures])
    assert duplicates.find(np.arange(240).astype(str), thumbnails).empty


def test_a_stage_is_run_on_them_and_measured(made: Path) -> None:
    wall, processor, n_bytes = growth.measured(growth.stage_words(growth.STAGES["split"], made))
    assert wall > 0
    assert processor > 0
    assert n_bytes > 10**8
    images = image_set.read(made / "split")
    assert len(images) == 240
    assert images.images.shape[1] == growth.IMAGE_SIZE


def test_a_split_that_is_made_without_the_stage_can_be_trained_on(tmp_path: Path) -> None:
    growth.make_split(tmp_path / "split", 150)
    settings = presets.PRESETS["strong"]
    data = training_set.read(tmp_path / "split", settings, 1)
    assert (len(data.train), len(data.validation), data.image_size) == (96, 24, growth.IMAGE_SIZE)


def test_a_stage_that_fails_is_told() -> None:
    with pytest.raises(RuntimeError, match="ended with 3:\nno luck"):
        growth.measured([sys.executable, "-c", "import sys; sys.stderr.write('no luck'); sys.exit(3)"])
