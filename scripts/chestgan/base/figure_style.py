"""The one style of all figures: colours and sizes; equal figures are equal files."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from chestgan.base import files

# Okabe and Ito (2008) for classes and Tol's muted scheme for arms: told apart with every common colour blindness.
# Generators have earth colours and dashes. The three share no colour, so that none is taken for another.
_CLASS_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
_COLOURS = ("#332288", "#882255", "#117733", "#CC6677", "#44AA99", "#AA4499", "#999933", "#88CCEE", "#DDCC77")
_LINE_COLOURS = ("#8C510A", "#000000", "#C9A26B", "#5B7083", "#9E7BB5")
_DASHES = ("-", "--", ":", "-.")
REAL_COLOUR = "#404040"
NEUTRAL_COLOUR = "#9A9A9A"

_STYLE = {
    "figure.dpi": 120,
    "savefig.dpi": 120,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
    # text stays text, which a reader can search and an author can edit
    "svg.fonttype": "none",
    "svg.hashsalt": "chestgan",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
}


def use_style() -> None:
    """Set matplotlib's defaults to the one style; call it before a figure is made."""
    matplotlib.use("Agg")
    matplotlib.rcParams.update(_STYLE)


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of this size in inches, in the one style, that no global state of pyplot holds on to."""
    use_style()
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG or an SVG, by the name of the file; equal figures give equal bytes."""
    kind = path.suffix.removeprefix(".")
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    with files.new_file(path) as partial:
        figure.savefig(partial, format=kind, metadata=metadata)


def class_colours(classes: Iterable[str]) -> dict[str, str]:
    """Assign each class its colour, by its place in the alphabet."""
    return {label: _CLASS_COLOURS[i % len(_CLASS_COLOURS)] for i, label in enumerate(sorted(classes))}


def colours(names: Iterable[str]) -> dict[str, str]:
    """Assign each name its colour, by its place in the alphabet; never one that a class has."""
    return {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(sorted(set(names)))}


def line_styles(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Assign each of many lines its colour and dashes, by its place: colours alone don't tell a dozen apart."""
    n = len(_LINE_COLOURS)
    return {
        name: {"color": _LINE_COLOURS[i % n], "linestyle": _DASHES[i // n % len(_DASHES)]}
        for i, name in enumerate(dict.fromkeys(names))
    }
