"""The figures of a study's generators: distances, diversity, trainings."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator, SymmetricalLogLocator

from chestgan.base import figure_style
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY
from chestgan.metrics.metric import ALL, Panel
from chestgan.study import figure_parts

# below it a kernel distance hardly differs from that of real to real patients
_NEAR_ZERO = 0.01
# of each decade of a logarithmic axis
_TICKS = (1, 2, 3, 5, 7)
_COPIES = Panel(name="copies_share", label="share of copies\nof training images", limits=(0, 1))


def distances(table: pd.DataFrame, title: str) -> Figure:
    """Draw kernel and Fréchet distances to the test patients, a column for all images and for each class.

    Args:
        table: rows of compute_fid's distances of one extractor and of the reference `test`.
    """
    return _by_class(table, DISTANCES, title)


def diversity(table: pd.DataFrame, title: str) -> Figure:
    """Draw the metrics of diversity and the share of copies, a column for all images and for each class.

    Args:
        table: rows of compute_fid's diversity of one extractor.
    """
    covered, *others = DIVERSITY
    # copies raise the coverage, so they stand below it; real images have no such value
    with_copies = table.assign(**{_COPIES.real_name: np.nan})
    return _by_class(with_copies, [covered, _COPIES, *others], title)


def training(histories: pd.DataFrame, title: str) -> Figure:
    """Draw the distance to the validation patients over the images shown, one line per generator.

    Args:
        histories: as `generator_inputs.read_histories` returns it.
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
    figure_parts.set_title(figure, title)
    return figure


def _by_class(table: pd.DataFrame, metrics: Sequence[Panel], title: str) -> Figure:
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
                # an imported generator may have images of some classes alone
                if (chosen["generator"] == generator).any():
                    _draw_points(axes, chosen[chosen["generator"] == generator], metric, place, colours[label])
            n = " to ".join(map(str, sorted({chosen["n"].min(), chosen["n"].max()})))
            axes.set_title(f"{'all images' if label == ALL else label}, n = {n}" if row == 0 else "")
            axes.set_xlabel(metric.label)
            axes.grid(visible=False, axis="y")
            axes.locator_params(axis="x", nbins=4)
            _limit(axes, metric)
    figure_parts.name_rows(panels, generators)
    point = {"marker": "o", "linestyle": "", "color": figure_style.NEUTRAL_COLOUR}
    keys = [
        Line2D([], [], **point, label="synthetic, one point per seed"),
        Line2D([], [], color=figure_style.REAL_COLOUR, label="real training images, same n"),
    ]
    if any(metric.has_error for metric in metrics):
        keys.append(Patch(color=figure_style.REAL_COLOUR, alpha=0.18, label="standard error"))
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), fontsize=8)
    figure_parts.set_title(figure, title)
    return figure


def _limit(axes: Axes, metric: Panel) -> None:
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


def _draw_points(axes: Axes, table: pd.DataFrame, metric: Panel, place: int, colour: str) -> None:
    """Draw the points of a generator, and the value of real images as a line across its row."""
    values = table[metric.name].to_numpy()
    places = place + figure_parts.spread(len(values))
    real = table[metric.real_name].mean()
    if metric.has_error:
        row, error = [place - 0.4, place + 0.4], table[f"{metric.real_name}_se"].mean()
        axes.fill_betweenx(row, real - error, real + error, color=figure_style.REAL_COLOUR, alpha=0.18, linewidth=0)
        errors = table[f"{metric.name}_se"].to_numpy()
        axes.errorbar(values, places, xerr=errors, fmt="none", ecolor=colour, alpha=0.5)
    axes.vlines(real, place - 0.4, place + 0.4, color=figure_style.REAL_COLOUR, linewidth=1.6)
    axes.plot(values, places, "o", color=colour, markersize=4.5)
