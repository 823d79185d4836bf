"""The figure of the arms' scores over the number of real training patients."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from chestgan.base import figure_style
from chestgan.study import figure_parts
from chestgan.study.arm_figures import arm_colours
from chestgan.study.arms import NO_GENERATOR, REAL
from chestgan.study.labels import arm_label, score_label

# arms of one number of patients stand side by side, so that their intervals don't hide one another
_APART = 0.02


def patients(table: pd.DataFrame, score: str, title: str) -> Figure:
    """Draw a panel for each generator: its arms, and in each panel those without a generator.

    Args:
        table: from `fractions.fraction_table`.
        score: the primary score.
    """
    generators = sorted(set(table["generator"]) - {NO_GENERATOR}) or [NO_GENERATOR]
    colours = arm_colours(table["arm"])
    figure = figure_style.new_figure(max(5.4, 4.9 * len(generators)), 5.0)
    panels = figure.subplots(1, len(generators), squeeze=False, sharey=True).ravel()
    for axes, generator in zip(panels, generators, strict=True):
        shown = table[table["generator"].isin([NO_GENERATOR, generator])]
        arms = list(shown.groupby(["arm", "generator"], sort=False))
        for place, ((arm, _), rows) in enumerate(arms):
            shift = 1 + _APART * (place - (len(arms) - 1) / 2)
            _draw_arm(axes, rows, colours[arm], arm_label(arm), shift)
        _number_patients(axes, table)
        axes.set_title("" if generator == NO_GENERATOR else f"generator {generator}")
        axes.set_xlabel("real training patients", fontsize=9)
        # below, where it hides no interval
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), fontsize=8, ncols=2)
    figure.supylabel(score_label(score), fontsize=9)
    figure_parts.set_title(figure, title)
    return figure


def _draw_arm(axes: Axes, rows: pd.DataFrame, colour: str, label: str, shift: float) -> None:
    """Draw an arm's mean scores joined by lines, each with its interval where there is one."""
    rows = rows.sort_values("n_real_patients")
    x = rows["n_real_patients"] * shift
    axes.vlines(x, rows["score_low"], rows["score_high"], color=colour, linewidth=1, alpha=0.7)
    style = {"linewidth": 2.2, "zorder": 3} if label == arm_label(REAL) else {}
    axes.plot(x, rows["score"], "o-", color=colour, markersize=4.5, label=label, **style)


def _number_patients(axes: Axes, table: pd.DataFrame) -> None:
    """Put the numbers of patients that were trained with on a logarithmic axis."""
    numbers = sorted(table["n_real_patients"].unique())
    axes.set_xscale("log")
    axes.set_xticks(numbers, [f"{n:g}" for n in numbers])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.08)
