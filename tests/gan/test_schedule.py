"""The sizes that a training's images have in turn."""

import pytest

from chestgan.gan import schedule
from chestgan.gan.schedule import Stage


def stages_of(image_size: int, **changes: float) -> list[Stage]:
    settings = {"kimg": 100.0, "growth_kimg": 10.0, "batch_size": 8} | changes
    return schedule.stages(image_size, **settings)


@pytest.mark.parametrize(
    ("image_size", "sizes"),
    [
        (32, [32]),
        (56, [56]),
        (64, [32, 64]),
        (112, [56, 112]),
        (128, [32, 64, 128]),
        (160, [40, 80, 160]),
        (256, [32, 64, 128, 256]),
        # no half of it has whole pixels
        (135, [135]),
    ],
)
def test_sizes_are_halved_down_to_32_pixels(image_size: int, sizes: list[int]) -> None:
    assert stages_of(image_size) == [Stage(size, 1250 * number) for number, size in enumerate(sizes)]


def test_without_growth_there_is_one_size() -> None:
    assert stages_of(128, growth_kimg=0.0) == [Stage(128, 0)]


def test_a_short_training_has_half_of_its_images_at_their_own_size() -> None:
    assert stages_of(128, kimg=4.0) == [Stage(32, 0), Stage(64, 125), Stage(128, 250)]
    # one step alone is of whole images
    assert schedule.stage_of(stages_of(128, kimg=0.008), 0).image_size == 128


def test_a_step_belongs_to_the_last_stage_that_has_begun() -> None:
    stages = [Stage(32, 0), Stage(64, 10), Stage(128, 20)]
    found = [schedule.stage_of(stages, step).image_size for step in (0, 9, 10, 19, 20, 1000)]
    assert found == [32, 32, 64, 64, 128, 128]


def test_work_counts_the_pixels_of_each_step() -> None:
    stages = [Stage(2, 0), Stage(4, 10), Stage(8, 20)]
    sides = [schedule.stage_of(stages, step).image_size for step in range(30)]
    for n_steps in range(31):
        assert schedule.work(stages, n_steps) == sum(side**2 for side in sides[:n_steps])
