"""The figure of a split shows the numbers of its table."""

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from chestgan.base import figure_style
from chestgan.data import split_figure


def manifest_of(*rows: tuple[str, str, str, str, int]) -> pd.DataFrame:
    """Make images from label, source, split, patient and how many."""
    spread = [row[:4] for row in rows for _ in range(row[4])]
    table = pd.DataFrame(spread, columns=["label", "source", "split", "patient"])
    return table.assign(file=[f"{place}.png" for place in range(len(table))])


@pytest.fixture
def panels() -> list[Axes]:
    """Draw covid from two sources and normal from one that isn't known: the axes of images and of patients."""
    manifest = manifest_of(
        ("normal", "", "train", "n1", 3),
        ("normal", "", "test", "n2", 1),
        ("covid", "west", "train", "c1", 2),
        ("covid", "east", "train", "c2", 4),
        ("covid", "east", "validation", "c3", 1),
        ("covid", "east", "test", "c4", 1),
        ("covid", "east", "test", "c5", 1),
    )
    figure = split_figure.plot(manifest, "11 images")
    assert figure.get_suptitle() == "11 images"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["train", "validation", "test"]
    return figure.axes


def bars(axes: Axes) -> list[tuple[float, float]]:
    """List where each bar begins and how long it is."""
    return [(bar.get_x(), bar.get_width()) for bar in axes.patches]


def test_each_class_has_a_row_and_one_for_each_of_its_sources_below(panels: list[Axes]) -> None:
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert labels == ["covid", "east", "west", "normal"]
    weights = [label.get_fontweight() for label in panels[0].get_yticklabels()]
    assert weights == ["bold", "normal", "normal", "bold"]
    low, high = panels[0].get_ylim()
    assert low > high


def test_bars_are_images_and_patients_one_split_after_another(panels: list[Axes]) -> None:
    images, patients = panels
    assert bars(images) == [
        *[(0, 6), (6, 1), (7, 2)],
        *[(0, 4), (4, 1), (5, 2)],
        *[(0, 2), (2, 0), (2, 0)],
        *[(0, 3), (3, 0), (3, 1)],
    ]
    assert bars(patients) == [
        *[(0, 2), (2, 1), (3, 2)],
        *[(0, 1), (1, 1), (2, 2)],
        *[(0, 1), (1, 0), (1, 0)],
        *[(0, 1), (1, 0), (1, 1)],
    ]


def test_the_numbers_stand_beside_the_bars(panels: list[Axes]) -> None:
    images, patients = panels
    assert [text.get_text().strip() for text in images.texts] == ["6 / 1 / 2", "4 / 1 / 2", "2 / 0 / 0", "3 / 0 / 1"]
    assert [text.get_text().strip() for text in patients.texts] == ["2 / 1 / 2", "1 / 1 / 2", "1 / 0 / 0", "1 / 0 / 1"]
    assert images.get_xlabel() == "images (train / validation / test)"
    assert patients.get_xlabel() == "patients (train / validation / test)"
    # beside the widest bar there is room for its numbers
    assert images.get_xlim()[1] > 9
    assert patients.get_xlim()[1] > 5


def test_a_split_is_a_weaker_tint_of_the_colour_of_its_class(panels: list[Axes]) -> None:
    colours = figure_style.class_colours(["covid", "normal"])
    for row, label in enumerate(["covid", "covid", "covid", "normal"]):
        train, validation, test = (bar.get_facecolor()[:3] for bar in panels[0].patches[3 * row : 3 * row + 3])
        assert train == pytest.approx(to_rgb(colours[label]))
        assert sum(train) < sum(validation) < sum(test) < 3


def test_a_patient_with_images_of_two_sources_counts_for_each_and_once_for_the_class() -> None:
    manifest = manifest_of(("covid", "a", "train", "p", 1), ("covid", "b", "train", "p", 1))
    _, patients = split_figure.plot(manifest, "title").axes
    assert [text.get_text().strip() for text in patients.texts] == ["1 / 0 / 0"] * 3


def test_unknown_patients_are_told_on_their_panel():
    manifest = manifest_of(("covid", "", "train", "image:a.png", 1), ("covid", "", "test", "image:b.png", 1))
    _, patients = split_figure.plot(manifest, "2 images").axes
    assert patients.get_xlabel().startswith("unknown patients: each image counts as one")
