"""A snapshot is judged by its kernel distance to the validation patients, and shown by the same latents every time."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from chestgan.gan import presets, sampling, snapshots
from chestgan.gan.networks.build import build_generator
from chestgan.gan.snapshots import Validation
from chestgan.images.image_set import ImageSet
from chestgan.metrics import efficientnet, frechet_kernel
from chestgan.metrics.extractor import Extractor

SETTINGS = dataclasses.replace(presets.PRESETS["covidgan"], generator_width=32, latent_dim=8, latent_std=1.0)
LATENTS = SETTINGS.latents_of(32)


def tile_means() -> Extractor:
    """Make an extractor whose features are the means of 2 × 2 tiles, in shares of white."""
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4, 4, bias=False))
    nn.init.eye_(network[2].weight)
    return Extractor("tiles", 4, "none", True, "means", network, lambda net, images: net(images[:, None] / 255))


@pytest.fixture
def extractor(monkeypatch: pytest.MonkeyPatch) -> Extractor:
    """Take the means of tiles for EfficientNet."""
    made = tile_means()
    monkeypatch.setattr(efficientnet, "load_extractor", lambda device: made)
    return made


@pytest.fixture
def images() -> ImageSet:
    random = np.random.default_rng(0)
    labels = ["normal", "covid", "covid", "normal", "variant", "covid", "covid"]
    return ImageSet(random.integers(0, 256, (7, 32, 32), dtype=np.uint8), pd.DataFrame({"label": labels}))


@pytest.fixture
def generator() -> nn.Module:
    torch.manual_seed(0)
    made = build_generator(SETTINGS, 3, 32).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3)
    return made


def means_of(images: np.ndarray) -> np.ndarray:
    """Average the 2 × 2 tiles of (N, 32, 32) images: (N, 4), in shares of white."""
    return images.reshape(-1, 2, 16, 2, 16).mean(axis=(2, 4)).reshape(-1, 4) / 255


def test_the_validation_images_become_features_and_as_many_labels_to_ask_for(
    extractor: Extractor, images: ImageSet
) -> None:
    validation = snapshots.prepare(images, ["covid", "normal", "variant"], "cpu")
    assert validation.extractor is extractor
    assert validation.fake_labels.tolist() == [1, 0, 0, 1, 2, 0, 0]
    np.testing.assert_allclose(validation.features, means_of(images.images), rtol=1e-5)


def test_of_many_validation_images_some_of_all_classes_are_enough(
    extractor: Extractor, images: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_MOST_IMAGES", 4)
    validation = snapshots.prepare(images, images.classes, "cpu")
    rows = [np.abs(means_of(images.images) - features).sum(axis=1).argmin() for features in validation.features]
    assert len(set(rows)) == 4
    np.testing.assert_array_equal(validation.fake_labels, images.class_numbers(images.classes)[rows])
    np.testing.assert_array_equal(validation.features, snapshots.prepare(images, images.classes, "cpu").features)


def test_the_validation_kd_is_the_kernel_distance_to_as_many_images_of_each_class(
    extractor: Extractor, images: ImageSet, generator: nn.Module
) -> None:
    validation = snapshots.prepare(images, images.classes, "cpu")
    latents = torch.stack(
        [torch.from_numpy(np.random.default_rng((0, seed)).standard_normal(8).astype(np.float32)) for seed in range(7)]
    )
    fake = sampling.sample_images(generator, latents, torch.tensor([1, 0, 0, 1, 2, 0, 0]))
    expected, _ = frechet_kernel.kernel_distance(means_of(images.images), means_of(fake), 2, 2, seed=5)
    assert snapshots.validation_kd(generator, LATENTS, validation) == pytest.approx(expected, rel=1e-4)
    assert expected > 0


def test_the_same_generator_has_the_same_validation_kd_whatever_was_drawn_before(
    extractor: Extractor, images: ImageSet, generator: nn.Module
) -> None:
    validation = snapshots.prepare(images, images.classes, "cpu")
    first = snapshots.validation_kd(generator, LATENTS, validation)
    torch.manual_seed(99)
    assert snapshots.validation_kd(generator, LATENTS, validation) == first


def test_a_generator_of_the_validation_images_themselves_is_nearer_than_any_other(
    extractor: Extractor, images: ImageSet, generator: nn.Module
) -> None:
    class Copier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, latents: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            rows = torch.arange(len(latents)) % 7
            return (torch.from_numpy(images.images)[rows, None] / 127.5 - 1) * self.scale

    validation = Validation(extractor, means_of(images.images), torch.zeros(7, dtype=torch.int64))
    copied = snapshots.validation_kd(Copier().eval(), LATENTS, validation)
    # the same sample twice lies below zero: the unbiased estimate leaves out the diagonals
    assert copied < 0 < snapshots.validation_kd(generator, LATENTS, validation)


def test_a_sheet_has_a_row_for_each_class_of_the_same_latents(generator: nn.Module) -> None:
    sheet = snapshots.sample_sheet(generator, LATENTS, 3, 32)
    assert (sheet.shape, sheet.dtype) == ((3, 10, 32, 32), np.uint8)
    latents = sampling.latents(np.arange(10), 0, LATENTS)
    for label in range(3):
        labels = torch.full((10,), label)
        alone = sampling.sample_images(generator, latents, labels)
        # a chunk of others rounds otherwise at most
        assert np.abs(sheet[label].astype(int) - alone).max() <= 1
    assert not np.array_equal(sheet[0], sheet[1])
    np.testing.assert_array_equal(snapshots.sample_sheet(generator, LATENTS, 3, 32), sheet)
    # small images have larger pixels
    large = snapshots.sample_sheet(generator, LATENTS, 3, 64)
    np.testing.assert_array_equal(large, sheet.repeat(2, axis=2).repeat(2, axis=3))


def test_the_extractor_is_the_one_that_needs_no_file_beside_the_packages(images: ImageSet) -> None:
    validation = snapshots.prepare(images, images.classes, "cpu")
    assert validation.extractor.name == snapshots.EXTRACTOR == "fd_efficientnet_lite0"
    assert validation.features.shape == (7, 1280)
