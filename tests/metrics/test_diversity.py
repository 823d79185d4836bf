"""Coverage, precision, recall, density and MS-SSIM against values worked out by hand and other libraries."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from chestgan.metrics import diversity

SIZES = [16, 32, 64, 112, 128, 256]
# published in Wang et al. (2003)
WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
N_SCALES = {16: 1, 32: 2, 64: 3, 112: 4, 128: 4, 256: 5}


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def make_pair(size: int, noise: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """Make four smooth images and darker, noisy versions of them: two (4, size, size) uint8."""
    rows, columns = np.mgrid[:size, :size] / size
    phases = random().uniform(0, 6, (4, 2, 1, 1))
    smooth = 128 + 60 * np.sin(7 * rows + phases[:, 0]) + 50 * np.cos(11 * columns + phases[:, 1])
    noisy = 0.8 * smooth + random().normal(0, noise, smooth.shape)
    return smooth.clip(0, 255).astype(np.uint8), noisy.clip(0, 255).astype(np.uint8)


def as_tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images)[:, None].double() / 255


class TestCoverage:
    def test_by_hand(self):
        # the nearest neighbours of 0, 1, 3, 7 are 1, 1, 2, 4 away, and the second ones 3, 2, 3, 6
        reference = np.array([[0.0], [1.0], [3.0], [7.0]])
        assert diversity.coverage(reference, np.array([[-1.5]]), k=1) == 0
        assert diversity.coverage(reference, np.array([[-0.5]]), k=1) == 1 / 4
        assert diversity.coverage(reference, np.array([[2.5]]), k=1) == 1 / 4
        assert diversity.coverage(reference, np.array([[2.5], [0.5]]), k=1) == 3 / 4
        assert diversity.coverage(reference, np.array([[2.5]]), k=2) == 4 / 4
        assert diversity.coverage(reference, np.array([[1.5]]), k=2) == 4 / 4

    def test_as_many_others_as_there_are(self):
        # the furthest neighbours of 0, 1, 3 are 3, 2, 3 away
        reference = np.array([[0.0], [1.0], [3.0]])
        assert diversity.coverage(reference, np.array([[4.5]]), k=5) == 1 / 3

    @pytest.mark.parametrize("k", [1, 5])
    def test_against_scikit_learn(self, k):
        reference, others = random().normal(size=(60, 8)), random().normal(1, 0.8, size=(40, 8))
        # an image is its own nearest neighbour there
        radii = NearestNeighbors(n_neighbors=k + 1).fit(reference).kneighbors(reference)[0][:, -1]
        nearest = NearestNeighbors(n_neighbors=1).fit(others).kneighbors(reference)[0][:, 0]
        expected = np.mean(nearest <= radii)
        assert 0.1 < expected < 0.95
        assert diversity.coverage(reference.astype(np.float32), others.astype(np.float32), k) == expected

    def test_of_one_distribution_it_is_what_chance_gives(self):
        reference, others = random().normal(size=(2, 2000, 4))
        assert diversity.coverage(reference, others, k=3) == pytest.approx(1 - 2**-3, abs=0.02)

    def test_images_that_are_all_alike_cover_next_to_nothing(self):
        reference = random().normal(size=(300, 30))
        assert diversity.coverage(reference, np.repeat(reference[:1], 300, axis=0)) < 0.1
        assert diversity.coverage(reference, reference) == 1


class TestPrecisionRecallAndDensity:
    def test_by_hand(self):
        # the balls of 0, 1, 3, 7 reach 1, 1, 2, 4 to either side
        reference, images = np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([[-1.5], [0.5], [2.0], [12.0]])
        assert diversity.precision(reference, images, k=1) == 2 / 4
        # 0.5 lies in those of 0 and 1, 2.0 in those of 1 and 3
        assert diversity.density(reference, images, k=1) == 4 / 4
        # those of the images reach 2, 1.5, 1.5, 10
        assert diversity.recall(reference, images, k=1) == 4 / 4
        assert diversity.recall(reference, images[:3], k=1) == 3 / 4

    @pytest.mark.parametrize("k", [1, 5])
    def test_against_scikit_learn(self, k):
        reference, images = random().normal(size=(60, 8)), random().normal(1, 0.8, size=(40, 8))

        def within(centres, others):
            radii = NearestNeighbors(n_neighbors=k + 1).fit(centres).kneighbors(centres)[0][:, -1]
            return np.linalg.norm(centres[:, None] - others, axis=2) <= radii[:, None]

        inside = within(reference, images)
        assert diversity.precision(reference, images, k) == inside.any(axis=0).mean()
        assert diversity.density(reference, images, k) == pytest.approx(inside.sum(axis=0).mean() / k)
        assert diversity.recall(reference, images, k) == within(images, reference).any(axis=0).mean()
        assert 0 < diversity.recall(reference, images, k) < 1

    def test_of_one_distribution_the_density_is_1(self):
        reference, images = random().normal(size=(2, 2000, 4))
        assert diversity.density(reference, images) == pytest.approx(1, abs=0.03)

    def test_images_in_the_midst_have_precision_and_no_recall(self):
        reference = random().normal(size=(300, 30))
        alike = np.repeat(reference.mean(axis=0)[None], 300, axis=0) + random().normal(0, 1e-3, (300, 30))
        assert diversity.precision(reference, alike) == 1
        assert diversity.density(reference, alike) > 3
        assert diversity.recall(reference, alike) < 0.05


class TestMsSsim:
    @pytest.mark.parametrize("size", SIZES)
    def test_against_the_maps_of_torchmetrics(self, size):
        a, b = make_pair(size)
        maps_a, maps_b = as_tensor(a), as_tensor(b)
        weights = np.array(WEIGHTS[: N_SCALES[size]]) / sum(WEIGHTS[: N_SCALES[size]])
        expected = np.ones(len(a))
        for scale, weight in enumerate(weights):
            settings = {"data_range": 1.0, "reduction": "none"}
            if scale < len(weights) - 1:
                _, similarity = structural_similarity_index_measure(
                    maps_a, maps_b, return_contrast_sensitivity=True, **settings
                )
            else:
                # their map reaches beyond the border, into mirrored pixels; the paper's ends where the window does
                _, full = structural_similarity_index_measure(maps_a, maps_b, return_full_image=True, **settings)
                similarity = full[..., 5:-5, 5:-5].mean(dim=(1, 2, 3))
            expected *= similarity.numpy() ** weight
            maps_a, maps_b = (torch.nn.functional.avg_pool2d(maps, 2) for maps in (maps_a, maps_b))
        assert (expected < 0.95).all()
        assert diversity.ms_ssim(a, b) == pytest.approx(expected, abs=1e-4)

    def test_against_the_ms_ssim_of_torchmetrics(self):
        a, b = make_pair(256)
        expected = multiscale_structural_similarity_index_measure(
            as_tensor(a), as_tensor(b), data_range=1.0, reduction="none", normalize="relu"
        )
        # they mirror the border at the coarsest scale
        assert diversity.ms_ssim(a, b) == pytest.approx(expected.numpy(), abs=0.01)

    @pytest.mark.parametrize("size", SIZES)
    def test_an_image_is_like_itself_and_unlike_its_negative_and_noise(self, size):
        a, b = make_pair(size)
        assert diversity.ms_ssim(a, a) == pytest.approx(1, abs=1e-6)
        assert diversity.ms_ssim(a, b) == pytest.approx(diversity.ms_ssim(b, a), abs=1e-6)
        assert (diversity.ms_ssim(a, 255 - a) == 0).all()
        noise = random().integers(0, 256, (2, 4, size, size), dtype=np.uint8)
        assert (diversity.ms_ssim(*noise) < 0.3).all()

    def test_constant_images_differ_in_luminance_alone(self):
        dark, bright = np.full((1, 11, 11), 51, dtype=np.uint8), np.full((1, 11, 11), 204, dtype=np.uint8)
        # contrast and structure of nothing are 1; the one scale has luminance (2 m n + c) / (m² + n² + c)
        expected = (2 * 0.2 * 0.8 + 1e-4) / (0.2**2 + 0.8**2 + 1e-4)
        assert diversity.ms_ssim(dark, bright) == pytest.approx(expected, abs=1e-3)

    def test_many_pairs_go_through_in_parts(self):
        a, b = make_pair(16)
        rows = random().integers(4, size=300)
        assert diversity.ms_ssim(a[rows], b[rows]) == pytest.approx(diversity.ms_ssim(a, b)[rows], abs=1e-6)

    def test_images_smaller_than_the_window(self):
        with pytest.raises(ValueError, match=r"images of 10 px; MS-SSIM needs at least the 11 px"):
            diversity.ms_ssim(*np.zeros((2, 1, 10, 12), dtype=np.uint8))


class TestMeanMsSsim:
    def test_it_is_that_of_pairs_of_different_images(self):
        # of three images two are the same: a third of the pairs is alike, whichever image comes first
        a, b = make_pair(16)
        images = np.stack([a[0], a[0], a[1]])
        expected = (1 + 2 * diversity.ms_ssim(a[:1], a[1:2])[0]) / 3
        assert diversity.mean_ms_ssim(images, 5000, 0) == pytest.approx(expected, abs=0.02)
        assert diversity.mean_ms_ssim(np.stack([a[0], b[0]]), 7, 0) == pytest.approx(diversity.ms_ssim(a[:1], b[:1])[0])

    def test_the_seed_chooses_the_pairs(self):
        images = np.concatenate(make_pair(16))
        one, again, other = (diversity.mean_ms_ssim(images, 10, seed) for seed in (0, 0, 1))
        assert one == again != other

    def test_a_collapsed_class_is_seen(self):
        collapsed = np.repeat(make_pair(32)[0][:1], 20, axis=0)
        assert diversity.mean_ms_ssim(collapsed, 50, 0) == pytest.approx(1, abs=1e-6)
        noise = random().integers(0, 256, (20, 32, 32), dtype=np.uint8)
        assert diversity.mean_ms_ssim(noise, 50, 0) < 0.1
