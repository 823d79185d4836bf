"""Calibration and decision curves show what was measured."""

import numpy as np

from chestgan.study.net_benefit import THRESHOLDS
from chestgan.study.probability_figures import calibration, decisions

POINTS = [
    {"predicted": 0.2, "observed": 0.1, "n_images": 20},
    {"predicted": 0.8, "observed": 0.6, "n_images": 20},
]


def test_every_generator_has_a_panel_with_its_arms_and_those_of_real_images():
    curves = [{"arm": "real", "generator": "-", "points": POINTS}]
    curves += [{"arm": "synthetic", "generator": name, "points": POINTS[:1]} for name in ("dcgan", "strong")]
    figure = calibration(curves, "title")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["generator dcgan", "generator strong"]
    for axes in figure.axes:
        _, real, synthetic = axes.get_lines()
        assert real.get_xydata().tolist() == [[0.2, 0.1], [0.8, 0.6]]
        assert synthetic.get_xydata().tolist() == [[0.2, 0.1]]
        names = [text.get_text() for text in axes.get_legend().get_texts()]
        assert names == ["real images alone", "synthetic images alone"]


def test_decision_curves_stand_beside_those_of_calling_all_and_none():
    falling = np.linspace(0.4, 0, len(THRESHOLDS))
    curves = [{"arm": "real", "generator": "-", "net_benefit": falling.tolist()}]
    (axes,) = decisions(curves, falling - 0.1, "title").axes
    none, of_all, real = (line.get_ydata().tolist() for line in axes.get_lines())
    assert none == [0.0] * len(THRESHOLDS)
    assert of_all == (falling - 0.1).tolist()
    assert real == falling.tolist()
    assert axes.get_lines()[0].get_xdata().tolist() == THRESHOLDS.tolist()
