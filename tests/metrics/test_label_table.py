"""The table of labels, against numbers worked out by hand."""

import numpy as np
import pandas as pd

from chestgan.metrics.label_table import label_table

CLASSES = ["covid", "normal", "variant"]


def test_a_row_a_class_with_what_its_images_are_read_as() -> None:
    labels = np.array([0, 0, 0, 0, 2])
    predicted = np.array([0, 0, 1, 2, 2])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.0, 0.3, 0.7]])
    expected = pd.DataFrame(
        {
            "class": ["covid", "variant"],
            "n": [4, 1],
            "recall": [0.5, 1.0],
            "mean_probability": [0.4, 0.7],
            "read_as_covid": [2, 0],
            "read_as_normal": [1, 0],
            "read_as_variant": [1, 1],
        }
    )
    pd.testing.assert_frame_equal(label_table(labels, predicted, probabilities, CLASSES), expected)
