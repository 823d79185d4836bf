"""The figures of a study: ROC curves, scores, distances, and samples beside real images."""

import math
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator, SymmetricalLogLocator

from chestgan import figures
from chestgan.draws import ALL
from chestgan.study import SCORES
from chestgan.study_inputs import NO_GENERATOR

_PANELS_A_LINE = 3
_SHARES = ("coverage", "ms_ssim")
# below it a kernel distance is hardly told from that of real to real patients
_NEAR_ZERO = 0.01
# of each decade of a logarithmic axis
_TICKS = (1, 2, 3, 5, 7)
_SCORE_PANELS = ("roc_auc", "pr_auc", "balanced_accuracy", "sensitivity", "specificity", "brier")
# of a sample sheet, in pixels
_SMALLEST_IMAGE, _WIDEST_LINE, _GAP, _MARGIN, _TEXT = 64, 1400, 2, 12, 24


class Curve(NamedTuple):
    """The ROC curve of an arm: rates in [0, 1], the mean and the range over its seeds."""

    arm: str
    generator: str
    n_seeds: int
    auc: float
    false_positive: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Block(NamedTuple):
    """Images of one origin: (classes, columns, H, W) uint8."""

    title: str
    images: np.ndarray


def roc(curves: Sequence[Curve], title: str) -> Figure:
    """Draw a panel for each generator: its arms, and in each panel those without a generator."""
    generators = sorted({curve.generator for curve in curves} - {NO_GENERATOR}) or [NO_GENERATOR]
    colours = figures.arm_colours([curve.arm for curve in curves])
    n_columns = len(generators) if len(generators) <= _PANELS_A_LINE else math.ceil(math.sqrt(len(generators)))
    n_rows = math.ceil(len(generators) / n_columns)
    figure = figures.new_figure(max(5.4, 4.3 * n_columns), 4.4 * n_rows + 0.5)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, generator in zip(panels, generators, strict=False):
        axes.plot([0, 1], [0, 1], ":", color=figures.NEUTRAL_COLOUR, linewidth=1)
        for curve in curves:
            if curve.generator in (NO_GENERATOR, generator):
                _draw_curve(axes, curve, colours[curve.arm])
        axes.set_title("" if generator == NO_GENERATOR else generator)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axes.label_outer()
        axes.legend(loc="lower right", fontsize=8, title="mean ROC AUC", title_fontsize=8, alignment="left")
    for axes in panels[len(generators) :]:
        axes.set_visible(False)
    figure.supxlabel("1 - specificity", fontsize=9)
    figure.supylabel("sensitivity", fontsize=9)
    _set_title(figure, title)
    return figure


def scores(runs: pd.DataFrame, table: pd.DataFrame, primary_score: str, title: str) -> Figure:
    """Draw a panel a score: a point for each run and a bar at the mean of each arm.

    Args:
        runs: the scores of the positive class, a row a run: arm, generator, seed and the scores.
        table: a row for each arm and generator, in the order of the rows drawn.
        primary_score: drawn first.
    """
    names = list(dict.fromkeys([primary_score, *_SCORE_PANELS]))[: len(_SCORE_PANELS)]
    colours = figures.arm_colours(table["arm"])
    n_rows = math.ceil(len(names) / _PANELS_A_LINE)
    figure = figures.new_figure(10.5, 0.9 + n_rows * (0.6 + 0.4 * len(table)))
    panels = figure.subplots(n_rows, _PANELS_A_LINE, sharey=True)
    for axes, score in zip(panels.ravel(), names, strict=True):
        for place, (arm, generator) in enumerate(zip(table["arm"], table["generator"], strict=True)):
            values = runs[(runs["arm"] == arm) & (runs["generator"] == generator)][score].to_numpy()
            axes.plot(values, place + _spread(len(values)), "o", color=colours[arm], alpha=0.75, markersize=4.5)
            axes.vlines(values.mean(), place - 0.36, place + 0.36, color=colours[arm], linewidth=2.2)
            if arm == "real":
                axes.axvline(values.mean(), color=figures.NEUTRAL_COLOUR, linestyle=":", linewidth=1, zorder=0.9)
        axes.set_title(SCORES[score] + (" (lower is better)" if score == "brier" else ""))
        axes.grid(visible=False, axis="y")
        axes.locator_params(axis="x", nbins=5)
        axes.margins(x=0.1)
    labels = [
        arm if generator == NO_GENERATOR else f"{arm}\n{generator}"
        for arm, generator in zip(table["arm"], table["generator"], strict=True)
    ]
    _name_rows(panels, labels)
    _set_title(figure, title)
    return figure


def distances(table: pd.DataFrame, title: str) -> Figure:
    """Draw kernel and Fréchet distances to the test patients, a column for all images and for each class.

    Args:
        table: rows of compute_fid's distances of one extractor and of the reference `test`.
    """
    names = {"kid": "kernel distance (KID)", "fd": "Fréchet distance"}
    keys = [
        Line2D([], [], color=figures.REAL_COLOUR, label="real training patients, same n"),
        Patch(color=figures.REAL_COLOUR, alpha=0.18, label="spread of the kernel distance"),
    ]
    return _by_class(table, names, keys, title)


def variety(table: pd.DataFrame, title: str) -> Figure:
    """Draw coverage, nearest ratio and MS-SSIM, a column for all images and for each class.

    Args:
        table: rows of compute_fid's variety of one extractor.
    """
    names = {
        "coverage": "coverage of the test patients",
        "nearest_ratio": "distance to nearest training\nimage, test patients: 1",
        "ms_ssim": "MS-SSIM within a class",
    }
    keys = [Line2D([], [], color=figures.REAL_COLOUR, label="real patients, same n")]
    return _by_class(table.assign(real_nearest_ratio=1.0), names, keys, title)


def training(histories: pd.DataFrame, title: str) -> Figure:
    """Draw the distance to the validation patients over the images shown, a line a generator.

    Args:
        histories: as `study_inputs.read_histories` gives it.
    """
    styles = figures.line_styles(histories["generator"])
    figure = figures.new_figure(9.5, 4.2 + 0.16 * len(styles))
    axes = figure.subplots()
    lines, ends = {}, {}
    for generator, group in histories.groupby("generator", sort=False):
        # where a seed has no point, the mean would be one of others
        seeds = group.pivot(index="kimg", columns="seed", values="distance").dropna()
        ends[generator] = seeds.mean(axis=1).iloc[-1]
        (lines[generator],) = axes.plot(seeds.index, seeds.mean(axis=1), label=generator, **styles[generator])
        colour = styles[generator]["color"]
        if seeds.shape[1] > 1:
            axes.fill_between(seeds.index, seeds.min(axis=1), seeds.max(axis=1), color=colour, alpha=0.12, linewidth=0)
        kept = group.loc[group.groupby("seed")["distance"].idxmin()]
        axes.plot(kept["kimg"], kept["distance"], "o", color=colour, markerfacecolor="white", markersize=5)
    _scale_distances(axes, histories["distance"].min())
    axes.set(xlabel="thousand real images shown", ylabel="kernel distance (KID) to the validation patients")
    axes.set_xlim(left=0)
    # from above to below, as the lines end
    keys = [lines[generator] for generator in sorted(ends, key=ends.__getitem__, reverse=True)]
    point = {"marker": "o", "linestyle": "", "color": figures.NEUTRAL_COLOUR, "markerfacecolor": "white"}
    keys.append(Line2D([], [], **point, label="kept, a point a seed"))
    figure.legend(handles=keys, loc="outside right center", fontsize=8)
    _set_title(figure, title)
    return figure


def samples(blocks: Sequence[Block], classes: Sequence[str], title: str) -> Figure:
    """Lay blocks of images side by side, a row a class; a pixel of an image is a square of whole pixels of the file."""
    *_, height, width = blocks[0].images.shape
    scale = math.ceil(_SMALLEST_IMAGE / width)
    pictures = [figures.sheet(block.images.repeat(scale, axis=2).repeat(scale, axis=3), _GAP) for block in blocks]
    high, wide = pictures[0].shape
    margin = _MARGIN + 8 * max(map(len, classes))
    a_line = max(1, min(len(blocks), _WIDEST_LINE // (wide + _MARGIN)))
    figure = figures.new_figure(1, 1)
    figure.set_layout_engine("none")
    figure.set_figwidth((margin + a_line * (wide + _MARGIN)) / figure.dpi)
    title = _wrapped(title, figure)
    head = _MARGIN + _TEXT * (title.count("\n") + 2)
    n_lines = math.ceil(len(blocks) / a_line)
    figure.set_figheight((head + n_lines * (high + _MARGIN + _TEXT) - _TEXT) / figure.dpi)
    size = figure.get_size_inches() * figure.dpi
    figure.text(_MARGIN / size[0], 1 - _MARGIN / size[1], title, va="top", fontsize=10)
    for place, (block, picture) in enumerate(zip(blocks, pictures, strict=True)):
        left = margin + place % a_line * (wide + _MARGIN)
        top = head + place // a_line * (high + _MARGIN + _TEXT)
        axes = figure.add_axes((left / size[0], 1 - (top + high) / size[1], wide / size[0], high / size[1]))
        figures.show_grey(axes, picture)
        figure.text(left / size[0], 1 - (top - 5) / size[1], block.title, va="bottom", fontsize=9)
        for row, label in enumerate(classes if place % a_line == 0 else ()):
            middle = top + row * (height * scale + _GAP) + height * scale / 2
            figure.text((left - 6) / size[0], 1 - middle / size[1], label, ha="right", va="center", fontsize=8)
    return figure


def _draw_curve(axes: Axes, curve: Curve, colour: str) -> None:
    seeds = f"{curve.n_seeds} seed{'s' if curve.n_seeds > 1 else ''}"
    label = f"{curve.arm}: {curve.auc:.3f} ({seeds})"
    axes.plot(curve.false_positive, curve.mean, color=colour, label=label)
    if curve.n_seeds > 1:
        axes.fill_between(curve.false_positive, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)


def _by_class(table: pd.DataFrame, names: dict[str, str], keys: Sequence[Line2D | Patch], title: str) -> Figure:
    """Draw a row of panels for each value, a column for all images and for each class, and a point for each seed.

    Args:
        table: generator, class, n, and each value with the same of real images: x and real_x.
        names: what the axis of each value says.
        keys: entries of the legend beside that of the points.
    """
    classes = [ALL, *sorted(set(table["class"]) - {ALL})]
    generators = sorted(table["generator"].unique())
    colours = figures.class_colours(classes[1:]) | {ALL: figures.NEUTRAL_COLOUR}
    figure = figures.new_figure(1.6 + 2.4 * len(classes), 1.7 + len(names) * (0.5 + 0.4 * len(generators)))
    panels = figure.subplots(len(names), len(classes), sharey=True)
    for row, (value, name) in enumerate(names.items()):
        for axes, label in zip(panels[row], classes, strict=True):
            chosen = table[table["class"] == label]
            for place, generator in enumerate(generators):
                _draw_points(axes, chosen[chosen["generator"] == generator], value, place, colours[label])
            n = " to ".join(map(str, sorted({chosen["n"].min(), chosen["n"].max()})))
            axes.set_title(f"{'all images' if label == ALL else label}, n = {n}" if row == 0 else "")
            axes.set_xlabel(name)
            axes.grid(visible=False, axis="y")
            axes.locator_params(axis="x", nbins=4)
            if value in _SHARES:
                axes.set_xlim(-0.04, 1.04)
            else:
                low, high = min(0, axes.get_xlim()[0]), axes.get_xlim()[1]
                # matplotlib's margin is one of the values, not of the axis from zero on
                axes.set_xlim(low, high + 0.03 * (high - low))
    _name_rows(panels, generators)
    points = Line2D([], [], marker="o", linestyle="", color=figures.NEUTRAL_COLOUR, label="generated, a point a seed")
    figure.legend(handles=[points, *keys], loc="outside lower center", ncols=len(keys) + 1, fontsize=8)
    _set_title(figure, title)
    return figure


def _scale_distances(axes: Axes, lowest: float) -> None:
    """Scale kernel distances by their logarithm, and about zero, where unbiased ones end, evenly."""
    if lowest > _NEAR_ZERO:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=_TICKS))
    else:
        axes.set_yscale("symlog", linthresh=_NEAR_ZERO, linscale=0.5)
        axes.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=_NEAR_ZERO, subs=_TICKS))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())


def _draw_points(axes: Axes, table: pd.DataFrame, value: str, place: int, colour: str) -> None:
    """Draw the points of a generator, and the value of real patients as a line across its row."""
    values = table[value].to_numpy()
    places = place + _spread(len(values))
    real = table[f"real_{value}"].mean()
    if value == "kid":
        spread = table["real_kid_spread"].mean()
        axes.fill_betweenx(
            [place - 0.4, place + 0.4], real - spread, real + spread, color=figures.REAL_COLOUR, alpha=0.18, linewidth=0
        )
        axes.errorbar(values, places, xerr=table["kid_spread"].to_numpy(), fmt="none", ecolor=colour, alpha=0.5)
    axes.vlines(real, place - 0.4, place + 0.4, color=figures.REAL_COLOUR, linewidth=1.6)
    axes.plot(values, places, "o", color=colour, markersize=4.5)


def _spread(n: int) -> np.ndarray:
    """Give small shifts that keep n points of a row apart: (n,) around 0."""
    return np.linspace(-0.2, 0.2, n) if n > 1 else np.zeros(n)


def _name_rows(panels: np.ndarray, names: Sequence[str]) -> None:
    """Name the rows that all panels share, from above to below, at the left of the first column."""
    panels[0, 0].set_yticks(range(len(names)), names)
    panels[0, 0].set_ylim(len(names) - 0.45, -0.55)
    for axes in panels[:, 0]:
        axes.tick_params(axis="y", labelsize=8)


def _set_title(figure: Figure, title: str) -> None:
    figure.suptitle(_wrapped(title, figure), x=0.01, ha="left", fontsize=10)


def _wrapped(title: str, figure: Figure) -> str:
    """Break a title of 10 points into lines that fit the figure."""
    return textwrap.fill(title, int(12.5 * figure.get_figwidth()))
