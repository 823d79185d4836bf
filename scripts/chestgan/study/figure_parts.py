"""What the figures of a study share: titles that fit, and rows with their names."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure


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
