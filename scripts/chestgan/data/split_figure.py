"""The figure of a split: how many images and patients of each class and source lie in train, validation and test."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from chestgan.base import figure_style
from chestgan.images.image_set import IMAGE_AS_PATIENT, SPLITS

# the strength of the class's colour, so that the three splits differ without colour too
_STRENGTH = {"train": 1.0, "validation": 0.6, "test": 0.3}


def plot(manifest: pd.DataFrame, title: str) -> Figure:
    """Draw bars of images and of patients, a row for each class and each of its sources.

    Args:
        manifest: label, patient, source and split of each image.
    """
    rows = _rows(manifest)
    figure = figure_style.new_figure(10, 1.5 + 0.32 * len(rows))
    panels = figure.subplots(1, 2, sharey=True)
    colours = figure_style.class_colours(manifest["label"].unique())
    unknown = manifest["patient"].str.startswith(IMAGE_AS_PATIENT).all()
    patients = "unknown patients: each image counts as one" if unknown else "patients"
    for axes, name, counted in zip(panels, ("images", patients), ("file", "patient"), strict=True):
        _draw_bars(axes, manifest, rows, counted, colours)
        axes.set_xlabel(f"{name} (train / validation / test)")
        axes.grid(visible=False, axis="y")
    panels[0].set_yticks(range(len(rows)), [source or label for label, source in rows])
    for tick, (_, source) in zip(panels[0].get_yticklabels(), rows, strict=True):
        tick.set_fontweight("normal" if source else "bold")
    panels[0].invert_yaxis()
    keys = [Patch(color=_tint("#404040", split), label=split) for split in SPLITS]
    figure.legend(handles=keys, loc="outside lower center", ncols=len(SPLITS))
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    return figure


def _rows(manifest: pd.DataFrame) -> list[tuple[str, str]]:
    """List each class with all it has (an empty source), then its sources where they are known."""
    rows = []
    for label, of_class in manifest.groupby("label"):
        sources = sorted(of_class["source"].unique())
        rows += [(label, ""), *((label, source) for source in sources if source)]
    return rows


def _draw_bars(axes: Axes, manifest: pd.DataFrame, rows: list[tuple[str, str]], counted: str, colours: dict) -> None:
    widest = 0
    for place, (label, source) in enumerate(rows):
        chosen = manifest[(manifest["label"] == label) & ((manifest["source"] == source) | (source == ""))]
        by_split = chosen.groupby("split")[counted].nunique().reindex(SPLITS, fill_value=0)
        left = 0
        for split, n in by_split.items():
            axes.barh(place, n, left=left, height=0.72, color=_tint(colours[label], split), edgecolor="white")
            left += n
        axes.text(left, place, "  " + " / ".join(map(str, by_split)), va="center", fontsize=8)
        widest = max(widest, left)
    axes.set_xlim(0, widest * 1.3)


def _tint(colour: str, split: str) -> tuple[float, ...]:
    strength = _STRENGTH[split]
    return tuple(1 - strength * (1 - part) for part in to_rgb(colour))
