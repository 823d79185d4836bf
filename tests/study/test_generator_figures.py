"""The figures of generators show what the tables hold."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestgan.base import figure_style
from chestgan.study import generator_figures


def histories(**distances: list[list[float]]) -> pd.DataFrame:
    """Make histories by generator and seed, a snapshot each thousand images."""
    rows = [
        (generator, seed, float(place), distance)
        for generator, seeds in distances.items()
        for seed, values in enumerate(seeds)
        for place, distance in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=["generator", "seed", "kimg", "validation_kd"])


def drawn(figure: Figure) -> tuple[Axes, dict[str, np.ndarray], list[str]]:
    """Give the axes of a figure of one panel, its named lines as (points, 2), and the names in its legend."""
    (axes,) = figure.axes
    lines = {line.get_label(): line.get_xydata() for line in axes.get_lines() if line.get_label()[0] != "_"}
    return axes, lines, [text.get_text() for text in figure.legends[0].get_texts()]


def test_learning_curves_are_means_over_the_points_that_all_seeds_have():
    table = histories(covidgan=[[1.0, 0.8, 0.9], [1.2, 0.6, 0.7, 0.3]], strong=[[1.5, 0.2, 0.1]])
    axes, lines, names = drawn(generator_figures.training(table, "title"))
    assert lines["covidgan"] == pytest.approx(np.array([[1, 1.1], [2, 0.7], [3, 0.8]]))
    assert lines["strong"] == pytest.approx(np.array([[1, 1.5], [2, 0.2], [3, 0.1]]))
    assert names == ["covidgan", "strong", "selected, one point per seed"]
    assert axes.get_yscale() == "log"
    (kept, _) = (line.get_xydata() for line in axes.get_lines() if line.get_marker() == "o")
    assert kept == pytest.approx(np.array([[2, 0.8], [4, 0.3]]))


def test_the_legend_of_learning_curves_goes_from_above_to_below():
    table = histories(low=[[0.9, 0.1]], high=[[0.2, 1.0]], middle=[[0.5, 0.5]])
    assert drawn(generator_figures.training(table, "title"))[2][:3] == ["high", "middle", "low"]


def test_a_distance_below_zero_is_shown():
    axes, lines, _ = drawn(generator_figures.training(histories(strong=[[1.0, 0.1, -0.004]]), "title"))
    assert axes.get_yscale() == "symlog"
    assert axes.get_ylim()[0] < -0.004
    assert lines["strong"][-1] == pytest.approx([3, -0.004])


def test_the_lines_of_a_dozen_generators_are_told_apart():
    names = [f"generator {number}" for number in range(20)]
    styles = figure_style.line_styles([*names, *names])
    assert list(styles) == names
    assert len({tuple(style.values()) for style in styles.values()}) == 20


def test_diversity_is_drawn_beside_that_of_real_images():
    table = pd.DataFrame(
        {"generator": "covidgan", "seed": seed, "class": label, "n": 30, "coverage": 0.1 + seed / 10}
        | {"real_coverage": 0.9, "dcr_ratio": 1.3, "real_dcr_ratio": 1.0, "ms_ssim": 0.99, "real_ms_ssim": 0.4}
        | {"copies_share": seed / 4, "precision": 0.3, "real_precision": 0.8, "recall": 0.2, "real_recall": 0.7}
        | {"density": 0.5, "real_density": 1.1}
        for seed in (0, 1)
        for label in ("all", "covid", "normal")
    )
    panels = np.reshape(generator_figures.diversity(table, "title").axes, (7, 3))
    covered, copied, *others = panels[:, 0]
    (points,) = copied.get_lines()
    assert list(points.get_xdata()) == [0, 0.25]
    assert copied.get_xlabel() == "share of copies\nof training images"
    assert [axes.get_title(loc="left") for axes in panels[0]] == [
        "all images, n = 30",
        "covid, n = 30",
        "normal, n = 30",
    ]
    for axes, values, real in zip(
        [covered, *others],
        ([0.1, 0.2], [0.3, 0.3], [0.2, 0.2], [0.5, 0.5], [1.3, 1.3], [0.99, 0.99]),
        (0.9, 0.8, 0.7, 1.1, 1, 0.4),
        strict=True,
    ):
        (points,) = axes.get_lines()
        assert list(points.get_xdata()) == pytest.approx(values)
        (segment,) = axes.collections[0].get_segments()
        assert list(segment[:, 0]) == [real, real]
