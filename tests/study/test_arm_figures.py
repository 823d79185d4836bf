"""The figures of arms show what their tables hold, in plain words."""

import numpy as np
import pytest

from chestgan.study import arm_figures
from chestgan.study.arm_figures import Curve


def test_a_curve_has_a_band_a_thin_line_a_seed_and_a_mean():
    grid = np.linspace(0, 1, 5)
    rates = np.array([[0, 0.5, 0.7, 0.9, 1], [0, 0.7, 0.9, 1, 1]])
    curves = [
        Curve("real", "-", 0.91234, grid, rates, rates.min(axis=0), rates.max(axis=0)),
        Curve("real_synthetic", "strong", 0.8, grid, rates[:1], rates[0] - 0.1, rates[0] + 0.1),
    ]
    figure = arm_figures.roc(curves, "title")
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "generator strong"
    assert len(axes.collections) == 2
    # the diagonal, two seeds and their mean, and the one seed
    drawn = [line.get_ydata() for line in axes.get_lines()]
    assert len(drawn) == 5
    assert list(drawn[3]) == pytest.approx([0, 0.6, 0.8, 0.95, 1])
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["0.912 real images alone", "0.800 real and synthetic images"]


def test_an_arm_keeps_its_colour_and_real_images_are_grey():
    colours = arm_figures.arm_colours(["real", "real_synthetic", "synthetic"])
    assert colours == arm_figures.arm_colours(["synthetic", "real", "real_synthetic", "synthetic"])
    assert colours["real"] == "#404040"
    assert len(set(colours.values())) == 3
