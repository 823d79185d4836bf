"""Batches, the step and the average: the same whatever the number of processes, and really learning."""

import dataclasses

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch.utils._python_dispatch import TorchDispatchMode

from chestgan.gan import diffusion_step, presets
from chestgan.gan.batches import make_batch, make_noisy_batch
from chestgan.gan.ema import update_ema
from chestgan.gan.step import LOSSES, build, sampling_generator, train_step
from chestgan.images import augmentation

GANS = [name for name, settings in presets.PRESETS.items() if settings.kind == "gan"]
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


@pytest.mark.parametrize("preset", GANS)
def test_a_step_changes_both_networks_and_leaves_no_gradient_behind(preset: str, accelerator: Accelerator) -> None:
    # the hinge moves no offset while every image lies within its margin
    gan_settings = settings(preset, source_loss="logistic")
    gan = build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    before = {
        name: [parameter.clone() for parameter in getattr(gan, name).parameters()]
        for name in ("generator", "discriminator")
    }
    batch = make_batch(images(), CLASS_ROWS, gan_settings, 0, 0, 0, 1)
    step_losses = train_step(gan, batch, gan_settings, 0, accelerator)
    assert step_losses.shape == (len(LOSSES),)
    assert not step_losses.requires_grad
    for name, parameters in before.items():
        moved = [not torch.equal(*pair) for pair in zip(parameters, getattr(gan, name).parameters(), strict=True)]
        assert all(moved), name


def test_the_discriminator_learns_to_tell_real_from_fake(accelerator: Accelerator) -> None:
    gan_settings = settings(discriminator_learning_rate=1e-3, generator_learning_rate=1e-7)
    gan = build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    torch.manual_seed(0)
    seen = [
        train_step(
            gan,
            make_batch(images(), CLASS_ROWS, gan_settings, 0, step, 0, 1),
            gan_settings,
            step,
            accelerator,
        )
        for step in range(40)
    ]
    source_losses = torch.stack(seen)[:, LOSSES.index("discriminator_source")]
    assert source_losses[-10:].mean() < 0.6 * source_losses[:3].mean()


def test_average_forgets_by_half_in_a_half_life(accelerator: Accelerator) -> None:
    gan_settings = settings(ema_kimg=0.08)  # ten steps of 8 images
    gan = build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    late = 10_000  # where the ramp has ended
    with torch.no_grad():
        next(gan.ema.parameters()).fill_(1.0)
        next(gan.generator.parameters()).fill_(0.0)
    for step in range(10):
        update_ema(gan.ema, gan.generator, late + step, gan_settings)
    averaged = next(gan.ema.parameters())
    assert averaged.mean().item() == pytest.approx(0.5, rel=1e-4)


def test_same_seed_same_weights_and_another_seed_others(accelerator: Accelerator) -> None:
    first, again, other = (
        build(settings(), 2, 32, seed=seed, accelerator=accelerator).generator.state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["dense.weight"], other["dense.weight"])


def test_the_averaged_generator_has_the_statistics_of_its_own_features(accelerator: Accelerator) -> None:
    gan_settings = settings("strong", ema_kimg=1.0)
    gan = build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    with torch.no_grad():
        for parameter in gan.ema.parameters():
            parameter.mul_(2)
    seen = []
    last = gan.ema.normalise
    hook = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].transpose(0, 1).flatten(1)))
    drawing = sampling_generator(gan, gan_settings, 2, accelerator)
    hook.remove()
    assert drawing is gan.ema
    assert not drawing.training
    features = torch.stack(seen)
    assert features.shape[0] > 1
    torch.testing.assert_close(last.running_mean, features.mean((0, 2)), rtol=1e-4, atol=1e-6)
    # a batch's own variance, the mean over the batches
    torch.testing.assert_close(last.running_var, features.var(2).mean(0), rtol=1e-4, atol=0)
    before = {name: value.clone() for name, value in drawing.state_dict().items()}
    again = sampling_generator(gan, gan_settings, 2, accelerator).state_dict()
    assert all(torch.equal(again[name], before[name]) for name in before)


def test_both_see_the_same_augmented_fakes(accelerator: Accelerator, monkeypatch) -> None:
    gan_settings = settings("strong")
    gan = build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    batch = make_batch(images(), CLASS_ROWS, gan_settings, 0, 0, 0, 1)
    shown = []
    gan.discriminator.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach().clone()))
    train_step(gan, batch, gan_settings, 0, accelerator)
    real, fake, judged = shown
    torch.testing.assert_close(real, augmentation.augment(batch.real_images, batch.real_augmentation))
    assert torch.equal(fake, judged)
    assert not torch.equal(batch.real_augmentation, batch.fake_augmentation)


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
    gan = build(gan_settings, 2, 32, seed=0, accelerator=accelerator)
    # accelerate keeps to one precision a process
    with Waits() as waits, torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        for step in range(2):
            batch = make_batch(images(), CLASS_ROWS, gan_settings, 0, step, 0, 1)
            train_step(gan, batch, gan_settings, step, accelerator)
            update_ema(gan.ema, gan.generator, step + 1, gan_settings)
    assert waits.names == []


def test_a_step_of_a_diffusion_model_waits_for_nothing(accelerator: Accelerator) -> None:
    small = dataclasses.replace(presets.PRESETS["diffusion"], generator_width=16, batch_size=8, ema_kimg=1.0)
    diffusion = diffusion_step.build(small, 2, 32, seed=0, accelerator=accelerator)
    with Waits() as waits:
        for step in range(2):
            batch = make_noisy_batch(images(), CLASS_ROWS, small, 0, step, 0, 1)
            diffusion_step.train_step(diffusion, batch, small, step, accelerator)
            update_ema(diffusion.ema, diffusion.generator, step + 1, small)
    assert waits.names == []
