"""A label is a text that names a folder and no other place."""

import pytest

from chestgan.base.errors import UserError
from chestgan.images.labels import check_labels, mistake


@pytest.mark.parametrize("label", ["covid", "COVID-19", "no finding", "Säure & Base", "患者", "1", "x" * 120])
def test_words_of_any_language_are_labels(label: str) -> None:
    assert mistake(label) == ""


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("", "it is empty"),
        (1, "it is no text"),
        ("all", "'all' stands for all classes together"),
        ("../up", "it couldn't name a folder of its own"),
        ("/absolute", "it couldn't name a folder of its own"),
        ("a/b", "it couldn't name a folder of its own"),
        ("a\\b", "it couldn't name a folder of its own"),
        (".hidden", "it couldn't name a folder of its own"),
        (" covid", "it couldn't name a folder of its own"),
        ("--help", "with a dash at its front it would be taken for a flag"),
        ("covid=1", "what stands behind = would be taken for its number of images"),
        ("a\nb", "it has control characters or invisible ones"),
        ("a\0b", "it has control characters or invisible ones"),
        ("covid\u200b", "it has control characters or invisible ones"),
        ("\u202edivoc", "it has control characters or invisible ones"),
        ("\ud800", "it has control characters or invisible ones"),
        ("x" * 121, "it has 121 bytes, and a name of a folder at most 120"),
        ("ä" * 61, "it has 122 bytes, and a name of a folder at most 120"),
    ],
)
def test_what_names_no_folder_of_its_own_is_no_label(label: str, reason: str) -> None:
    assert mistake(label) == reason


def test_the_refusal_says_where_and_is_one_line() -> None:
    with pytest.raises(UserError) as caught:
        check_labels(["covid", "x\n" * 300], "table.csv")
    assert str(caught.value).startswith("table.csv: 'x\\nx\\n")
    assert str(caught.value).endswith("can't be a label: it has control characters or invisible ones; rename it")
    assert len(str(caught.value)) < 250
