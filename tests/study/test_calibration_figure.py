"""Calibration curves show the points that were measured."""

from chestgan.study.calibration_figure import calibration

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
