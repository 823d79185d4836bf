"""Diversity: how much of the real images the synthetic ones cover, and how similar those of a class are."""

from typing import TYPE_CHECKING

import numpy as np

from chestgan.metrics.neighbours import distances

if TYPE_CHECKING:
    # imported where it is used: it takes seconds, and a study's summary only needs this module's names
    from torch import Tensor

# of the five scales of Wang et al. (2003), from the finest to the coarsest
_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SIGMA = 11, 1.5
# (K L)² of Wang et al. for images in [0, 1]
_C1, _C2 = 0.01**2, 0.03**2
# pixels of an image of a pair at a time: more leave the cache, and a pair of 256 px takes up to five times as long
_PIXELS = 2**16


def coverage(reference_features: np.ndarray, features: np.ndarray, k: int = 5) -> float:
    """Compute the share of reference images that lie no further from one of the others than from their own neighbours.

    1/N Σ_i 1[some Y_j lies in B(X_i, NND_k(X_i))], the coverage of Naeem et al. 2020, arXiv 2002.09797: the share of
    reference images X in whose ball, of the distance to their k-th nearest other reference image, lies at least one of
    the others, Y. Two samples of one distribution and equal n reach about 1 - 2^-k; images that are all alike cover
    next to nothing.

    Args:
        reference_features: (n_a, d), at least 2 rows; any real dtype, computed in float64.
        features: (n_b, d), at least 1 row.
        k: neighbours; all others where there are no more than k.

    Returns:
        The share, in [0, 1].
    """
    return float(np.mean(distances(reference_features, features).min(axis=1) <= _radii(reference_features, k)))


def precision(reference_features: np.ndarray, features: np.ndarray, k: int = 5) -> float:
    """Compute the share of images that lie in the ball of some reference image.

    1/M Σ_j 1[Y_j lies in some B(X_i, NND_k(X_i))], the improved precision of Kynkäänniemi et al. 2019, arXiv
    1904.06991. Arguments as in `coverage`.

    Returns:
        The share, in [0, 1].
    """
    return float(
        np.mean((distances(reference_features, features) <= _radii(reference_features, k)[:, None]).any(axis=0))
    )


def recall(reference_features: np.ndarray, features: np.ndarray, k: int = 5) -> float:
    """Compute the share of reference images that lie in the ball of some other image.

    The improved recall of Kynkäänniemi et al. 2019: precision with both sides exchanged. Arguments as in `coverage`,
    but at least 2 rows of `features`.

    Returns:
        The share, in [0, 1].
    """
    return precision(features, reference_features, k)


def density(reference_features: np.ndarray, features: np.ndarray, k: int = 5) -> float:
    """Compute in how many balls of reference images an image lies, by k.

    1/(k M) Σ_j Σ_i 1[Y_j lies in B(X_i, NND_k(X_i))], the density of Naeem et al. 2020. Arguments as in `coverage`.

    Returns:
        At least 0; about 1 for two samples of one distribution, more where images crowd in the midst of the real ones.
    """
    within = distances(reference_features, features) <= _radii(reference_features, k)[:, None]
    return float(within.sum() / (min(k, len(reference_features) - 1) * len(features)))


def _radii(features: np.ndarray, k: int) -> np.ndarray:
    """Compute the distance of each image to its k-th nearest other one, or to the furthest of fewer: (n,) float64."""
    own = distances(features, features)
    # an image is not its own neighbour
    np.fill_diagonal(own, np.inf)
    k = min(k, len(own) - 1)
    return np.partition(own, k - 1, axis=1)[:, k - 1]


def mean_ms_ssim(images: np.ndarray, n_pairs: int, seed: int) -> float:
    """Average MS-SSIM over random pairs of images (Odena et al. 2017, arXiv 1610.09585, section 4.2).

    Args:
        images: (N, H, W) uint8, of one class, at least 2.
        n_pairs: pairs of two images; a pair may come twice.
        seed: seed of the pairs.

    Returns:
        The mean, in [0, 1]; 1 where all images are the same.
    """
    random = np.random.default_rng(seed)
    first = random.integers(len(images), size=n_pairs)
    second = (first + random.integers(1, len(images), size=n_pairs)) % len(images)
    return float(ms_ssim(images[first], images[second]).mean())


def ms_ssim(images_a: np.ndarray, images_b: np.ndarray) -> np.ndarray:
    """Compute the multi-scale structural similarity of pairs of images (Wang et al. 2003, equation 7).

    The product over the scales of contrast · structure, and at the coarsest one luminance too, each raised to the
    weight of its scale; a Gaussian window of 11 pixels and σ = 1.5; from scale to scale 2 × 2 pixels become their mean.
    Images too small for all five scales have as many as the window fits into, and the weights of those, which sum to 1
    again. Contrast · structure below 0, as of an image and its negative, counts as 0.

    Args:
        images_a: (P, H, W) uint8, at least 11 px high and wide.
        images_b: The same.

    Returns:
        (P,) float64 in [0, 1]. Compare values at one image size only.

    Raises:
        ValueError: the images are smaller than the window.
    """
    height, width = images_a.shape[-2:]
    weights = _scale_weights(min(height, width))
    n = max(1, _PIXELS // (height * width))
    return np.concatenate(
        [
            _ms_ssim(*(_pixels(images[start : start + n]) for images in (images_a, images_b)), weights)
            for start in range(0, len(images_a), n)
        ]
    )


def _scale_weights(size: int) -> np.ndarray:
    """Return the weights of the scales that images of this size have: (scales,) float64, sum 1."""
    n_scales = sum(size // 2**scale >= _WINDOW for scale in range(len(_WEIGHTS)))
    if n_scales == 0:
        raise ValueError(f"found images of {size} px; MS-SSIM needs at least the {_WINDOW} px of its window")
    return np.array(_WEIGHTS[:n_scales]) / sum(_WEIGHTS[:n_scales])


def _pixels(images: np.ndarray) -> "Tensor":
    """Scale (B, H, W) uint8 to (B, 1, H, W) float32 in [0, 1]."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(images))[:, None].float() / 255


def _ms_ssim(a: "Tensor", b: "Tensor", weights: np.ndarray) -> np.ndarray:
    """Compute MS-SSIM of (B, 1, H, W) in [0, 1] over as many scales as there are weights: (B,) float64."""
    import torch
    from torch.nn.functional import avg_pool2d

    product = torch.ones(len(a), dtype=torch.float64)
    for scale, weight in enumerate(weights):
        if scale:
            a, b = avg_pool2d(a, 2), avg_pool2d(b, 2)
        luminance, contrast_structure = _similarity(a, b)
        similarity = luminance * contrast_structure if scale == len(weights) - 1 else contrast_structure
        product *= similarity.mean(dim=(1, 2, 3)).double().clamp(min=0) ** weight
    return product.numpy()


def _similarity(a: "Tensor", b: "Tensor") -> "tuple[Tensor, Tensor]":
    """Compute SSIM's maps of luminance and of contrast · structure where the window fits: (B, 1, H - 10, W - 10)."""
    mean_a, mean_b, square_a, square_b, product = map(_windowed, (a, b, a * a, b * b, a * b))
    variance_a, variance_b = square_a - mean_a**2, square_b - mean_b**2
    luminance = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    return luminance, (2 * (product - mean_a * mean_b) + _C2) / (variance_a + variance_b + _C2)


def _windowed(images: "Tensor") -> "Tensor":
    """Average (B, 1, H, W) in the Gaussian window, first along columns, then along rows."""
    import torch
    from torch.nn.functional import conv2d

    window = torch.exp(-((torch.arange(_WINDOW) - _WINDOW // 2) ** 2) / (2 * _SIGMA**2))
    window = window / window.sum()
    return conv2d(conv2d(images, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))
