"""Labels make a study, or the user learns why they don't."""

import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import labels


@pytest.mark.parametrize(
    ("found", "classes", "ignored", "message"),
    [
        (["covid"], (), (), "found 1 class"),
        (["covid", "normal"], (), ("normal",), "found 1 class"),
        (["covid", "normal"], ("covid", "norml"), (), r"^split_data.classes has 'norml'.*did you mean 'normal'\?"),
        (["covid", "normal"], (), ("pneumonia",), "^split_data.ignored_labels has 'pneumonia', and no file"),
        (
            ["covid", "normal"],
            ("covid", "normal"),
            ("normal",),
            "split_data.classes and split_data.ignored_labels both have 'normal'",
        ),
        (["covid", "normal"], ("COVID", "normal"), (), r"^split_data.classes has 'COVID'.*did you mean 'covid'\?"),
        (["covid", "Covid"], (), (), "differ only in case.*split_data.classes"),
        (["covid", "all"], (), (), "'all' can't be a label"),
        (["covid", "../up"], (), (), "can't be a label"),
    ],
)
def test_labels_that_make_no_study_are_errors(found, classes, ignored, message: str) -> None:
    with pytest.raises(UserError, match=message):
        labels.require_labels(pd.DataFrame({"label": found}), classes, ignored)


def test_rows_without_a_wanted_label_get_a_reason() -> None:
    table = pd.DataFrame({"file": list("abcd"), "label": ["covid", "", "other", "skipped"]})
    rejected = labels.unusable_labels(table, ["covid", "normal"], ("skipped",))
    assert dict(zip(rejected["file"], rejected["reason"], strict=True)) == {
        "b": "no label",
        "c": "unknown label",
        "d": "ignored label",
    }
