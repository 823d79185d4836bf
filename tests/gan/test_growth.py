"""The sizes that a training's images have in turn, and the networks that go from one to the next."""

import dataclasses

import pytest
import torch
from accelerate import Accelerator

from chestgan.gan import growth, presets
from chestgan.gan.growth import Stage
from chestgan.gan.kinds import KINDS

SMALL = {
    "strong": {"generator_width": 48, "discriminator_width": 4, "latent_dim": 8},
    "diffusion": {"generator_width": 16, "sampling_steps": 2},
}


def settings(preset: str = "strong", **changes) -> presets.TrainingSettings:
    changes = SMALL[preset] | {"batch_size": 8, "kimg": 100.0, "growth_kimg": 10.0, "mixed_precision": "no"} | changes
    return dataclasses.replace(presets.PRESETS[preset], **changes)


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
    stages = growth.stages(settings(), image_size)
    assert stages == [Stage(size, 1250 * number) for number, size in enumerate(sizes)]


def test_without_growth_there_is_one_size() -> None:
    assert growth.stages(settings(growth_kimg=0.0), 128) == [Stage(128, 0)]


def test_a_short_training_has_half_of_its_images_at_their_own_size() -> None:
    assert growth.stages(settings(kimg=4.0), 128) == [Stage(32, 0), Stage(64, 125), Stage(128, 250)]
    # one step alone is of whole images
    assert growth.stage_of(growth.stages(settings(kimg=0.008), 128), 0).image_size == 128


def test_a_step_belongs_to_the_last_stage_that_has_begun() -> None:
    stages = [Stage(32, 0), Stage(64, 10), Stage(128, 20)]
    found = [growth.stage_of(stages, step).image_size for step in (0, 9, 10, 19, 20, 1000)]
    assert found == [32, 32, 64, 64, 128, 128]


def test_work_counts_the_pixels_of_each_step() -> None:
    stages = [Stage(2, 0), Stage(4, 10), Stage(8, 20)]
    sides = [growth.stage_of(stages, step).image_size for step in range(30)]
    for n_steps in range(31):
        assert growth.work(stages, n_steps) == sum(side**2 for side in sides[:n_steps])


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_small_images_have_the_means_of_squares(factor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "_CHUNK", 2)
    images = torch.randint(0, 256, (5, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    small = growth.shrink(images, 8 // factor)
    side = 8 // factor
    expected = images.double().reshape(5, side, factor, side, factor).mean((2, 4)).round()
    assert small.dtype == torch.uint8
    assert torch.equal(small.double(), expected)


@pytest.mark.parametrize("preset", ["strong", "diffusion"])
@pytest.mark.parametrize("ema_kimg", [0.0, 0.05])
def test_networks_that_grow_keep_what_they_share(preset: str, ema_kimg: float) -> None:
    accelerator = Accelerator(cpu=True)
    kind, of = KINDS[settings(preset).kind], settings(preset, ema_kimg=ema_kimg)
    small = kind.build(of, 2, 32, 0, accelerator)
    parts = kind.stateful_parts(small, accelerator)
    with torch.no_grad():
        for name in parts.keys() & {"generator", "ema", "discriminator"}:
            for weight in parts[name].parameters():
                weight.fill_({"generator": 0.25, "ema": 0.5, "discriminator": 0.75}[name])
    grown = growth.grow(small, of, ["covid", "normal"], (32, 64), 0, accelerator)
    fresh = kind.build(of, 2, 64, 0, accelerator)
    after, anew = (kind.stateful_parts(model, accelerator) for model in (grown, fresh))
    taken = {"generator": 0.5 if ema_kimg else 0.25, "ema": 0.5, "discriminator": 0.75}
    for name in after.keys() & taken.keys():
        pairs = list(zip(after[name].parameters(), anew[name].parameters(), strict=True))
        is_taken = [bool((weight == taken[name]).all()) for weight, _ in pairs]
        assert sum(is_taken) > len(pairs) / 2, name
        # all else begins as networks of that size begin
        assert all(torch.equal(*pair) for pair, shared in zip(pairs, is_taken, strict=True) if not shared), name
        assert not all(is_taken), name
    assert not after["generator_optimiser"].state_dict()["state"]
