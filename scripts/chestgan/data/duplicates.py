"""Images that are one picture: equal bytes, or the same picture stored twice, if in another frame."""

import numpy as np
import pandas as pd

from chestgan.data import descriptors, patients, registration

# of fine detail; no two patients of 1,745 chest X-rays and 738 CT slices reach it, copies in another frame do
LEAST_CORRELATION = 0.72
# of smaller images than the search is made for, which have no fine detail: of two patients it reaches 0.8
LEAST_WITHOUT_DETAIL = 0.95
# A JPEG of quality 5 has lost the fine detail, but what it has left correlates more than two patients do.
LEAST_COARSE_CORRELATION = 0.973
LEAST_FINE_OF_COARSE = 0.45
# by how much of a side the frame of a near duplicate may differ
MOST_MOVED = 0.02
_FRAME = (0.9,)
_N_NEAREST = 6
# of the descriptions of copies: 98 % of each kind have a higher one, half of other patients' second nearest a lower
_LEAST_COSINE = 0.45
PROTOCOL = (
    f"bars trimmed; the {_N_NEAREST} nearest by oriented gradients, projected by Fisher's discriminant, upright and "
    "mirrored; laid over each other by an affine map; one picture if fine detail correlates by "
    f"duplicate_correlation, or by {LEAST_FINE_OF_COARSE:g} and coarse structure by {LEAST_COARSE_CORRELATION:g}"
)
_PAIR_COLUMNS = ["first", "second", "kind", *registration.COLUMNS]


def find(
    sha256: np.ndarray,
    thumbnails: np.ndarray,
    least_correlation: float = LEAST_CORRELATION,
    kin: np.ndarray | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Find the pairs of images that are one picture.

    Args:
        sha256: (N,) str, of the files' bytes.
        thumbnails: (N, S, S) uint8, from `framing.thumbnail`.
        least_correlation: as in `search`.
        kin: (N,) int64; among images of one number only those of equal bytes are found.
        threads: that compare at once.

    Returns:
        Places `first` < `second`; `kind`: `exact` (equal bytes), `near` or `reframed` (in another frame, mirrored or
        inverted); and the columns of `registration.compare`.
    """
    exact = _exact_pairs(sha256)
    same = registration.compare(thumbnails, thumbnails, exact, np.zeros(len(exact), dtype=bool), threads)
    same = same.assign(first=exact[:, 0], second=exact[:, 1], kind="exact", correlation=1.0, coarse_correlation=1.0)
    kin = np.arange(len(thumbnails)) if kin is None else kin
    alike = search(thumbnails, thumbnails, least_correlation, (kin, kin), threads)
    alike = alike.rename(columns={"query": "first", "reference": "second"})
    alike = alike[sha256[alike["first"]] != sha256[alike["second"]]]
    found = pd.concat([same[_PAIR_COLUMNS], alike[_PAIR_COLUMNS]])
    return found.sort_values(["first", "second"], ignore_index=True)


def search(
    queries: np.ndarray,
    references: np.ndarray,
    least_correlation: float = LEAST_CORRELATION,
    kin: tuple[np.ndarray, np.ndarray] | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Find the references that are the same picture as a query, in whatever frame.

    The nearest by their descriptions are laid over each other. A pair is one picture if the fine detail correlates at
    least so much, or if what a bad JPEG leaves does by `LEAST_COARSE_CORRELATION`.

    Args:
        queries: (N, S, S) uint8, from `framing.thumbnail`.
        references: (M, S, S) uint8, likewise; may be the queries themselves, then a pair is found once.
        least_correlation: of the fine detail, at most 1.
        kin: numbers of the queries and of the references; pairs of equal ones are passed over.
        threads: that compare at once.

    Returns:
        Places `query` and `reference`; `kind`: `near` or `reframed`; and the columns of `registration.compare`.
    """
    if not len(queries) or not len(references):
        return pd.DataFrame(columns=["query", "reference", "kind", *registration.COLUMNS])
    pairs, mirrored = _candidates(queries, references, kin)
    compared = registration.compare(queries, references, pairs, mirrored, threads)
    table = pd.concat([pd.DataFrame(pairs, columns=["query", "reference"]), compared], axis=1)
    fine, coarse = table["correlation"], table["coarse_correlation"]
    table = table[(fine >= least_correlation) | (fine >= LEAST_FINE_OF_COARSE) & (coarse >= LEAST_COARSE_CORRELATION)]
    moved = (table["moved"] > MOST_MOVED) | table["mirrored"] | table["inverted"]
    table = table.assign(kind=np.where(moved, "reframed", "near")).sort_values("correlation", ascending=False)
    table = table.drop_duplicates(["query", "reference"]).sort_values(["query", "reference"], ignore_index=True)
    digits = dict.fromkeys(("correlation", "coarse_correlation", "overlap", "moved"), 4)
    return table.round(digits)


def find_between(
    table: pd.DataFrame, thumbnails: np.ndarray, least_correlation: float = LEAST_CORRELATION, threads: int = 1
) -> pd.DataFrame:
    """Find the pairs that matter, with the files, labels and patients of both sides.

    They are of two patients, of two labels, or of equal bytes: two much alike films of one patient aren't the same.

    Args:
        table: file, sha256, label and patient of each image.
        thumbnails: as in `find`.
        least_correlation: as in `search`.
        threads: that compare at once.
    """
    kin = table.groupby(["patient", "label"]).ngroup().to_numpy()
    pairs = find(table["sha256"].to_numpy(str), thumbnails, least_correlation, kin, threads)
    described = {
        f"{column}_{side}": table[column].to_numpy()[pairs[place].to_numpy(np.int64)]
        for column in ("file", "label", "patient")
        for side, place in (("a", "first"), ("b", "second"))
    }
    return pd.concat([pd.DataFrame(described), pairs], axis=1)


def to_drop(pairs: pd.DataFrame, labels: np.ndarray) -> np.ndarray:
    """Mark the images to drop, so that each picture is left once: (N,) bool.

    The first of several copies stays; where their labels contradict each other none does, for none can be believed.
    """
    n_images = len(labels)
    group = patients.groups(n_images, pairs[["first", "second"]].to_numpy())
    of_group = pd.Series(labels).groupby(group)
    contradictory = of_group.transform("nunique").to_numpy() > 1
    later = of_group.cumcount().to_numpy() > 0
    return contradictory | later


def _candidates(
    queries: np.ndarray, references: np.ndarray, kin: tuple[np.ndarray, np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    """List the pairs that are worth a comparison: (P, 2) int64, and (P,) bool whether by the mirror image."""
    within = queries is references
    projection = descriptors.train(references)
    counts = descriptors.histograms(queries)
    upright, mirrored = projection.apply(counts), projection.apply(descriptors.mirrored(counts))
    described = projection.apply(descriptors.histograms(references))
    closer = projection.apply(descriptors.histograms(references, _FRAME))
    found = []
    for flipped, query in enumerate((upright, mirrored)):
        found += [(query, target, flipped) for target in (described, closer)]
    if not within:
        counts = descriptors.histograms(queries, _FRAME)
        found += [(projection.apply(counts), described, 0)]
        found += [(projection.apply(descriptors.mirrored(counts)), described, 1)]
    rows = [
        _pairs(descriptors.nearest(query, target, _N_NEAREST, _LEAST_COSINE, kin), flipped)
        for query, target, flipped in found
    ]
    rows = np.concatenate(rows)
    if within:
        rows[:, :2].sort(axis=1)
    rows = np.unique(rows, axis=0)
    return rows[:, :2], rows[:, 2].astype(bool)


def _pairs(nearest: np.ndarray, flipped: int) -> np.ndarray:
    query, rank = np.nonzero(nearest >= 0)
    return np.stack([query, nearest[query, rank], np.full(len(query), flipped)], axis=1)


def _exact_pairs(sha256: np.ndarray) -> np.ndarray:
    """Pair every file with each later one of equal bytes: (P, 2) int64."""
    places = pd.Series(np.arange(len(sha256))).groupby(sha256)
    pairs = [(a, b) for _, same in places for i, a in enumerate(same) for b in same.iloc[i + 1 :]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
