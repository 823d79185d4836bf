"""The curves of a training: the losses and the validation KD over the images shown."""

import pandas as pd
from matplotlib.figure import Figure

from chestgan.base import figure_style

_DISCRIMINATOR, _GENERATOR = figure_style.REAL_COLOUR, figure_style.class_colours(["generator"])["generator"]
_LOSSES = {
    "gan": {
        "discriminator_source": ("discriminator, source", "-", _DISCRIMINATOR),
        "discriminator_class": ("discriminator, class", "--", _DISCRIMINATOR),
        "generator_source": ("generator, source", "-", _GENERATOR),
        "generator_class": ("generator, class", "--", _GENERATOR),
    },
    "diffusion": {"denoising": ("weighted squared error of denoising", "-", _GENERATOR)},
}


def columns(kind: str) -> list[str]:
    """Name the columns that the history of a training of this kind has."""
    return ["kimg", *_LOSSES[kind], "validation_kd"]


def plot(history: pd.DataFrame, title: str, kind: str) -> Figure:
    """Draw the losses above and the validation KD below, and mark the selected generator.

    Args:
        history: `columns` of the kind; the KD is nan in rows without a snapshot.
    """
    figure = figure_style.new_figure(7, 5)
    above, below = figure.subplots(2, 1, sharex=True)
    for column, (label, style, colour) in _LOSSES[kind].items():
        above.plot(history["kimg"], history[column], style, label=label, color=colour, linewidth=1.2)
    above.set_ylabel("loss")
    above.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=8)
    figure.suptitle(title, fontsize=10)
    snapshots = history[history["validation_kd"].notna()]
    below.plot(snapshots["kimg"], snapshots["validation_kd"], "o-", color=figure_style.REAL_COLOUR, markersize=3.5)
    best_kimg = snapshots["kimg"][snapshots["validation_kd"].idxmin()]
    label = f"selected: {best_kimg:g} thousand images"
    below.axvline(best_kimg, color=figure_style.NEUTRAL_COLOUR, linestyle=":", label=label)
    below.set_ylabel("kernel distance (KD)\nto validation patients")
    below.set_xlabel("thousand real images shown")
    below.legend(fontsize=8)
    return figure
