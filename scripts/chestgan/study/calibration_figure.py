"""The calibration curves of a study: how often images are positive, over the probability that they were given."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestgan.base import figure_style
from chestgan.study import figure_parts
from chestgan.study.arm_figures import arm_colours
from chestgan.study.arms import NO_GENERATOR
from chestgan.study.labels import arm_label


def calibration(curves: Sequence[dict[str, Any]], title: str) -> Figure:
    """Draw a panel for each generator: its arms, and in each panel those without a generator.

    Args:
        curves: from `calibration.calibration`.
        title: above the figure.
    """
    generators = sorted({curve["generator"] for curve in curves} - {NO_GENERATOR}) or [NO_GENERATOR]
    colours = arm_colours([curve["arm"] for curve in curves])
    figure, panels = figure_parts.square_panels(len(generators))
    for axes, generator in zip(panels, generators, strict=True):
        axes.plot([0, 1], [0, 1], ":", color=figure_style.NEUTRAL_COLOUR, linewidth=1)
        for curve in curves:
            if curve["generator"] in (NO_GENERATOR, generator):
                _draw(axes, curve, colours[curve["arm"]])
        axes.set_title("" if generator == NO_GENERATOR else f"generator {generator}")
        axes.legend(loc="upper left", fontsize=8)
    figure.supxlabel("probability that the classifiers gave", fontsize=9)
    figure.supylabel("share of positive images", fontsize=9)
    figure_parts.set_title(figure, title)
    return figure


def _draw(axes: Axes, curve: dict[str, Any], colour: str) -> None:
    predicted, observed = ([point[name] for point in curve["points"]] for name in ("predicted", "observed"))
    axes.plot(predicted, observed, "o-", color=colour, markersize=3.5, label=arm_label(curve["arm"]))
