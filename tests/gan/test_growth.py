"""Images that are made smaller, and the networks that go from one size to the next."""

import dataclasses

import pytest
import torch
from accelerate import Accelerator

from chestgan.gan import growth, presets
from chestgan.gan.kinds import KINDS

SMALL = {
    "strong": {"generator_width": 48, "discriminator_width": 4, "latent_dim": 8},
    "diffusion": {"generator_width": 16, "sampling_steps": 2},
}


def settings(preset: str = "strong", **changes) -> presets.TrainingSettings:
    changes = SMALL[preset] | {"batch_size": 8, "kimg": 100.0, "growth_kimg": 10.0, "mixed_precision": "no"} | changes
    return dataclasses.replace(presets.PRESETS[preset], **changes)


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
