"""The tables of what a synthetic set is measured by: its distances to real images, and its diversity."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chestgan.images.image_set import ImageSet
from chestgan.metrics.catalogue import DISTANCES
from chestgan.metrics.copies import COUNTS
from chestgan.metrics.matching import MatchedRows
from chestgan.metrics.metric import ALL, Comparison, Metric

REFERENCES = ("train", "test")
_MATCHED = (
    "n images from each side, drawn at random without replacement, as many of each class on both sides (most_images "
    "bounds them); values are "
    "means over the draws; real_*: the same of real training images beside the test images"
)


def columns(metrics: Sequence[Metric]) -> list[str]:
    """List the columns of the table of `DISTANCES` or of `DIVERSITY`, where the counts of copies follow."""
    return [*metric_columns(metrics), *([] if metrics is DISTANCES else COUNTS)]


def metric_columns(metrics: Sequence[Metric]) -> list[str]:
    """List the columns of metrics in the table of `DISTANCES` or of `DIVERSITY`."""
    keys = ["generator", "seed", "extractor", *(["reference"] if metrics is DISTANCES else []), "class", "n"]
    return [*keys, *value_columns(metrics), *(f"real_{column}" for column in value_columns(metrics))]


def value_columns(metrics: Sequence[Metric]) -> list[str]:
    """List the columns of the values and standard errors of metrics."""
    return [column for metric in metrics for column in metric.columns]


def protocol(metrics: Sequence[Metric]) -> str:
    """Describe how the values of metrics are measured."""
    return "; ".join([_MATCHED, *(f"{metric.name}: {metric.protocol}" for metric in metrics)])


def measure(
    metrics: Sequence[Metric],
    references: Sequence[str],
    features: dict[str, np.ndarray],
    matched: list[MatchedRows],
    train_rows: dict[str, np.ndarray],
    n_subsets: int,
    seed: int,
) -> pd.DataFrame:
    """Measure the synthetic set beside each reference, and the training images beside the last reference, by class.

    Args:
        metrics: of features.
        references: of `REFERENCES`, or `real` where the real images have no split.
        features: (N, d) float32 of the sides: the references, train and generated.
        matched: from `matching.match_rows`; values are means over them. Without rows of the side train there are no
            values of real images.
        train_rows: all training images of each class: a copy of any of them is one.
        n_subsets: subsets for a standard error.
        seed: of all that is random.

    Returns:
        A row for each reference and class: reference, class, n, and the values.
    """

    def compare(candidates: str, reference: str, label: str) -> list[Comparison]:
        training = features["train"][train_rows[label]]
        return [
            Comparison(
                *(features[side][rows[side][label]] for side in (candidates, reference)), training, n_subsets, seed
            )
            for rows in matched
        ]

    names = value_columns(metrics)
    labels = matched[0]["generated"]
    real = {label: np.full(len(names), np.nan) for label in labels}
    if "train" in matched[0]:
        real = {label: _mean_values(metrics, compare("train", references[-1], label), of_real=True) for label in labels}
    table = []
    for reference in references:
        for label, rows in labels.items():
            values = _mean_values(metrics, compare("generated", reference, label))
            table.append(
                {"reference": reference, "class": label, "n": len(rows)} | dict(zip(names, values, strict=True))
            )
            table[-1] |= {f"real_{name}": value for name, value in zip(names, real[label], strict=True)}
    return pd.DataFrame(table)


def measure_pixels(metrics: Sequence[Metric], sides: dict[str, ImageSet], seed: int) -> pd.DataFrame:
    """Measure what compares pixels: of the synthetic set, and of the real training images.

    Returns:
        A row for each class, and one for the mean over the classes.
    """

    def measure_class(metric: Metric, side: str, label: str) -> float:
        candidates, reference, training = (sides[name].where(label=label).images for name in (side, "test", "train"))
        return metric.compute(Comparison(candidates, reference, training, 0, seed))

    table = pd.DataFrame(
        {
            f"{prefix}{metric.name}": {label: measure_class(metric, side, label) for label in sides[side].classes}
            for metric in metrics
            for prefix, side in (("", "generated"), ("real_", "train"))
        }
    )
    return pd.concat([table, table.mean().to_frame(ALL).T])


def _mean_values(metrics: Sequence[Metric], comparisons: list[Comparison], of_real: bool = False) -> np.ndarray:
    """Average the values of metrics over comparisons: (columns,) float64."""
    values = [np.hstack([_value(metric, comparison, of_real) for metric in metrics]) for comparison in comparisons]
    return np.mean(values, axis=0)


def _value(metric: Metric, comparison: Comparison, of_real: bool) -> float | tuple[float, float]:
    return metric.real_value if of_real and metric.real_value is not None else metric.compute(comparison)
