"""Figures of the probabilities of a study's classifiers: whether they are right, and what acting on them is worth."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestgan.base import figure_style
from chestgan.study import figure_parts
from chestgan.study.arm_figures import arm_colours
from chestgan.study.arms import NO_GENERATOR
from chestgan.study.labels import arm_label
from chestgan.study.net_benefit import THRESHOLDS

# the lower end of net benefit, below which nobody would act, and what is left free above the highest curve
_LOWEST, _MARGIN = -0.1, 0.05


def calibration(curves: Sequence[dict[str, Any]], title: str) -> Figure:
    """Draw how often images are positive, over the probability that they were given.

    Args:
        curves: from `calibration.calibration`.
        title: above the figure.
    """

    def draw(axes: Axes, curve: dict[str, Any], **style: Any) -> None:
        predicted, observed = ([point[name] for point in curve["points"]] for name in ("predicted", "observed"))
        axes.plot(predicted, observed, "o-", markersize=3.5, **style)

    def perfect(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], ":", color=figure_style.NEUTRAL_COLOUR, linewidth=1)

    figure = _panels(curves, perfect, draw, title, "upper left")
    figure.supxlabel("probability that the classifiers gave", fontsize=9)
    figure.supylabel("share of positive images", fontsize=9)
    return figure


def decisions(curves: Sequence[dict[str, Any]], of_all: np.ndarray, title: str) -> Figure:
    """Draw the net benefit over the threshold.

    Args:
        curves: from `net_benefit.decision_curves`.
        of_all: from `net_benefit.of_calling_all`.
        title: above the figure.
    """

    def draw(axes: Axes, curve: dict[str, Any], **style: Any) -> None:
        axes.plot(THRESHOLDS, curve["net_benefit"], **style)

    highest = max(max(curve["net_benefit"]) for curve in curves)

    def none_and_all(axes: Axes) -> None:
        for values in (np.zeros_like(of_all), of_all):
            axes.plot(THRESHOLDS, values, ":", color=figure_style.NEUTRAL_COLOUR, linewidth=1)
        axes.set(ylim=(_LOWEST, highest + _MARGIN), aspect="auto")

    figure = _panels(curves, none_and_all, draw, title, "upper right")
    figure.supxlabel("threshold: probability from which an image is called positive", fontsize=9)
    figure.supylabel("net benefit, true positives an image", fontsize=9)
    return figure


def _panels(
    curves: Sequence[dict[str, Any]],
    draw_reference: Callable[[Axes], None],
    draw: Callable[..., None],
    title: str,
    legend: str,
) -> Figure:
    """Draw a panel for each generator: its arms, and in each panel those without a generator."""
    generators = sorted({curve["generator"] for curve in curves} - {NO_GENERATOR}) or [NO_GENERATOR]
    colours = arm_colours([curve["arm"] for curve in curves])
    figure, panels = figure_parts.square_panels(len(generators))
    for axes, generator in zip(panels, generators, strict=True):
        draw_reference(axes)
        for curve in curves:
            if curve["generator"] in (NO_GENERATOR, generator):
                draw(axes, curve, color=colours[curve["arm"]], label=arm_label(curve["arm"]))
        axes.set_title("" if generator == NO_GENERATOR else f"generator {generator}")
        axes.legend(loc=legend, fontsize=8)
    figure_parts.set_title(figure, title)
    return figure
