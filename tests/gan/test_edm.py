"""EDM's mathematics against the paper's closed forms, and the sampler on data whose denoiser is known."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from chestgan.gan import edm

SIGMAS = torch.tensor([0.002, 0.1, 0.5, 3.0, 80.0], dtype=torch.float64)


@pytest.fixture
def images() -> Tensor:
    """Draw 20 thousand numbers of the data's standard deviation, for each noise level."""
    random = torch.Generator().manual_seed(0)
    return edm.SIGMA_DATA * torch.randn(len(SIGMAS), 20_000, generator=random, dtype=torch.float64)


@pytest.fixture
def noisy(images: Tensor) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return images + SIGMAS.unsqueeze(1) * noise


def test_the_factors_are_those_of_table_1() -> None:
    c_skip, c_out, c_in, c_noise = edm.preconditioning(torch.tensor([0.5, 1.2], dtype=torch.float64))
    # 0.5² + 1.2² = 1.3²
    assert c_skip.tolist() == pytest.approx([0.5, 0.25 / 1.69])
    assert c_out.tolist() == pytest.approx([0.25 / np.sqrt(0.5), 0.6 / 1.3])
    assert c_in.tolist() == pytest.approx([np.sqrt(2), 1 / 1.3])
    assert c_noise.tolist() == pytest.approx([np.log(0.5) / 4, np.log(1.2) / 4])


def test_the_network_sees_unit_variance(noisy: Tensor) -> None:
    seen = edm.preconditioning(SIGMAS).c_in.unsqueeze(1) * noisy
    torch.testing.assert_close(seen.var(1), torch.ones_like(SIGMAS), rtol=0.03, atol=0)


def test_the_network_is_to_answer_with_unit_variance(images: Tensor, noisy: Tensor) -> None:
    # (y - c_skip x) / c_out: equation 8, and appendix B.6
    c_skip, c_out, *_ = (factor.unsqueeze(1) for factor in edm.preconditioning(SIGMAS))
    target = (images - c_skip * noisy) / c_out
    torch.testing.assert_close(target.var(1), torch.ones_like(SIGMAS), rtol=0.03, atol=0)


def test_a_network_that_answers_zero_has_a_loss_of_one_at_every_level(images: Tensor, noisy: Tensor) -> None:
    denoised = edm.preconditioning(SIGMAS).c_skip.unsqueeze(1) * noisy
    for place, sigma in enumerate(SIGMAS):
        shown = (part[place].view(1, 1, 100, 200) for part in (denoised, images))
        assert edm.denoising_loss(*shown, sigma.view(1)).item() == pytest.approx(1, rel=0.03)


def test_the_loss_weighs_each_image_by_its_level() -> None:
    images = torch.zeros(2, 1, 2, 2)
    errors = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    sigmas = torch.tensor([0.5, 1.0])
    # (sigma² + 0.25) / (0.5 sigma)²: 8 and 5
    assert edm.loss_weight(sigmas).tolist() == pytest.approx([8, 5])
    assert edm.denoising_loss(errors, images, sigmas).item() == pytest.approx((8 * 1 + 5 * 4) / 2)


def test_the_logarithm_of_a_trainings_noise_levels_is_normal() -> None:
    levels = edm.noise_levels(torch.tensor([-1.0, 0.0, 1.0]))
    assert levels.log().tolist() == pytest.approx([-2.4, -1.2, 0.0], abs=1e-6)


def test_the_levels_of_sampling_fall_from_the_largest_to_the_smallest_and_0() -> None:
    levels = edm.sampling_levels(18)
    assert levels[[0, 17, 18]].tolist() == pytest.approx([80, 0.002, 0])
    roots = levels[:-1] ** (1 / 7)
    # equal steps of the seventh root: equation 5
    torch.testing.assert_close(roots.diff(), torch.full((17,), (0.002 ** (1 / 7) - 80 ** (1 / 7)) / 17).double())


def errors_of_sampling(mean: float, deviation: float, *numbers: int) -> list[float]:
    """Sample data from N(mean, deviation²), whose denoiser is known, and compare with the exact end of each noise."""

    def denoise(noisy: Tensor, sigmas: Tensor) -> Tensor:
        """Compute the mean of the images of which these may be noisy ones."""
        share = deviation**2 / (deviation**2 + sigmas**2).view(-1, 1, 1, 1)
        return mean + share * (noisy - mean)

    noise = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    # dx / dsigma = sigma (x - mean) / (deviation² + sigma²): (x - mean)² stays in proportion to deviation² + sigma²
    exact = mean + (80 * noise - mean) * deviation / np.hypot(deviation, 80)
    return [(edm.sample(denoise, noise, n_steps) - exact).abs().max().item() for n_steps in numbers]


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 0.5), (0.3, 0.1)])
def test_samples_of_normal_data_end_where_the_exact_solution_does(mean: float, deviation: float) -> None:
    few, more, most = errors_of_sampling(mean, deviation, 18, 36, 72)
    assert few < 0.3 * deviation
    # a method of second order: half the step, a quarter of the error
    assert more / few < 0.3
    assert most / more == pytest.approx(0.25, abs=0.04)


def test_data_that_are_one_image_are_sampled_exactly() -> None:
    assert errors_of_sampling(-0.7, 0.0, 2) == pytest.approx([0], abs=1e-12)


def test_each_step_but_the_last_asks_twice() -> None:
    asked: list[float] = []
    edm.sample(lambda noisy, sigmas: asked.append(sigmas[0].item()) or noisy / 2, torch.ones(1, 1, 2, 2), 4)
    levels = edm.sampling_levels(4).tolist()
    expected = [level for pair in itertools.pairwise(levels) for level in pair]
    assert asked == pytest.approx(expected[:-1])
