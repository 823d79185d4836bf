"""The figures of a study: ROC curves, scores, distances, diversity, trainings, and samples beside real images."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator, SymmetricalLogLocator

from chestgan.base import figure_style
from chestgan.images.sheets import sheet
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY
from chestgan.metrics.metric import ALL, Metric
from chestgan.metrics.score_tables import LOWER_IS_BETTER
from chestgan.study.arms import NO_GENERATOR, REAL
from chestgan.study.labels import score_label

_PANELS_A_LINE = 3
# below it a kernel distance hardly differs from that of real to real patients
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
    colours = arm_colours([curve.arm for curve in curves])
    n_columns = len(generators) if len(generators) <= _PANELS_A_LINE else math.ceil(math.sqrt(len(generators)))
    n_rows = math.ceil(len(generators) / n_columns)
    figure = figure_style.new_figure(max(5.4, 4.3 * n_columns), 4.4 * n_rows + 0.5)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, generator in zip(panels, generators, strict=False):
        axes.plot([0, 1], [0, 1], ":", color=figure_style.NEUTRAL_COLOUR, linewidth=1)
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
            axes.plot(values, place + _spread(len(values)), "o", color=colours[arm], alpha=0.75, markersize=4.5)
            axes.vlines(values.mean(), place - 0.36, place + 0.36, color=colours[arm], linewidth=2.2)
            if arm == REAL:
                axes.axvline(values.mean(), color=figure_style.NEUTRAL_COLOUR, linestyle=":", linewidth=1, zorder=0.9)
        axes.set_title(score_label(score) + (" (lower is better)" if score in LOWER_IS_BETTER else ""))
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
    return _by_class(table, DISTANCES, title)


def diversity(table: pd.DataFrame, title: str) -> Figure:
    """Draw the metrics of diversity and memorisation, a column for all images and for each class.

    Args:
        table: rows of compute_fid's diversity of one extractor.
    """
    return _by_class(table, DIVERSITY, title)


def training(histories: pd.DataFrame, title: str) -> Figure:
    """Draw the distance to the validation patients over the images shown, one line per generator.

    Args:
        histories: as `inputs.read_histories` returns it.
    """
    styles = figure_style.line_styles(histories["generator"])
    figure = figure_style.new_figure(9.5, 4.2 + 0.16 * len(styles))
    axes = figure.subplots()
    lines, ends = {}, {}
    for generator, group in histories.groupby("generator", sort=False):
        # where a seed has no point, the mean would be one of others
        seeds = group.pivot(index="kimg", columns="seed", values="validation_kd").dropna()
        ends[generator] = seeds.mean(axis=1).iloc[-1]
        (lines[generator],) = axes.plot(seeds.index, seeds.mean(axis=1), label=generator, **styles[generator])
        colour = styles[generator]["color"]
        if seeds.shape[1] > 1:
            axes.fill_between(seeds.index, seeds.min(axis=1), seeds.max(axis=1), color=colour, alpha=0.12, linewidth=0)
        best = group.loc[group.groupby("seed")["validation_kd"].idxmin()]
        axes.plot(best["kimg"], best["validation_kd"], "o", color=colour, markerfacecolor="white", markersize=5)
    _scale_distances(axes, histories["validation_kd"].min())
    axes.set(xlabel="thousand real images shown", ylabel="kernel distance (KD) to the validation patients")
    axes.set_xlim(left=0)
    # from above to below, as the lines end
    keys = [lines[generator] for generator in sorted(ends, key=ends.__getitem__, reverse=True)]
    point = {"marker": "o", "linestyle": "", "color": figure_style.NEUTRAL_COLOUR, "markerfacecolor": "white"}
    keys.append(Line2D([], [], **point, label="selected, one point per seed"))
    figure.legend(handles=keys, loc="outside right center", fontsize=8)
    _set_title(figure, title)
    return figure


def samples(blocks: Sequence[Block], classes: Sequence[str], title: str) -> Figure:
    """Lay blocks of images side by side, one row per class; a pixel of an image is a square of whole pixels."""
    *_, height, width = blocks[0].images.shape
    scale = math.ceil(_SMALLEST_IMAGE / width)
    pictures = [sheet(block.images.repeat(scale, axis=2).repeat(scale, axis=3), _GAP) for block in blocks]
    high, wide = pictures[0].shape
    margin = _MARGIN + 8 * max(map(len, classes))
    a_line = max(1, min(len(blocks), _WIDEST_LINE // (wide + _MARGIN)))
    figure = figure_style.new_figure(1, 1)
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
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
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


def arm_colours(arms: Iterable[str]) -> dict[str, str]:
    """Assign each arm its colour, by its place in the alphabet; the arm `real` is always the same dark grey."""
    return figure_style.colours(set(arms) - {REAL}) | {REAL: figure_style.REAL_COLOUR}


def _by_class(table: pd.DataFrame, metrics: Sequence[Metric], title: str) -> Figure:
    """Draw a row of panels for each metric, a column for all images and for each class, and a point for each seed.

    Args:
        table: generator, class, n, and each metric with its value for real images.
    """
    classes = [ALL, *sorted(set(table["class"]) - {ALL})]
    generators = sorted(table["generator"].unique())
    colours = figure_style.class_colours(classes[1:]) | {ALL: figure_style.NEUTRAL_COLOUR}
    height = 1.7 + len(metrics) * (0.5 + 0.4 * len(generators))
    figure = figure_style.new_figure(1.6 + 2.4 * len(classes), height)
    panels = figure.subplots(len(metrics), len(classes), sharey=True, squeeze=False)
    for row, metric in enumerate(metrics):
        for axes, label in zip(panels[row], classes, strict=True):
            chosen = table[table["class"] == label]
            for place, generator in enumerate(generators):
                _draw_points(axes, chosen[chosen["generator"] == generator], metric, place, colours[label])
            n = " to ".join(map(str, sorted({chosen["n"].min(), chosen["n"].max()})))
            axes.set_title(f"{'all images' if label == ALL else label}, n = {n}" if row == 0 else "")
            axes.set_xlabel(metric.label)
            axes.grid(visible=False, axis="y")
            axes.locator_params(axis="x", nbins=4)
            _limit(axes, metric)
    _name_rows(panels, generators)
    point = {"marker": "o", "linestyle": "", "color": figure_style.NEUTRAL_COLOUR}
    keys = [
        Line2D([], [], **point, label="synthetic, one point per seed"),
        Line2D([], [], color=figure_style.REAL_COLOUR, label="real training images, same n"),
    ]
    if any(metric.has_error for metric in metrics):
        keys.append(Patch(color=figure_style.REAL_COLOUR, alpha=0.18, label="standard error"))
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), fontsize=8)
    _set_title(figure, title)
    return figure


def _limit(axes: Axes, metric: Metric) -> None:
    """Limit the axis of a metric to its range, or let it begin at zero."""
    if metric.limits:
        low, high = metric.limits
        axes.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    else:
        low, high = min(0, axes.get_xlim()[0]), axes.get_xlim()[1]
        # matplotlib's margin is one of the values, not of the axis from zero on
        axes.set_xlim(low, high + 0.03 * (high - low))


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


def _draw_points(axes: Axes, table: pd.DataFrame, metric: Metric, place: int, colour: str) -> None:
    """Draw the points of a generator, and the value of real images as a line across its row."""
    values = table[metric.name].to_numpy()
    places = place + _spread(len(values))
    real = table[metric.real_name].mean()
    if metric.has_error:
        row, error = [place - 0.4, place + 0.4], table[f"{metric.real_name}_se"].mean()
        axes.fill_betweenx(row, real - error, real + error, color=figure_style.REAL_COLOUR, alpha=0.18, linewidth=0)
        errors = table[f"{metric.name}_se"].to_numpy()
        axes.errorbar(values, places, xerr=errors, fmt="none", ecolor=colour, alpha=0.5)
    axes.vlines(real, place - 0.4, place + 0.4, color=figure_style.REAL_COLOUR, linewidth=1.6)
    axes.plot(values, places, "o", color=colour, markersize=4.5)


def _spread(n: int) -> np.ndarray:
    """Compute small shifts that keep n points of a row apart: (n,) around 0."""
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
