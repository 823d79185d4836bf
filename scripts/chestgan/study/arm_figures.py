"""The figures of a study's arms: ROC curves and scores."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestgan.base import figure_style
from chestgan.metrics.score_tables import LOWER_IS_BETTER
from chestgan.study import figure_parts
from chestgan.study.arms import NO_GENERATOR, REAL
from chestgan.study.labels import arm_label, score_label

_PANELS_A_LINE = 3
_SCORE_PANELS = ("roc_auc", "pr_auc", "balanced_accuracy", "sensitivity", "specificity", "brier")


class Curve(NamedTuple):
    """The ROC curves of an arm on one grid of false-positive rates; all rates in [0, 1].

    Attributes:
        arm: its name.
        generator: its generator, or `NO_GENERATOR`.
        auc: the mean of the areas of its seeds.
        false_positive: (P,) the grid.
        rates: (S, P) true-positive rates, one row per seed.
        low: (P,) lower end of the interval over patients of the mean over the seeds.
        high: (P,) its upper end.
    """

    arm: str
    generator: str
    auc: float
    false_positive: np.ndarray
    rates: np.ndarray
    low: np.ndarray
    high: np.ndarray


def roc(curves: Sequence[Curve], title: str) -> Figure:
    """Draw a panel for each generator: its arms, and in each panel those without a generator."""
    generators = sorted({curve.generator for curve in curves} - {NO_GENERATOR}) or [NO_GENERATOR]
    colours = arm_colours([curve.arm for curve in curves])
    figure, panels = figure_parts.square_panels(len(generators))
    for axes, generator in zip(panels, generators, strict=True):
        axes.plot([0, 1], [0, 1], ":", color=figure_style.NEUTRAL_COLOUR, linewidth=1)
        for curve in curves:
            if curve.generator in (NO_GENERATOR, generator):
                _draw_curve(axes, curve, colours[curve.arm])
        axes.set_title("" if generator == NO_GENERATOR else f"generator {generator}")
        axes.legend(loc="lower right", fontsize=8, title="ROC AUC, mean over seeds", title_fontsize=8, alignment="left")
    figure.supxlabel("false-positive rate (1 − specificity)", fontsize=9)
    figure.supylabel("sensitivity", fontsize=9)
    figure_parts.set_title(figure, title)
    return figure


def scores(runs: pd.DataFrame, table: pd.DataFrame, primary_score: str, title: str) -> Figure:
    """Draw one panel per score: a point for each run and a bar at the mean of each arm.

    Args:
        runs: the scores of the positive class, one row per run: arm, generator, seed and the scores.
        table: a row for each arm and generator, in the order in which they are drawn.
        primary_score: drawn first.
    """
    names = list(dict.fromkeys([primary_score, *_SCORE_PANELS]))[: len(_SCORE_PANELS)]
    colours = arm_colours(table["arm"])
    n_rows = math.ceil(len(names) / _PANELS_A_LINE)
    figure = figure_style.new_figure(10.5, 0.9 + n_rows * (0.6 + 0.4 * len(table)))
    panels = figure.subplots(n_rows, _PANELS_A_LINE, sharey=True)
    for axes, score in zip(panels.ravel(), names, strict=True):
        for place, (arm, generator) in enumerate(zip(table["arm"], table["generator"], strict=True)):
            values = runs[(runs["arm"] == arm) & (runs["generator"] == generator)][score].to_numpy()
            axes.plot(
                values, place + figure_parts.spread(len(values)), "o", color=colours[arm], alpha=0.75, markersize=4.5
            )
            axes.vlines(values.mean(), place - 0.36, place + 0.36, color=colours[arm], linewidth=2.2)
            if arm == REAL:
                axes.axvline(values.mean(), color=figure_style.NEUTRAL_COLOUR, linestyle=":", linewidth=1, zorder=0.9)
        axes.set_title(score_label(score) + (" (lower is better)" if score in LOWER_IS_BETTER else ""))
        axes.grid(visible=False, axis="y")
        axes.locator_params(axis="x", nbins=5)
        axes.margins(x=0.1)
    labels = [
        arm_label(arm, generator).replace(" (", "\n(").replace(", ", ",\n")
        for arm, generator in zip(table["arm"], table["generator"], strict=True)
    ]
    figure_parts.name_rows(panels, labels)
    figure_parts.set_title(figure, title)
    return figure


def arm_colours(arms: Iterable[str]) -> dict[str, str]:
    """Assign each arm its colour, by its place in the alphabet; the arm `real` is always the same dark grey."""
    return figure_style.colours(set(arms) - {REAL}) | {REAL: figure_style.REAL_COLOUR}


def _draw_curve(axes: Axes, curve: Curve, colour: str) -> None:
    """Draw the mean over the seeds, the band over patients, and a thin line for each of several seeds."""
    axes.fill_between(curve.false_positive, curve.low, curve.high, color=colour, alpha=0.1, linewidth=0)
    for rates in curve.rates if len(curve.rates) > 1 else ():
        axes.plot(curve.false_positive, rates, color=colour, linewidth=0.5, alpha=0.6)
    label = f"{curve.auc:.3f} {arm_label(curve.arm)}"
    axes.plot(curve.false_positive, curve.rates.mean(axis=0), color=colour, label=label)
