"""The curves of a classifier show its history, and mark the validation that was selected."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from chestgan.classifier import training_curves
from chestgan.classifier.training import Validation


def history_of(*losses: float) -> pd.DataFrame:
    """Make a history with these validation losses, one each quarter of a thousand images."""
    kimg = 0.25 * np.arange(1, len(losses) + 1)
    return pd.DataFrame({"kimg": kimg, "train_loss": 1 / kimg, "validation_loss": losses})


def test_the_columns_are_those_that_a_training_writes() -> None:
    assert list(training_curves.COLUMNS) == [field.name for field in dataclasses.fields(Validation)]


def test_both_losses_are_lines_over_the_images_shown() -> None:
    history = history_of(0.7, 0.5, 0.6)
    (axes,) = training_curves.plot(history, "real, convnet, seed 0").axes
    train, validation, _ = axes.get_lines()
    assert (train.get_label(), validation.get_label()) == ("training images", "validation patients")
    np.testing.assert_array_equal(train.get_xydata(), history[["kimg", "train_loss"]])
    np.testing.assert_array_equal(validation.get_xydata(), history[["kimg", "validation_loss"]])
    assert train.get_linestyle() != validation.get_linestyle()
    assert train.get_color() != validation.get_color()


@pytest.mark.parametrize(
    ("losses", "selected"), [((0.7, 0.5, 0.6), 0.5), ((0.7,), 0.25), ((0.7, 0.5, 0.5), 0.5), ((np.nan, 0.9, 0.8), 0.75)]
)
def test_the_first_of_the_lowest_validation_losses_is_marked(losses: tuple[float, ...], selected: float) -> None:
    (axes,) = training_curves.plot(history_of(*losses), "title").axes
    mark = axes.get_lines()[2]
    assert list(mark.get_xdata()) == [selected] * 2
    assert mark.get_label() == f"selected: {selected:g} thousand images"
    assert mark.get_label() in [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_axes_say_what_they_are() -> None:
    (axes,) = training_curves.plot(history_of(0.7), "real, convnet, seed 0").axes
    assert axes.get_title(loc="left") == "real, convnet, seed 0"
    assert axes.get_xlabel() == "thousand images shown"
    assert axes.get_ylabel() == "cross-entropy (nats)"
