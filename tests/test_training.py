"""Batches, the step and the average: the same whatever the number of processes, and really learning."""

import dataclasses

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from chestgan import networks, presets, training

N_IMAGES = 31
CLASS_ROWS = [np.arange(0, 20), np.arange(20, N_IMAGES)]


@pytest.fixture(scope="module")
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


def settings(preset: str = "covidgan", **changes) -> presets.GanSettings:
    small = {"generator_width": 32, "discriminator_width": 4, "batch_size": 8, "latent_dim": 8, "latent_std": 1.0}
    return dataclasses.replace(presets.PRESETS[preset], **small | changes)


def images() -> torch.Tensor:
    """Give images that know their row: its number is their grey level."""
    return torch.arange(N_IMAGES, dtype=torch.uint8).reshape(-1, 1, 1).expand(-1, 32, 32)


def rows_of(batch: training.Batch) -> list[int]:
    return networks.to_grey(batch.real_images)[:, 0, 0].tolist()


def test_processes_share_one_global_batch() -> None:
    whole = training.draw_batch(images(), CLASS_ROWS, settings(), seed=3, step=5, rank=0, n_ranks=1)
    halves = [training.draw_batch(images(), CLASS_ROWS, settings(), 3, 5, rank, 2) for rank in range(2)]
    for field in ("real_images", "labels", "latents"):
        together = torch.cat([getattr(half, field) for half in halves])
        assert torch.equal(together, getattr(whole, field)), field


def test_classes_have_equal_parts_and_the_labels_are_those_of_the_images() -> None:
    for step in range(10):
        batch = training.draw_batch(images(), CLASS_ROWS, settings(), 0, step, 0, 1)
        assert batch.labels.bincount().tolist() == [4, 4]
        assert [int(row in CLASS_ROWS[1]) for row in rows_of(batch)] == batch.labels.tolist()


def test_every_image_of_a_class_is_shown_once_an_epoch() -> None:
    shown = [
        row
        for step in range(5)
        for row in rows_of(training.draw_batch(images(), CLASS_ROWS, settings(), 0, step, 0, 1))
    ]
    first_class = [row for row in shown if row in CLASS_ROWS[0]]
    assert sorted(first_class) == CLASS_ROWS[0].tolist()
    second_class = [row for row in shown if row not in CLASS_ROWS[0]]
    assert sorted(second_class[:11]) == CLASS_ROWS[1].tolist()


def test_steps_and_seeds_draw_different_batches() -> None:
    drawn = {
        tuple(training.draw_batch(images(), CLASS_ROWS, settings(), seed, step, 0, 1).latents.flatten().tolist())
        for seed in range(3)
        for step in range(3)
    }
    assert len(drawn) == 9


def test_latents_have_the_standard_deviation_that_was_asked_for() -> None:
    gan = settings(batch_size=512, latent_dim=64, latent_std=0.02)
    latents = training.draw_batch(images(), CLASS_ROWS, gan, 0, 0, 0, 1).latents
    assert latents.std().item() == pytest.approx(0.02, rel=0.02)
    assert latents.mean().item() == pytest.approx(0.0, abs=5e-4)


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_a_step_changes_both_networks_and_leaves_no_gradient_behind(preset: str, accelerator: Accelerator) -> None:
    gan = training.build(settings(preset), 2, 32, seed=0, accelerator=accelerator)
    before = {
        name: [parameter.clone() for parameter in getattr(gan, name).parameters()]
        for name in ("generator", "discriminator")
    }
    batch = training.draw_batch(images(), CLASS_ROWS, settings(preset), 0, 0, 0, 1)
    step_losses = training.train_step(gan, batch, 1.0, accelerator)
    assert step_losses.shape == (len(training.LOSSES),)
    assert not step_losses.requires_grad
    for name, parameters in before.items():
        moved = [not torch.equal(*pair) for pair in zip(parameters, getattr(gan, name).parameters(), strict=True)]
        assert all(moved), name


def test_the_discriminator_learns_to_tell_real_from_fake(accelerator: Accelerator) -> None:
    gan_settings = settings(discriminator_learning_rate=1e-3, generator_learning_rate=1e-7)
    gan = training.build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    torch.manual_seed(0)
    seen = [
        training.train_step(
            gan, training.draw_batch(images(), CLASS_ROWS, gan_settings, 0, step, 0, 1), 1.0, accelerator
        )
        for step in range(40)
    ]
    source_losses = torch.stack(seen)[:, training.LOSSES.index("discriminator_source")]
    assert source_losses[-10:].mean() < 0.6 * source_losses[:3].mean()


def test_average_forgets_by_half_in_a_half_life(accelerator: Accelerator) -> None:
    gan_settings = settings(ema_kimg=0.08)  # ten steps of 8 images
    gan = training.build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    late = 10_000  # where the ramp has ended
    parameters = list(gan.generator.parameters())
    with torch.no_grad():
        parameters[0].fill_(1.0)
    training.update_average(gan, gan.generator, late, gan_settings)
    with torch.no_grad():
        parameters[0].fill_(0.0)
    for step in range(10):
        training.update_average(gan, gan.generator, late + step, gan_settings)
    averaged = next(gan.averaged.module.parameters())
    assert averaged.mean().item() == pytest.approx(0.5, rel=1e-4)


def test_same_seed_same_weights_and_another_seed_others(accelerator: Accelerator) -> None:
    first, again, other = (
        training.build(settings(), 2, 32, seed=seed, accelerator=accelerator).generator.state_dict()
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["dense.weight"], other["dense.weight"])
