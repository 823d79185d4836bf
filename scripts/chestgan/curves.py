"""Curves of a GAN's training: the losses and the distance over the images shown."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from chestgan import figures, files


def gan_curves(history: pd.DataFrame, title: str, best_kimg: float, path: Path) -> None:
    """Draw the losses above and the distance to the validation patients below, and mark the generator that was kept."""
    figure = figures.new_figure(7, 5)
    above, below = figure.subplots(2, 1, sharex=True)
    for label, column, style in (
        ("discriminator, source", "discriminator_source", "-"),
        ("discriminator, class", "discriminator_class", "--"),
        ("generator, source", "generator_source", "-"),
        ("generator, class", "generator_class", "--"),
    ):
        colour = figures.REAL_COLOUR if "discriminator" in column else figures.class_colours("x")["x"]
        above.plot(history["kimg"], history[column], style, label=label, color=colour, linewidth=1.2)
    above.set_ylabel("loss")
    above.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=8)
    figure.suptitle(title, fontsize=10)
    measured = history[history["distance"].notna()]
    below.plot(measured["kimg"], measured["distance"], "o-", color=figures.REAL_COLOUR, markersize=3.5)
    below.axvline(best_kimg, color=figures.NEUTRAL_COLOUR, linestyle=":", label=f"kept: {best_kimg:g} thousand images")
    below.set_ylabel("kernel distance\nto validation patients")
    below.set_xlabel("thousand real images shown")
    below.legend(fontsize=8)
    figures.save(figure, path)


def save_sheet(images: np.ndarray, path: Path) -> None:
    """Write (rows, columns, H, W) uint8 images as one lossless picture."""
    with files.new_file(path) as partial:
        Image.fromarray(figures.sheet(images)).save(partial, format="png")
