"""What the figures of a study share: square panels, titles that fit, and rows with their names."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestgan.base import figure_style

_PANELS_A_LINE = 3


def square_panels(n: int) -> tuple[Figure, list[Axes]]:
    """Make a figure with n square panels in which both axes are rates from 0 to 1."""
    n_columns = n if n <= _PANELS_A_LINE else math.ceil(math.sqrt(n))
    n_rows = math.ceil(n / n_columns)
    figure = figure_style.new_figure(max(5.4, 4.3 * n_columns), 4.4 * n_rows + 0.5)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in panels[:n]:
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axes.label_outer()
    for axes in panels[n:]:
        axes.set_visible(False)
    return figure, list(panels[:n])


def spread(n: int) -> np.ndarray:
    """Compute small shifts that keep n points of a row apart: (n,) around 0."""
    return np.linspace(-0.2, 0.2, n) if n > 1 else np.zeros(n)


def name_rows(panels: np.ndarray, names: Sequence[str]) -> None:
    """Name the rows that all panels share, from above to below, at the left of the first column."""
    panels[0, 0].set_yticks(range(len(names)), names)
    panels[0, 0].set_ylim(len(names) - 0.45, -0.55)
    for axes in panels[:, 0]:
        axes.tick_params(axis="y", labelsize=8)


def set_title(figure: Figure, title: str) -> None:
    """Put a title above a figure, in as many lines as it takes."""
    figure.suptitle(wrapped(title, figure), x=0.01, ha="left", fontsize=10)


def wrapped(title: str, figure: Figure) -> str:
    """Break a title of 10 points into lines that fit the figure."""
    return textwrap.fill(title, int(12.5 * figure.get_figwidth()))
