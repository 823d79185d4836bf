"""Batches, the step and the average: the same whatever the number of processes, and really learning."""

import dataclasses

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch.utils._python_dispatch import TorchDispatchMode

from chestgan import augmentation, pixels, presets, training
from chestgan.errors import UserError

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
    return pixels.to_grey(batch.real_images)[:, 0, 0].tolist()


def test_processes_share_one_global_batch() -> None:
    whole = training.draw_batch(images(), CLASS_ROWS, settings(), seed=3, step=5, rank=0, n_ranks=1)
    halves = [training.draw_batch(images(), CLASS_ROWS, settings(), 3, 5, rank, 2) for rank in range(2)]
    for field in ("real_images", "labels", "latents", "real_draws", "fake_draws"):
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
    # the hinge moves no offset while every image lies within its margin
    gan_settings = settings(preset, source_loss="logistic")
    gan = training.build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    before = {
        name: [parameter.clone() for parameter in getattr(gan, name).parameters()]
        for name in ("generator", "discriminator")
    }
    batch = training.draw_batch(images(), CLASS_ROWS, gan_settings, 0, 0, 0, 1)
    step_losses = training.train_step(gan, batch, gan_settings, 0, accelerator)
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
            gan,
            training.draw_batch(images(), CLASS_ROWS, gan_settings, 0, step, 0, 1),
            gan_settings,
            step,
            accelerator,
        )
        for step in range(40)
    ]
    source_losses = torch.stack(seen)[:, training.LOSSES.index("discriminator_source")]
    assert source_losses[-10:].mean() < 0.6 * source_losses[:3].mean()


def test_average_forgets_by_half_in_a_half_life(accelerator: Accelerator) -> None:
    gan_settings = settings(ema_kimg=0.08)  # ten steps of 8 images
    gan = training.build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    late = 10_000  # where the ramp has ended
    with torch.no_grad():
        next(gan.averaged.parameters()).fill_(1.0)
        next(gan.generator.parameters()).fill_(0.0)
    for step in range(10):
        training.update_average(gan, gan.generator, late + step, gan_settings)
    averaged = next(gan.averaged.parameters())
    assert averaged.mean().item() == pytest.approx(0.5, rel=1e-4)


def test_same_seed_same_weights_and_another_seed_others(accelerator: Accelerator) -> None:
    first, again, other = (
        training.build(settings(), 2, 32, seed=seed, accelerator=accelerator).generator.state_dict()
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["dense.weight"], other["dense.weight"])


def test_the_averaged_generator_has_the_statistics_of_its_own_features(accelerator: Accelerator) -> None:
    gan_settings = settings("strong", ema_kimg=1.0)
    gan = training.build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    with torch.no_grad():
        for parameter in gan.averaged.parameters():
            parameter.mul_(2)
    seen = []
    last = gan.averaged.normalise
    hook = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].transpose(0, 1).flatten(1)))
    drawing = training.drawing_generator(gan, gan_settings, 2, accelerator)
    hook.remove()
    assert drawing is gan.averaged
    assert not drawing.training
    features = torch.stack(seen)
    assert features.shape[0] > 1
    torch.testing.assert_close(last.running_mean, features.mean((0, 2)), rtol=1e-4, atol=1e-6)
    # a batch's own variance, the mean over the batches
    torch.testing.assert_close(last.running_var, features.var(2).mean(0), rtol=1e-4, atol=0)
    before = {name: value.clone() for name, value in drawing.state_dict().items()}
    again = training.drawing_generator(gan, gan_settings, 2, accelerator).state_dict()
    assert all(torch.equal(again[name], before[name]) for name in before)


def test_both_see_the_same_augmented_fakes(accelerator: Accelerator, monkeypatch) -> None:
    gan_settings = settings("strong")
    gan = training.build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    batch = training.draw_batch(images(), CLASS_ROWS, gan_settings, 0, 0, 0, 1)
    shown = []
    gan.discriminator.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach().clone()))
    training.train_step(gan, batch, gan_settings, 0, accelerator)
    real, fake, judged = shown
    torch.testing.assert_close(real, augmentation.augment(batch.real_images, batch.real_draws))
    assert torch.equal(fake, judged)
    assert not torch.equal(batch.real_draws, batch.fake_draws)


def test_classes_count_little_at_first_and_then_in_full(accelerator: Accelerator) -> None:
    gan_settings = dataclasses.replace(presets.PRESETS["strong"], class_weight=0.8, class_ramp_kimg=20.0)
    weights = [gan_settings.class_weight_at(kimg) for kimg in (0, 5, 20, 100)]
    assert weights == pytest.approx([0, 0.2, 0.8, 0.8])
    assert dataclasses.replace(gan_settings, class_ramp_kimg=0.0).class_weight_at(0) == 0.8


class Waits(TorchDispatchMode):
    """Count the calls for which a GPU must be waited for: numbers and shapes that the host needs to know."""

    NAMES = ("_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select", "_unique2")

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        name = function.overloadpacket.__name__
        by_mask = name in ("index", "index_put_") and any(
            place is not None and place.dtype == torch.bool for place in arguments[1]
        )
        if name in self.NAMES or by_mask:
            self.names.append(name)
        return function(*arguments, **(named or {}))


def test_waits_are_noticed() -> None:
    numbers = torch.ones(2)
    calls = [
        lambda: numbers.sum().item(),
        lambda: bool(numbers[0] > 0),
        lambda: numbers[numbers > 0],
        lambda: (numbers > 0).nonzero(),
        lambda: torch.equal(numbers, numbers),
        lambda: numbers.unique(),
    ]
    for call in calls:
        with Waits() as waits:
            call()
        assert len(waits.names) == 1


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("conditioning", ["ac", "adc", "d2dce", "projection"])
@pytest.mark.parametrize("preset", ["covidgan", "strong"])
def test_a_step_waits_for_nothing(preset: str, conditioning: str, mixed: bool, accelerator: Accelerator) -> None:
    gan_settings = settings(preset, conditioning=conditioning, spectral_norm=True, ema_kimg=1.0)
    gan = training.build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    # accelerate keeps to one precision a process
    with Waits() as waits, torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        for step in range(2):
            batch = training.draw_batch(images(), CLASS_ROWS, gan_settings, 0, step, 0, 1)
            training.train_step(gan, batch, gan_settings, step, accelerator)
            training.update_average(gan, gan.generator, step + 1, gan_settings)
    assert waits.names == []


@pytest.mark.parametrize(
    ("changes", "n_classes", "image_size", "processes", "message"),
    [
        ({"conditioning": "projection"}, 1, 64, 1, "conditioning is 'projection', but there is 1 class"),
        ({"conditioning": "ac"}, 1, 64, 1, "expected separate, or 2 classes or more"),
        ({}, 2, 100, 1, "image_size is 100; expected 4, 5, 6, 7 doubled at least 3 times"),
        ({"architecture": "covidgan"}, 2, 100, 1, "image_size is 100; expected a multiple of 16 from 32 on"),
        ({}, 2, 64, 3, "batch_size is 8; expected a multiple of the 3 processes"),
        ({}, 3, 64, 2, "leaves each at least two images of each of the 3 classes"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes, n_classes, image_size, processes, message) -> None:
    with pytest.raises(UserError, match=message):
        training.check(settings("strong", **changes), n_classes, image_size, processes)


def test_separate_training_takes_one_class() -> None:
    training.check(settings("strong", conditioning="separate"), 1, 64, 1)
