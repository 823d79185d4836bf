"""The step of a diffusion model: its batches, that it really learns, and the generator that it makes."""

import dataclasses

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from chestgan.gan import edm, presets
from chestgan.gan.batches import NoisyBatch, make_noisy_batch
from chestgan.gan.diffusion_step import LOSSES, build, sampling_generator, stateful_parts, train_step
from chestgan.gan.ema import update_ema
from chestgan.gan.presets import DiffusionSettings

CLASS_ROWS = [np.arange(0, 20), np.arange(20, 31)]


@pytest.fixture(scope="module")
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


def settings(**changes) -> DiffusionSettings:
    small = {"generator_width": 16, "batch_size": 8, "sampling_steps": 4}
    return dataclasses.replace(presets.PRESETS["diffusion"], **small | changes)


def images() -> torch.Tensor:
    """Give dark images of the first class and bright ones of the second."""
    grey = torch.tensor([40] * 20 + [210] * 11, dtype=torch.uint8)
    return grey.reshape(-1, 1, 1).expand(-1, 32, 32)


def batch(step: int, rank: int = 0, n_ranks: int = 1, **changes) -> NoisyBatch:
    return make_noisy_batch(images(), CLASS_ROWS, settings(**changes), 3, step, rank, n_ranks)


def test_processes_share_one_global_batch() -> None:
    whole, halves = batch(5, channels=3), [batch(5, rank, 2, channels=3) for rank in range(2)]
    for field in dataclasses.fields(NoisyBatch):
        together = torch.cat([getattr(half, field.name) for half in halves])
        assert torch.equal(together, getattr(whole, field.name)), field.name
    assert not torch.equal(batch(6, channels=3).noise, whole.noise)


def test_noise_and_its_levels_are_normal() -> None:
    drawn = batch(0, batch_size=512)
    for numbers in (drawn.noise, drawn.levels):
        assert numbers.mean().abs() < 0.15
        assert numbers.std() == pytest.approx(1, abs=0.1)
    assert drawn.labels.bincount().tolist() == [256, 256]


def test_the_loss_of_halves_is_that_of_the_whole(accelerator: Accelerator) -> None:
    parts = [batch(0), batch(0, 0, 2), batch(0, 1, 2)]
    whole, *halves = (
        train_step(build(settings(), 2, 32, 0, accelerator), part, settings(), 0, accelerator) for part in parts
    )
    assert whole.shape == (len(LOSSES),)
    assert not whole.requires_grad
    torch.testing.assert_close(sum(halves) / 2, whole)


def test_a_step_moves_the_denoiser_and_the_average_follows(accelerator: Accelerator) -> None:
    diffusion = build(settings(), 2, 32, 0, accelerator)
    before = {name: weights.clone() for name, weights in diffusion.generator.state_dict().items()}
    for step in range(3):
        train_step(diffusion, batch(step), settings(), step, accelerator)
    moved = diffusion.generator.state_dict()
    # layers that begin as zero hold back the others' gradient at first
    assert [name for name in moved if torch.equal(moved[name], before[name])] == []
    update_ema(diffusion.ema, diffusion.generator, 3, settings())
    assert not torch.equal(diffusion.ema.network.to_image.weight, before["network.to_image.weight"])


def test_same_seed_same_weights(accelerator: Accelerator) -> None:
    first, again, other = (build(settings(), 2, 32, seed, accelerator).generator.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["network.from_image.weight"], other["network.from_image.weight"])


@pytest.mark.parametrize("ema_kimg", [0.0, 1.0])
def test_a_checkpoint_has_all_that_moves(ema_kimg: float, accelerator: Accelerator) -> None:
    diffusion = build(settings(ema_kimg=ema_kimg), 2, 32, 0, accelerator)
    parts = stateful_parts(diffusion, accelerator)
    assert set(parts) == {"generator", "generator_optimiser"} | ({"ema"} if ema_kimg else set())


def test_images_of_the_asked_class_are_drawn_after_a_training(accelerator: Accelerator) -> None:
    fast = settings(generator_learning_rate=3e-3, ema_kimg=0.0, batch_size=16, sampling_steps=8)
    diffusion = build(fast, 2, 32, 0, accelerator)
    for step in range(300):
        drawn = make_noisy_batch(images(), CLASS_ROWS, fast, 0, step, 0, 1)
        train_step(diffusion, drawn, fast, step, accelerator)
    generator = sampling_generator(diffusion, fast, 2, accelerator)
    latents = torch.randn(4, fast.latents_of(32).dim, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        drawn = generator(latents, torch.tensor([0, 0, 1, 1]))
    assert drawn.shape == (4, 1, 32, 32)
    assert drawn.abs().max() <= 1
    dark, bright = (2 * grey / 255 - 1 for grey in (40, 210))
    assert drawn[:2].mean().item() == pytest.approx(dark, abs=0.1)
    assert drawn[2:].mean().item() == pytest.approx(bright, abs=0.1)


def test_the_generator_samples_the_scaled_latents_through_the_denoiser(accelerator: Accelerator) -> None:
    diffusion = build(settings(ema_kimg=0.0), 2, 32, 0, accelerator)
    with torch.no_grad():
        diffusion.generator.network.to_image.bias.fill_(0.2)
    generator, latents, labels = (
        sampling_generator(diffusion, settings(), 2, accelerator),
        torch.randn(2, 32 * 32),
        torch.tensor([0, 1]),
    )
    denoise = lambda noisy, sigmas: diffusion.generator(noisy, sigmas, labels)  # noqa: E731
    with torch.inference_mode():
        expected = edm.sample(denoise, latents.view(2, 1, 32, 32), 4).clamp(-1, 1)
        assert torch.equal(generator(latents, labels), expected)
    assert expected.std() > 0
