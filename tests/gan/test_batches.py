"""Batches: the same whatever the number of processes, every image of a class once an epoch."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from chestgan.gan import presets
from chestgan.gan.batches import Batch, make_batch, make_noisy_batch
from chestgan.images import pixels

N_IMAGES = 31
CLASS_ROWS = [np.arange(0, 20), np.arange(20, N_IMAGES)]
FIELDS = [field.name for field in dataclasses.fields(Batch)]


def settings(preset: str = "covidgan", **changes) -> presets.GanSettings:
    small = {"generator_width": 32, "discriminator_width": 4, "batch_size": 8, "latent_dim": 8, "latent_std": 1.0}
    return dataclasses.replace(presets.PRESETS[preset], **small | changes)


def images() -> torch.Tensor:
    """Give images that know their row: its number is their grey level."""
    return torch.arange(N_IMAGES, dtype=torch.uint8).reshape(-1, 1, 1).expand(-1, 32, 32)


def rows_of(batch: Batch) -> list[int]:
    return pixels.to_grey(batch.real_images)[:, 0, 0].tolist()


class Copies(TorchDispatchMode):
    """Note for each copy from one device to another whether the host waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[bool] = []

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        named = named or {}
        is_copy = function.overloadpacket.__name__ == "_to_copy" and "device" in named
        if is_copy and named["device"] != arguments[0].device:
            self.waits.append(not named.get("non_blocking"))
        return function(*arguments, **named)


def test_no_part_of_a_batch_waits_for_the_device() -> None:
    # the device meta stands for a GPU
    on_device, noisy = images().to("meta"), presets.PRESETS["diffusion"]
    with Copies() as copies:
        make_batch(on_device, CLASS_ROWS, settings("covidgan_paper"), 0, 0, 0, 1)
        make_noisy_batch(on_device, CLASS_ROWS, noisy, 0, 0, 0, 1)
    assert copies.waits == [False] * 12


@pytest.mark.parametrize("preset", ["covidgan", "covidgan_paper"])
def test_processes_share_one_global_batch(preset: str) -> None:
    whole = make_batch(images(), CLASS_ROWS, settings(preset), seed=3, step=5, rank=0, n_ranks=1)
    halves = [make_batch(images(), CLASS_ROWS, settings(preset), 3, 5, rank, 2) for rank in range(2)]
    for field in FIELDS:
        together = torch.cat([getattr(half, field) for half in halves])
        assert torch.equal(together, getattr(whole, field)), field


def test_classes_have_equal_parts_and_the_labels_are_those_of_the_images() -> None:
    for step in range(10):
        batch = make_batch(images(), CLASS_ROWS, settings(), 0, step, 0, 1)
        assert batch.labels.bincount().tolist() == [4, 4]
        assert [int(row in CLASS_ROWS[1]) for row in rows_of(batch)] == batch.labels.tolist()


def test_every_image_of_a_class_is_shown_once_an_epoch() -> None:
    shown = [row for step in range(5) for row in rows_of(make_batch(images(), CLASS_ROWS, settings(), 0, step, 0, 1))]
    first_class = [row for row in shown if row in CLASS_ROWS[0]]
    assert sorted(first_class) == CLASS_ROWS[0].tolist()
    second_class = [row for row in shown if row not in CLASS_ROWS[0]]
    assert sorted(second_class[:11]) == CLASS_ROWS[1].tolist()


def test_out_of_balance_every_image_is_shown_once_an_epoch_with_its_label() -> None:
    gan = settings(balanced=False)
    batches = [make_batch(images(), CLASS_ROWS, gan, 0, step, 0, 1) for step in range(4)]
    shown = [row for batch in batches for row in rows_of(batch)]
    assert sorted(shown[:N_IMAGES]) == list(range(N_IMAGES))
    assert shown[:N_IMAGES] != sorted(shown[:N_IMAGES])
    labels = [label for batch in batches for label in batch.labels.tolist()]
    assert labels == [int(row in CLASS_ROWS[1]) for row in shown]
    assert {batch.labels.sum().item() for batch in batches} != {4}


def test_both_steps_have_the_same_fakes_of_the_real_images_classes() -> None:
    batch = make_batch(images(), CLASS_ROWS, settings(balanced=False), 0, 0, 0, 1)
    assert torch.equal(batch.fake_labels, batch.labels)
    assert torch.equal(batch.generator_labels, batch.labels)
    assert torch.equal(batch.generator_latents, batch.latents)


def test_separate_fakes_have_latents_and_random_classes_of_their_own() -> None:
    gan = settings(separate_fakes=True, batch_size=512)
    batch, shared = (make_batch(images(), CLASS_ROWS, one, 0, 0, 0, 1) for one in (gan, settings(batch_size=512)))
    classes = [batch.labels, batch.fake_labels, batch.generator_labels]
    for one, other in itertools.combinations(classes, 2):
        assert 0.4 < (one == other).float().mean() < 0.6
    assert batch.generator_latents.std().item() == pytest.approx(gan.latent_std, rel=0.05)
    assert not torch.isclose(batch.latents, batch.generator_latents).any(dim=1).all()
    # nothing else changes
    for field in ("real_images", "labels", "latents", "real_augmentation", "fake_augmentation"):
        assert torch.equal(getattr(batch, field), getattr(shared, field)), field


def test_steps_and_seeds_draw_different_batches() -> None:
    drawn = {
        tuple(make_batch(images(), CLASS_ROWS, settings(), seed, step, 0, 1).latents.flatten().tolist())
        for seed in range(3)
        for step in range(3)
    }
    assert len(drawn) == 9


def test_latents_have_the_standard_deviation_that_was_asked_for() -> None:
    gan = settings(batch_size=512, latent_dim=64, latent_std=0.02)
    latents = make_batch(images(), CLASS_ROWS, gan, 0, 0, 0, 1).latents
    assert latents.std().item() == pytest.approx(0.02, rel=0.02)
    assert latents.mean().item() == pytest.approx(0.0, abs=5e-4)
