"""Whether two pictures are one in two frames: one is laid over the other, and what both show is compared."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from chestgan.data import framing

COLUMNS = ["correlation", "coarse_correlation", "overlap", "moved", "mirrored", "inverted"]
# sizes at which a map is found, from coarse to fine, and the steps at each
_STEPS = {16: 12, 32: 8, 64: 5}
# scales from which the search begins; crops by a tenth a side make one of 0.8
_FIRST_SCALES = (1, 0.85, 1 / 0.85)
_SURROUNDINGS = 0.1
_LONGEST_STEP = 0.15
# in deviations: text and the corners of a turned picture differ by more, and must not pull at the map
_MOST_ERROR = 0.5
# Pairs that correlate less at the coarse sizes are left alone: 98 % of the copies of each kind correlate more.
_LEAST_COARSE = {16: 0.75, 32: 0.78}
# Frames of one picture differ by no more.
_LEAST_OVERLAP = 0.5
_SCALES = (0.65, 1.55)
_MOST_TURN = 0.2
# of the Gaussians, in pixels of 64, that are a place's surroundings and that blur it
_FINE = 2.0
_COARSE, _BLUR = 10.0, 1.5
_PAIRS_AT_ONCE = 256


def compare(
    first: np.ndarray, second: np.ndarray, pairs: np.ndarray, mirrored: np.ndarray, threads: int = 1
) -> pd.DataFrame:
    """Lay the second thumbnail of each pair over the first, and compare them where they overlap.

    Args:
        first: (N, S, S) uint8 thumbnails.
        second: (M, S, S) uint8.
        pairs: (P, 2) int64, places among the first and the second ones.
        mirrored: (P,) bool, whether to begin with the mirror image of the second.
        threads: that compare at once.

    Returns:
        A row a pair: `correlation` of fine detail and `coarse_correlation` of what a bad JPEG leaves, from -1 to 1, and
        -1 where no plausible frame was found; `overlap`, a share of the first; `moved`, by how much of a side the
        frame's corners differ at most; and whether the second is `mirrored` or `inverted`.
    """
    starts = range(0, len(pairs), _PAIRS_AT_ONCE)

    def some(start: int) -> pd.DataFrame:
        block = slice(start, start + _PAIRS_AT_ONCE)
        return _compare(first[pairs[block, 0]], second[pairs[block, 1]], mirrored[block])

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(some, starts))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS, dtype=float)


def _compare(first: np.ndarray, second: np.ndarray, mirrored: np.ndarray) -> pd.DataFrame:
    """Compare pairs of thumbnails, (P, S, S) each; only those go on that are alike at the coarse sizes."""
    n_pairs = len(first)
    table = pd.DataFrame(
        {"correlation": -1.0, "coarse_correlation": -1.0, "overlap": 0.0, "moved": 1.0}, range(n_pairs)
    )
    left = np.arange(n_pairs)
    maps, signs, alike = _first_maps(first, second, mirrored)
    for size in list(_STEPS)[1:]:
        good = alike >= _LEAST_COARSE[size // 2]
        left, maps, signs = left[good], maps[good], signs[good]
        maps, alike = _refine(first[left], second[left], maps, signs, size)
    plausible = _plausible(maps)
    left, maps, signs = left[plausible], maps[plausible], signs[plausible]
    fine = _correlate(*(framing.normalise(images[left], _FINE) for images in (first, second)), maps)
    blur = framing.smoothing(first.shape[1], _BLUR)
    blurred = (blur @ images[left].astype(np.float32) @ blur.T for images in (first, second))
    coarse = _correlate(*(framing.normalise(images, _COARSE) for images in blurred), maps)
    enough = fine[1] >= _LEAST_OVERLAP
    values = np.stack([signs * fine[0], signs * coarse[0], fine[1], _moved(maps)], axis=1)
    table.iloc[left[enough], :4] = values[enough]
    table["mirrored"] = mirrored
    table["inverted"] = False
    table.loc[left, "inverted"] = signs < 0
    return table


def _first_maps(
    first: np.ndarray, second: np.ndarray, mirrored: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the best map at the coarsest size from several scales, and whether one picture is the other's negative."""
    size = next(iter(_STEPS))
    one, other = _at_size(first, size), _at_size(second, size)
    starts = []
    for scale in _FIRST_SCALES:
        maps = np.zeros((len(first), 2, 3), dtype=np.float32)
        maps[:, 0, 0], maps[:, 1, 1] = np.where(mirrored, -scale, scale), scale
        starts.append(maps)
    unmoved = np.stack([_correlate(one, other, maps)[0] for maps in starts])
    strongest = np.take_along_axis(unmoved, np.abs(unmoved).argmax(axis=0)[None], axis=0)[0]
    signs = np.where(strongest < 0, -1, 1).astype(np.float32)
    found = [_refine(first, second, maps, signs, size) for maps in starts]
    best = np.stack([alike for _, alike in found]).argmax(axis=0)
    pairs = np.arange(len(first))
    maps, alike = (np.stack(values)[best, pairs] for values in zip(*found, strict=True))
    return maps, signs, alike


def _refine(
    first: np.ndarray, second: np.ndarray, maps: np.ndarray, signs: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Improve maps by least squares between the two pictures at one size.

    After Baker and Matthews (Lucas-Kanade 20 years on, 2004, figure 4: the inverse compositional algorithm).

    Returns:
        The maps, (P, 2, 3), and the correlation that each comes to.
    """
    one, other = _at_size(first, size), _at_size(second, size)
    other = other * signs[:, None, None]
    template = one.reshape(len(one), size * size)
    steepest = _steepest(one)
    hessian = steepest @ steepest.transpose(0, 2, 1)
    scale = np.trace(hessian, axis1=1, axis2=2)[:, None, None] / 6
    inverse = np.linalg.inv(hessian + (1e-3 * scale + 1e-6) * np.eye(6, dtype=np.float32))
    for _ in range(_STEPS[size]):
        warped, inside = framing.warp(other, maps)
        error = np.where(inside, warped - template, 0).clip(-_MOST_ERROR, _MOST_ERROR)
        step = (inverse @ (steepest @ error[:, :, None])).reshape(-1, 2, 3)
        maps = _compose(maps, np.linalg.inv(_square(step.clip(-_LONGEST_STEP, _LONGEST_STEP), np.eye(3))))
    alike, overlap = _correlate(one, other, maps)
    return maps, np.where(overlap >= _LEAST_OVERLAP, alike, -1)


def _at_size(thumbnails: np.ndarray, size: int) -> np.ndarray:
    """Make thumbnails smaller by means of squares of pixels, without their brightness and contrast."""
    times = thumbnails.shape[1] // size
    pixels = thumbnails.astype(np.float32).reshape(len(thumbnails), size, times, size, times).mean(axis=(2, 4))
    return framing.normalise(pixels, _SURROUNDINGS * size)


def _steepest(images: np.ndarray) -> np.ndarray:
    """Differentiate images by the six numbers of a map: (P, 6, S * S)."""
    size = images.shape[1]
    by_x, by_y = np.zeros_like(images), np.zeros_like(images)
    by_x[:, :, 1:-1] = (images[:, :, 2:] - images[:, :, :-2]) * (size / 4)
    by_y[:, 1:-1] = (images[:, 2:] - images[:, :-2]) * (size / 4)
    places = framing.grid(size)
    return np.concatenate([by.reshape(len(images), 1, size * size) * places for by in (by_x, by_y)], axis=1)


def _square(maps: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Make (P, 3, 3) of maps, added to a matrix."""
    matrices = np.zeros((len(maps), 3, 3), dtype=np.float32)
    matrices[:, :2] = maps
    return matrices + onto.astype(np.float32)


def _compose(maps: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (_square(maps, np.diag([0, 0, 1])) @ after)[:, :2]


def _correlate(one: np.ndarray, other: np.ndarray, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlate images with others that are laid over them, where they overlap, and say how much of one that is."""
    warped, inside = framing.warp(other, maps)
    n_inside = np.maximum(inside.sum(axis=1), 1)
    first, second = (np.where(inside, pixels.reshape(warped.shape), 0) for pixels in (one, warped))
    mean_first, mean_second = first.sum(axis=1) / n_inside, second.sum(axis=1) / n_inside
    product = np.einsum("np,np->n", first, second) / n_inside - mean_first * mean_second
    spread_first = np.einsum("np,np->n", first, first) / n_inside - mean_first**2
    spread_second = np.einsum("np,np->n", second, second) / n_inside - mean_second**2
    spread = np.sqrt(np.maximum(spread_first * spread_second, 1e-6))
    return product / spread, n_inside / inside.shape[1]


def _plausible(maps: np.ndarray) -> np.ndarray:
    """Mark the maps that a crop, bars and a slight turn can make."""
    scales, turns = np.abs(maps[:, [0, 1], [0, 1]]), np.abs(maps[:, [0, 1], [1, 0]])
    return ((scales > _SCALES[0]) & (scales < _SCALES[1]) & (turns < _MOST_TURN)).all(axis=1)


def _moved(maps: np.ndarray) -> np.ndarray:
    """Measure how far the corners lie from where they lay, in sides, mirrored or not."""
    upright = maps.copy()
    upright[:, 0] *= np.sign(maps[:, :1, 0])
    return np.abs(upright - np.eye(2, 3, dtype=np.float32)).sum(axis=2).max(axis=1) / 2
