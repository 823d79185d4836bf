"""The distances against closed forms, plain loops, pytorch-fid and torchmetrics."""

import itertools

import numpy as np
import pytest
import torch

from chestgan.metrics.frechet_kernel import frechet_distance, kernel_distance


def sample(n: int, d: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Draw correlated features: (n, d) float32."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(d, d)) / np.sqrt(d)
    return (random.normal(size=(n, d)) @ mixing * scale + shift).astype(np.float32)


@pytest.mark.parametrize(("n", "d"), [(5, 40), (40, 40), (200, 8)])
class TestFrechetDistance:
    def test_equal_covariances_leave_the_squared_distance_of_the_means(self, n, d):
        features = sample(n, d, 0).astype(np.float64)
        assert frechet_distance(features, features + 0.5) == pytest.approx(d * 0.25, rel=1e-9)

    def test_scaled_features_leave_the_squared_difference_of_the_scales(self, n, d):
        features = sample(n, d, 0).astype(np.float64)
        features -= features.mean(axis=0)
        # Tr(S + 9 S - 2 · 3 S)
        expected = 4 * features.var(axis=0, ddof=1).sum()
        assert frechet_distance(features, 3 * features) == pytest.approx(expected, rel=1e-9)

    def test_a_sample_has_no_distance_to_itself(self, n, d):
        features = sample(n, d, 0)
        assert 0 <= frechet_distance(features, features) < 1e-9

    def test_is_symmetric_and_blind_to_the_order_of_rows_and_to_rotation(self, n, d):
        a, b = sample(n, d, 0), sample(n + 3, d, 1, shift=0.2, scale=1.5)
        rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(d, d)))[0]
        expected = frechet_distance(a, b)
        assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)
        assert frechet_distance(a[::-1], b) == pytest.approx(expected, rel=1e-9)
        assert frechet_distance(a @ rotation, b @ rotation) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_diagonal_covariances_has_a_closed_form():
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
    scales_a, scales_b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 0.5])
    # the covariance of the corners of a box is diagonal: 8/7 of the squared half edges
    expected = 3 * 0.1**2 + 8 / 7 * np.sum((scales_a - scales_b) ** 2)
    assert frechet_distance(signs * scales_a, signs * scales_b + 0.1) == pytest.approx(expected, rel=1e-12)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("n_a", "n_b", "d"), [(200, 150, 24), (100, 20, 24)])
def test_frechet_distance_is_pytorch_fids(n_a, n_b, d):
    from pytorch_fid.fid_score import calculate_frechet_distance

    a, b = sample(n_a, d, 0), sample(n_b, d, 1, shift=0.1, scale=1.3)
    statistics = [(x.mean(axis=0), np.cov(x.astype(np.float64), rowvar=False)) for x in (a, b)]
    expected = calculate_frechet_distance(*statistics[0], *statistics[1])
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-4)


class Features(torch.nn.Module):
    """Stand for a network in torchmetrics: what comes in are features already."""

    num_features = 16

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def test_frechet_distance_is_torchmetrics():
    from torchmetrics.image.fid import FrechetInceptionDistance

    a, b = sample(120, 16, 0), sample(90, 16, 1, shift=0.1, scale=1.3)
    metric = FrechetInceptionDistance(feature=Features()).set_dtype(torch.float64)
    metric.update(torch.from_numpy(a).double(), real=True)
    metric.update(torch.from_numpy(b).double(), real=False)
    assert frechet_distance(a, b) == pytest.approx(metric.compute().item(), rel=1e-6)


def mmd_by_loops(a: np.ndarray, b: np.ndarray) -> float:
    """Give the unbiased squared MMD as its definition has it."""

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return (float(x @ y) / len(x) + 1) ** 3

    def within(rows: np.ndarray) -> float:
        return np.mean([kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j])

    return within(a) + within(b) - 2 * np.mean([kernel(x, y) for x in a for y in b])


@pytest.mark.parametrize(("n_a", "n_b"), [(2, 2), (3, 7), (12, 9)])
def test_kernel_distance_is_its_definition(n_a, n_b):
    a, b = sample(n_a, 10, 0).astype(np.float64), sample(n_b, 10, 1, shift=0.3).astype(np.float64)
    mean, _ = kernel_distance(a, b, n_subsets=5, subset_size=100, seed=0)
    assert mean == pytest.approx(mmd_by_loops(a, b), rel=1e-9)


def test_kernel_distance_of_single_numbers_has_a_closed_form():
    # within: (1 · 1 + 1)³ = 8 and (2 · 2 + 1)³ = 125, between: (1 · 2 + 1)³ = 27
    mean, spread = kernel_distance(np.ones((6, 1)), np.full((6, 1), 2.0), n_subsets=4, subset_size=3, seed=0)
    assert (mean, spread) == pytest.approx((8 + 125 - 2 * 27, 0))


def test_kernel_distance_is_torchmetrics():
    from torchmetrics.image.kid import KernelInceptionDistance

    a, b = sample(60, 16, 0), sample(60, 16, 1, shift=0.3)
    values = {}
    for subset_size, subsets in ((60, 2), (20, 400)):
        metric = KernelInceptionDistance(feature=Features(), subsets=subsets, subset_size=subset_size)
        torch.manual_seed(0)
        metric.update(torch.from_numpy(a), real=True)
        metric.update(torch.from_numpy(b), real=False)
        values[subset_size] = [value.item() for value in metric.compute()]
    mean, spread = kernel_distance(a, b, n_subsets=400, subset_size=20, seed=0)
    assert mean == pytest.approx(values[60][0], rel=1e-4)
    assert mean == pytest.approx(values[20][0], rel=0.05)
    assert spread == pytest.approx(values[20][1], rel=0.15)


def test_kernel_distance_is_unbiased_and_its_spread_is_its_standard_error():
    pairs = [(sample(40, 8, 2 * seed), sample(40, 8, 2 * seed + 1, shift=0.4)) for seed in range(300)]
    values = np.array([kernel_distance(a, b, n_subsets=50, subset_size=20, seed=0) for a, b in pairs])
    large, _ = kernel_distance(sample(4000, 8, 10_001), sample(4000, 8, 10_002, shift=0.4), 2, 2, seed=0)
    standard_error = values[:, 0].std()
    assert values[:, 0].mean() == pytest.approx(large, abs=4 * standard_error / np.sqrt(300) + 0.02)
    assert values[:, 1].mean() == pytest.approx(standard_error, rel=0.2)


def test_kernel_distance_moves_with_the_seed_in_its_spread_only():
    a, b = sample(30, 8, 0), sample(25, 8, 1)
    first, again, other = (kernel_distance(a, b, 20, 10, seed) for seed in (0, 0, 1))
    assert first == again
    assert first[0] == other[0]
    assert first[1] != other[1]


def test_kernel_distance_takes_no_subset_above_half():
    a, b = sample(30, 8, 0), sample(20, 8, 1)
    assert kernel_distance(a, b, 20, 1000, seed=0) == kernel_distance(a, b, 20, 10, seed=0)


def test_two_rows_have_no_spread():
    assert np.isnan(kernel_distance(sample(2, 4, 0), sample(9, 4, 1), 10, 10, seed=0)[1])


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((1, 4)), np.zeros((3, 4)), r"shape \(1, 4\).*at least 2 rows"),
        (np.zeros((3, 4)), np.zeros((0, 4)), r"shape \(0, 4\).*at least 2 rows"),
        (np.zeros((3, 4)), np.zeros((3, 5)), "of 4 and of 5 numbers"),
        (np.full((3, 4), np.nan), np.zeros((3, 4)), "aren't finite"),
    ],
)
def test_what_has_no_distance_is_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(a, b)
    with pytest.raises(ValueError, match=message):
        kernel_distance(a, b, 10, 10, seed=0)


@pytest.mark.parametrize(("n_subsets", "subset_size"), [(1, 10), (10, 1)])
def test_a_spread_needs_two_subsets_of_two(n_subsets, subset_size):
    with pytest.raises(ValueError, match="at least 2 of at least 2"):
        kernel_distance(sample(9, 4, 0), sample(9, 4, 1), n_subsets, subset_size, seed=0)
