"""What an arm is worth in words, and the caveat of images that no fraction made."""

import numpy as np
import pandas as pd
import pytest

from chestgan.study import fractions
from chestgan.study.worth import Worth


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Worth(12.4, 3.7, 30.2), "12 more (3 to 31)"),
        (Worth(-5.1, -12.5, 2.0), "5 fewer (-13 to 2)"),
        (Worth(40.0, 3.7, np.inf), "at least 3 more"),
        (Worth(np.inf, 60.0, np.inf), "at least 60 more"),
        (Worth(4.0, -np.inf, 7.2), "at most 8 more"),
        (Worth(-np.inf, -np.inf, -10.0), "at least 10 fewer"),
        (Worth(4.0, -2.0, np.inf), "can't be told: the curve of real images alone ends before"),
        (Worth(np.nan, -np.inf, np.inf, "one seed; raise seeds"), "can't be told: one seed; raise seeds"),
    ],
)
def test_ends_are_rounded_outwards_and_none_is_made_up(found: Worth, words: str) -> None:
    assert fractions.told(found) == words


def test_images_from_elsewhere_have_a_caveat_where_an_arm_has_a_fraction() -> None:
    table = pd.DataFrame({"real_fraction": [1.0, 1.0, 0.5], "generator": ["mine", "other", "mine"]})
    (warning,) = fractions.caveats(table, {"mine", "other"})
    assert warning.startswith("Images of mine come from elsewhere and are the same with every fraction")
    assert fractions.caveats(table, set()) == []
    assert fractions.caveats(table.iloc[:2], {"mine", "other"}) == []
