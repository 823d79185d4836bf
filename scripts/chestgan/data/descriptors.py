"""Short descriptions of pictures that change little when a picture is framed anew, and the nearest of them."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.linalg import eigh

from chestgan.data import framing

_CELLS = 8
_ORIENTATIONS = 6
_SURROUNDINGS = 10.0
_N_TRAINING = 400
# share of each side, place along x and y, degrees: the frames of copies, and so what a description should not see
_FRAMES = (
    *((0.9, x, y, 0) for x, y in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))),
    (0.82, 0, 0, 0),
    *((0.95, x, x, 0) for x in (-1, 1)),
    *((0.94, 0, 0, degrees) for degrees in (-2.5, 2.5)),
)
_JPEG_QUALITY = 5
_JPEG_WEIGHT = 2
_JPEG_SIDE = 256
_RIDGE = 0.1
_N_DIMENSIONS = 96
_IMAGES_AT_ONCE = 512
_QUERIES_AT_ONCE = 512
_REFERENCES_AT_ONCE = 4096


@dataclass(frozen=True)
class Projection:
    """What makes descriptions of histograms: the mean of the histograms, (d,), and directions, (d, n)."""

    mean: np.ndarray
    directions: np.ndarray

    def apply(self, histograms: np.ndarray) -> np.ndarray:
        """Describe pictures: (N, n) float32, rows of length 1, or 0 where nothing is to be seen."""
        return _unit((histograms - self.mean) @ self.directions)


def histograms(thumbnails: np.ndarray, frame: tuple[float, ...] = ()) -> np.ndarray:
    """Count the orientations of the edges in cells of thumbnails: (N, orientations * cells * cells) float32.

    With a frame, the thumbnails are first framed anew by `framing.closer`.

    After Dalal and Triggs (Histograms of oriented gradients for human detection, 2005), with cells that overlap, and an
    edge counted the same from dark to bright as from bright to dark, so that a negative has its positive's histogram.
    """
    starts = range(0, len(thumbnails), _IMAGES_AT_ONCE)
    blocks = (thumbnails[start : start + _IMAGES_AT_ONCE] for start in starts)
    return np.concatenate([_histograms(framing.closer(block, *frame) if frame else block) for block in blocks])


def mirrored(counts: np.ndarray) -> np.ndarray:
    """Turn the histograms of pictures into those of their mirror images."""
    cells = counts.reshape(-1, _ORIENTATIONS, _CELLS, _CELLS)
    return cells[:, -np.arange(_ORIENTATIONS) % _ORIENTATIONS, :, ::-1].reshape(counts.shape)


def train(thumbnails: np.ndarray) -> Projection:
    """Find the directions in which pictures differ most from each other, and least from themselves framed anew.

    Fisher's linear discriminant with a class for each of some of these pictures, in its frames and saved badly.
    """
    some = np.random.default_rng(0).permutation(len(thumbnails))[:_N_TRAINING]
    thumbnails = thumbnails[np.sort(some)]
    plain = histograms(thumbnails)
    within = sum(_scatter(histograms(thumbnails, frame) - plain) for frame in _FRAMES)
    within = within + _JPEG_WEIGHT * _scatter(histograms(_saved_badly(thumbnails)) - plain)
    between = _scatter(plain - plain.mean(axis=0))
    size = len(within)
    ridge = _RIDGE * np.trace(within) / size + np.finfo(np.float32).eps
    n_dimensions = min(_N_DIMENSIONS, max(1, len(thumbnails) - 1))
    _, directions = eigh(between, within + ridge * np.eye(size), subset_by_index=(size - n_dimensions, size - 1))
    return Projection(plain.mean(axis=0), directions.astype(np.float32))


def nearest(
    queries: np.ndarray,
    references: np.ndarray,
    n_nearest: int,
    least_cosine: float,
    kin: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Find each query's nearest references, a block of both at once, so that memory doesn't grow with their product.

    Args:
        queries: (N, d) float32, rows of length 1.
        references: (M, d) float32, likewise.
        n_nearest: references to find, at most.
        least_cosine: between a query and a reference, above -1.
        kin: numbers of the queries and of the references; pairs of equal ones are passed over.

    Returns:
        (N, n) int64, places of references; -1 where there are no more.
    """
    found = [
        _nearest(queries[start : start + _QUERIES_AT_ONCE], references, n_nearest, least_cosine, start, kin)
        for start in range(0, len(queries), _QUERIES_AT_ONCE)
    ]
    return np.concatenate(found)


def _nearest(
    queries: np.ndarray,
    references: np.ndarray,
    n_nearest: int,
    least_cosine: float,
    first_query: int,
    kin: tuple[np.ndarray, np.ndarray] | None,
) -> np.ndarray:
    """Go through the references, and keep the best so far."""
    best = np.full((len(queries), n_nearest), least_cosine, dtype=np.float32)
    places = np.full(best.shape, -1, dtype=np.int64)
    for start in range(0, len(references), _REFERENCES_AT_ONCE):
        cosines = queries @ references[start : start + _REFERENCES_AT_ONCE].T
        if kin is not None:
            mine, theirs = kin[0][first_query : first_query + len(queries)], kin[1][start : start + cosines.shape[1]]
            cosines[mine[:, None] == theirs] = -2
        # in most blocks few rows have anything better
        rows = np.flatnonzero(cosines.max(axis=1) > best[:, -1])
        order = min(n_nearest, cosines.shape[1])
        top = np.argpartition(cosines[rows], -order, axis=1)[:, -order:]
        values = np.concatenate([best[rows], np.take_along_axis(cosines[rows], top, axis=1)], axis=1)
        where = np.concatenate([places[rows], top + start], axis=1)
        keep = np.argsort(-values, axis=1, kind="stable")[:, :n_nearest]
        best[rows] = np.take_along_axis(values, keep, axis=1)
        places[rows] = np.take_along_axis(where, keep, axis=1)
    return places


def _histograms(thumbnails: np.ndarray) -> np.ndarray:
    pixels = framing.normalise(thumbnails, _SURROUNDINGS)
    size = pixels.shape[1]
    down, right = np.zeros_like(pixels), np.zeros_like(pixels)
    down[:, 1:-1], right[:, :, 1:-1] = pixels[:, 2:] - pixels[:, :-2], pixels[:, :, 2:] - pixels[:, :, :-2]
    strength = np.hypot(down, right)
    orientation = np.arctan2(down, right) * np.float32(_ORIENTATIONS / np.pi)
    step = size // _CELLS
    pooling = framing.smoothing(size, 0.6 * step)[step // 2 :: step]
    pooling = (pooling + framing.smoothing(size, 0.6 * step)[step // 2 - 1 :: step]) / 2
    counts = np.empty((len(pixels), _ORIENTATIONS, _CELLS, _CELLS), dtype=np.float32)
    for number in range(_ORIENTATIONS):
        away = np.abs((orientation - number + _ORIENTATIONS / 2) % _ORIENTATIONS - _ORIENTATIONS / 2)
        counts[:, number] = pooling @ (strength * np.maximum(0, 1 - away)) @ pooling.T
    return _unit(np.sqrt(counts.reshape(len(pixels), -1)))


def _saved_badly(thumbnails: np.ndarray) -> np.ndarray:
    """Save enlarged thumbnails as JPEG of a low quality: its blocks are then as small as in a film's copy."""
    return np.stack([_saved_as_jpeg(Image.fromarray(one)) for one in thumbnails])


def _saved_as_jpeg(thumbnail: Image.Image) -> np.ndarray:
    content = io.BytesIO()
    enlarged = thumbnail.resize((_JPEG_SIDE, _JPEG_SIDE), Image.Resampling.BICUBIC)
    enlarged.save(content, "JPEG", quality=_JPEG_QUALITY)
    return np.asarray(Image.open(content).resize(thumbnail.size, Image.Resampling.BOX))


def _scatter(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return rows.T @ rows / len(rows)


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
