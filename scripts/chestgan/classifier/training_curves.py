"""The curves of a classifier's training: its losses over the images shown."""

import pandas as pd
from matplotlib.figure import Figure

from chestgan.base import figure_style

COLUMNS = ("kimg", "train_loss", "validation_loss")


def plot(history: pd.DataFrame, title: str) -> Figure:
    """Draw the losses of training and validation, and mark the validation whose weights were selected.

    Args:
        history: `COLUMNS`, one row per validation.
    """
    figure = figure_style.new_figure(6, 3.5)
    axes = figure.subplots()
    for column, label, style, colour in (
        ("train_loss", "training images", "o--", figure_style.NEUTRAL_COLOUR),
        ("validation_loss", "validation patients", "o-", figure_style.REAL_COLOUR),
    ):
        axes.plot(history["kimg"], history[column], style, markersize=3, label=label, color=colour)
    best_kimg = history["kimg"][history["validation_loss"].idxmin()]
    label = f"selected: {best_kimg:g} thousand images"
    axes.axvline(best_kimg, color=figure_style.NEUTRAL_COLOUR, linestyle=":", label=label)
    axes.set(xlabel="thousand images shown", ylabel="cross-entropy (nats)", title=title)
    axes.legend()
    return figure
