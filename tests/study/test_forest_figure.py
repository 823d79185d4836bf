"""The forest plot shows every difference with its intervals, and says on which side is better."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from chestgan.study.differences import DIFFERENCE_COLUMNS
from chestgan.study.forest_figure import forest

ROWS = [
    ("real", "-", "real", [0.0] * 5, [np.nan] * 5),
    ("real_augmented", "-", "real", [0.05, 0.01, 0.09, -0.02, 0.12], [0.0] * 5),
    ("real_synthetic", "strong", "real_synthetic", [-0.2, -0.3, -0.1, -0.4, -0.05], [-0.25, -0.3, -0.2, -0.5, -0.1]),
]


@pytest.fixture
def table() -> pd.DataFrame:
    """Make the differences of three arms, against real images and against augmented ones."""
    rows = []
    for arm, generator, train_on, differences, augmented in ROWS:
        rows.append({"arm": arm, "generator": generator, "train_on": train_on})
        rows[-1] |= dict(zip(DIFFERENCE_COLUMNS, differences, strict=True))
        rows[-1] |= {f"augmented_{name}": value for name, value in zip(DIFFERENCE_COLUMNS, augmented, strict=True)}
    return pd.DataFrame(rows)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_comparison_has_its_name_and_numbers(table):
    assert texts(forest(table, "roc_auc", 0.95)) == [
        "Against real images alone",
        "real images, augmented",
        "+0.050 (-0.020 to +0.120)",
        "real and synthetic images (strong)",
        "-0.200 (-0.400 to -0.050)",
        "Against standard augmentation",
        "real and synthetic images (strong)",
        "-0.250 (-0.500 to -0.100)",
    ]


def test_the_lines_are_the_two_intervals_and_the_point(table):
    lines = forest(table, "roc_auc", 0.95).axes[0].get_lines()
    drawn = [list(line.get_xdata()) for line in lines][:3]
    assert drawn == [[-0.02, 0.12], [0.01, 0.09], [0.05]]


def test_the_axis_names_the_better_side(table):
    assert forest(table, "roc_auc", 0.95).axes[0].get_xlabel().endswith("worse  ←  →  better")
    assert forest(table, "brier", 0.95).axes[0].get_xlabel().endswith("better  ←  →  worse")


def test_an_arm_that_is_compared_with_nothing_leaves_an_empty_plot(table):
    assert texts(forest(table.iloc[:1], "roc_auc", 0.95)) == []


def test_a_difference_without_interval_stands_alone(table):
    table.loc[1, ["difference_low", "difference_high", "family_low", "family_high"]] = np.nan
    assert "+0.050" in texts(forest(table, "roc_auc", 0.95))
