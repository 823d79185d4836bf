"""The curves of a training show its history, and mark the snapshot that was selected."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from chestgan.gan import training_curves
from chestgan.gan.kinds import KINDS
from chestgan.gan.step import LOSSES


def history_of(*distances: float) -> pd.DataFrame:
    """Make a history with a row each half thousand images and these distances; nan where there is no snapshot."""
    table = pd.DataFrame({"kimg": 0.5 * np.arange(1, len(distances) + 1), "validation_kd": distances})
    return table.assign(**{name: table["kimg"] + place for place, name in enumerate(LOSSES)})


def panels(history: pd.DataFrame) -> tuple[Axes, Axes]:
    above, below = training_curves.plot(history, "mine, seed 4", "gan").axes
    return above, below


@pytest.mark.parametrize("kind", KINDS)
def test_the_columns_are_those_that_a_training_writes(kind: str) -> None:
    assert training_curves.columns(kind) == ["kimg", *KINDS[kind].losses, "validation_kd"]


def test_a_diffusion_model_has_one_loss() -> None:
    history = pd.DataFrame({"kimg": [0.5, 1.0], "denoising": [0.9, 0.4], "validation_kd": [np.nan, 0.2]})
    (line,) = training_curves.plot(history, "mine, seed 4", "diffusion").axes[0].get_lines()
    np.testing.assert_array_equal(line.get_xydata(), history[["kimg", "denoising"]])


def test_every_loss_is_a_line_of_its_own() -> None:
    history = history_of(np.nan, 0.5, np.nan, 0.3)
    above, _ = panels(history)
    lines = above.get_lines()
    assert [line.get_label() for line in lines] == [
        "discriminator, source",
        "discriminator, class",
        "generator, source",
        "generator, class",
    ]
    for line, name in zip(lines, LOSSES, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), history[["kimg", name]])
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 4
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color() == lines[3].get_color()


def test_only_snapshots_have_a_point_and_the_lowest_is_marked() -> None:
    _, below = panels(history_of(np.nan, 0.5, np.nan, 0.3, np.nan, 0.4))
    points, mark = below.get_lines()
    np.testing.assert_array_equal(points.get_xydata(), [[1, 0.5], [2, 0.3], [3, 0.4]])
    assert list(mark.get_xdata()) == [2, 2]
    assert [text.get_text() for text in below.get_legend().get_texts()] == ["selected: 2 thousand images"]


@pytest.mark.parametrize(
    ("distances", "selected"), [((0.4,), 0.5), ((0.4, 0.3, 0.3), 1), ((0.01, -0.02, 0.0), 1), ((np.nan, 0.4, 0.4), 1)]
)
def test_of_equal_snapshots_the_first_is_marked_and_one_below_zero_is_lower(
    distances: tuple[float, ...], selected: float
) -> None:
    _, below = panels(history_of(*distances))
    assert list(below.get_lines()[1].get_xdata()) == [selected] * 2


def test_the_axes_say_what_they_are() -> None:
    figure = training_curves.plot(history_of(0.4), "mine, seed 4", "gan")
    above, below = figure.axes
    assert figure.get_suptitle() == "mine, seed 4"
    assert above.get_ylabel() == "loss"
    assert below.get_ylabel() == "kernel distance (KD)\nto validation patients"
    assert below.get_xlabel() == "thousand real images shown"
    assert above.get_shared_x_axes().joined(above, below)
