"""What cannot be trained is refused."""

import dataclasses

import pytest

from chestgan.base.errors import UserError
from chestgan.gan import presets, training_set


def settings(preset: str = "covidgan", **changes) -> presets.GanSettings:
    small = {"generator_width": 32, "discriminator_width": 4, "batch_size": 8, "latent_dim": 8, "latent_std": 1.0}
    return dataclasses.replace(presets.PRESETS[preset], **small | changes)


@pytest.mark.parametrize(
    ("changes", "n_classes", "image_size", "processes", "message"),
    [
        ({"conditioning": "projection"}, 1, 64, 1, "conditioning is 'projection', but there is 1 class"),
        ({"conditioning": "ac"}, 1, 64, 1, "expected per_class, or 2 classes or more"),
        ({}, 2, 100, 1, "image_size is 100; expected 4, 5, 6, 7 doubled at least 3 times"),
        ({"architecture": "covidgan"}, 2, 100, 1, "image_size is 100; expected a multiple of 16 from 32 on"),
        (
            {"architecture": "covidgan", "growth_kimg": 48.0},
            *(2, 112, 1),
            "growth_kimg is 48, .* smaller images, and there image_size is 56; expected a multiple of 16",
        ),
        ({}, 2, 64, 3, "batch_size is 8; expected a multiple of the 3 processes"),
        ({}, 3, 64, 2, "leaves each at least two images of each of the 3 classes"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes, n_classes, image_size, processes, message) -> None:
    with pytest.raises(UserError, match=message):
        training_set.check(settings("strong", **changes), n_classes, image_size, processes)


def test_separate_training_takes_one_class() -> None:
    training_set.check(settings("strong", conditioning="per_class"), 1, 64, 1)
