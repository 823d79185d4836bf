"""One seed is one latent and one image, whatever is sampled beside it."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from chestgan.gan import presets, sampling
from chestgan.gan.networks.build import build_generator

SETTINGS = dataclasses.replace(
    presets.PRESETS["covidgan"], generator_width=32, latent_dim=8, latent_std=0.5, channels=3
)
LATENTS = SETTINGS.latents_of(32)


class Recorder(nn.Module):
    """A generator whose image is the sum of its latent and its label, and that notes what it was asked and made."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.asked: list[tuple[Tensor, Tensor]] = []
        self.made: list[Tensor] = []

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        self.asked.append((latents, labels))
        shades = self.scale * (latents[:, 0] + labels) / 127.5 - 1
        self.made.append(shades)
        return shades.view(-1, 1, 1, 1).expand(-1, 1, 4, 4)


def counted(n_images: int) -> Tensor:
    return torch.arange(float(n_images)).view(-1, 1)


def test_a_latent_is_numpys_normal_numbers_of_its_stream_and_seed() -> None:
    latents = sampling.latents(np.array([3, 12]), 7, LATENTS)
    expected = [0.5 * np.random.default_rng((7, seed)).standard_normal(8) for seed in (3, 12)]
    assert latents.dtype == torch.float32
    np.testing.assert_array_equal(latents.numpy(), np.float32(expected))


def test_a_latent_depends_on_its_seed_and_stream_alone() -> None:
    seeds = np.array([5, 9, 5])
    latents = sampling.latents(seeds, 0, LATENTS)
    assert torch.equal(latents[0], latents[2])
    assert not torch.equal(latents[0], latents[1])
    assert torch.equal(sampling.latents(seeds[1:2], 0, LATENTS)[0], latents[1])
    assert not torch.isin(sampling.latents(seeds, 1, LATENTS), latents).any()


def test_latents_have_the_standard_deviation_of_the_settings() -> None:
    latents = sampling.latents(np.arange(1000), 0, LATENTS)
    # three standard errors of 8,000 numbers
    assert latents.std().item() == pytest.approx(0.5, abs=3 * 0.5 / 16000**0.5)
    assert latents.mean().item() == pytest.approx(0, abs=3 * 0.5 / 8000**0.5)


@pytest.mark.parametrize("n_images", [1, 31, 32, 33, 70])
def test_images_come_in_the_order_of_their_latents_and_labels(n_images: int) -> None:
    images = sampling.sample_images(Recorder(), counted(n_images), torch.arange(n_images) % 3)
    assert (images.shape, images.dtype) == ((n_images, 4, 4), np.uint8)
    assert images[:, 2, 1].tolist() == [i + i % 3 for i in range(n_images)]


@pytest.mark.parametrize(("n_images", "chunks"), [(1, 1), (32, 1), (33, 2), (70, 3)])
def test_the_generator_is_always_asked_for_a_whole_chunk(n_images: int, chunks: int) -> None:
    recorder = Recorder()
    sampling.sample_images(recorder, counted(n_images), torch.zeros(n_images, dtype=torch.int64))
    assert [len(latents) for latents, _ in recorder.asked] == [sampling.CHUNK] * chunks
    assert [len(labels) for _, labels in recorder.asked] == [sampling.CHUNK] * chunks
    # only latents that were given fill the last one up
    assert set(recorder.asked[-1][0].flatten().tolist()) <= set(range(n_images))


def test_an_image_is_the_same_bits_whatever_is_sampled_beside_it() -> None:
    torch.manual_seed(0)
    generator = build_generator(SETTINGS, 2, 32).eval()
    latents, labels = sampling.latents(np.arange(40), 0, LATENTS), torch.arange(40) % 2
    images = sampling.sample_images(generator, latents, labels)
    np.testing.assert_array_equal(sampling.sample_images(generator, latents[:33], labels[:33]), images[:33])
    np.testing.assert_array_equal(sampling.sample_images(generator, latents[7:8], labels[7:8])[0], images[7])


def test_sampling_leaves_no_gradient_behind() -> None:
    recorder = Recorder()
    sampling.sample_images(recorder, counted(3), torch.zeros(3, dtype=torch.int64))
    assert recorder.scale.requires_grad
    assert not any(made.requires_grad for made in recorder.made)
