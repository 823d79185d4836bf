"""The forest plot of a study: every difference between arms with its interval, narrow enough for a phone."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestgan.base import figure_style
from chestgan.metrics.score_tables import LOWER_IS_BETTER
from chestgan.study.arm_figures import arm_colours
from chestgan.study.arm_table import comparisons
from chestgan.study.arms import REAL, REAL_AUGMENTED, REFERENCE_ARMS
from chestgan.study.labels import arm_label, score_label

HEADINGS = {REAL: "Against real images alone", REAL_AUGMENTED: "Against standard augmentation"}
_WIDTH, _ROW = 4.9, 0.4
# in rows: the names stand this far above their lines
_ABOVE = 0.3


def forest(table: pd.DataFrame, score: str, confidence: float) -> Figure:
    """Draw each difference as a point, its interval thick, and thin the wider one that holds for all together.

    Args:
        table: from `arm_table.with_differences`.
        score: the primary score.
        confidence: of the intervals, in (0, 1).
    """
    groups = {name: comparisons(table, name) for name in REFERENCE_ARMS}
    groups = {name: rows for name, rows in groups.items() if len(rows)}
    n_rows = sum(1 + len(rows) for rows in groups.values())
    figure = figure_style.new_figure(_WIDTH, 0.9 + _ROW * max(1, n_rows))
    axes = figure.subplots()
    colours, place = arm_colours(table["arm"]), 0
    for reference, rows in groups.items():
        at_left = axes.get_yaxis_transform()
        axes.text(0, place, HEADINGS[reference], transform=at_left, weight="bold", va="center")
        for _, row in rows.iterrows():
            place += 1
            _draw_row(axes, row, REFERENCE_ARMS[reference], place, colours[row["arm"]])
        place += 1
    axes.axvline(0, color=figure_style.REAL_COLOUR, linewidth=1, zorder=0.9)
    axes.set_ylim(max(place, 1) - 0.6, -0.75)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.08)
    worse_first = score not in LOWER_IS_BETTER
    ends = "worse  ←  →  better" if worse_first else "better  ←  →  worse"
    axes.set_xlabel(f"difference of {score_label(score)}, {100 * confidence:g} % interval\n{ends}")
    return figure


def _draw_row(axes: Axes, row: pd.Series, prefix: str, place: int, colour: str) -> None:
    """Draw one difference with its two intervals; an interval that isn't there is left out."""
    low, high = row[f"{prefix}difference_low"], row[f"{prefix}difference_high"]
    family_low, family_high = row[f"{prefix}family_low"], row[f"{prefix}family_high"]
    axes.plot([family_low, family_high], [place, place], color=colour, linewidth=1.1, solid_capstyle="butt")
    axes.plot([low, high], [place, place], color=colour, linewidth=3.6, solid_capstyle="butt")
    point = row[f"{prefix}difference"]
    axes.plot(point, place, "D", color="white", markeredgecolor=colour, markersize=5.5, markeredgewidth=1.4)
    label, transform = arm_label(row["arm"], row["generator"]), axes.get_yaxis_transform()
    # on white, so that no grid line crosses a digit
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    axes.text(0, place - _ABOVE, label, transform=transform, fontsize=8.5, va="center", bbox=paper)
    numbers = f"{point:+.3f}" + (f" ({family_low:+.3f} to {family_high:+.3f})" if np.isfinite(family_low) else "")
    axes.text(1, place - _ABOVE, numbers, transform=transform, fontsize=8, va="center", ha="right", bbox=paper)
