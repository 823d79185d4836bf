"""Rules about cells are read as they are written, and hold as their words say."""

import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import rules


@pytest.mark.parametrize(
    ("rule", "cell", "holds"),
    [
        ("view is PA or AP", "ap ", True),
        ("view is PA or AP", "AP Supine", False),
        ("view is 1", "1.0", True),
        ("view is 1", "-1.0", False),
        ("view is No Finding", "no  finding", True),
        ("view is not -1", "12 7", True),
        ("view is not -1", "-1", False),
        ("view is not -1", "", False),
        ("view contains COVID", "Pneumonia/Viral/COVID-19", True),
        ("view contains COVID or SARS", "Pneumonia", False),
        ("view lists Effusion", "Atelectasis|Effusion", True),
        ("view lists Effusion", "Effusion; Mass", True),
        ("view lists COVID 19", "['COVID 19', 'pneumonia']", True),
        ("view lists COVID 19", "['COVID 19 uncertain']", False),
        ("view lists Mass", "Massive", False),
    ],
)
def test_a_rule_holds_as_its_words_say(rule: str, cell: str, holds: bool) -> None:
    assert rules.holds(rules.parse(rule, "keep_rows"), pd.DataFrame({"view": [cell]})).tolist() == [holds]


def test_columns_of_several_words_and_marks_are_names_too() -> None:
    assert rules.parse("Frontal/Lateral is Frontal", "keep_rows").column == "Frontal/Lateral"
    assert rules.parse("No Finding is 1", "keep_rows").column == "No Finding"
    assert rules.parse("Finding Labels is not Mass", "keep_rows").relation == "is not"


@pytest.mark.parametrize("text", ["view", "view equals PA", "view is", "is PA", ""])
def test_what_is_no_rule_is_an_error_with_its_key(text: str) -> None:
    with pytest.raises(UserError, match=r"split_data.keep_rows has the rule .*'view is PA or AP'"):
        rules.parse(text, "keep_rows")


def test_each_row_has_the_labels_whose_rules_hold() -> None:
    table = pd.DataFrame({"finding": ["COVID-19", "No Finding", "Mass", "COVID-19 and Mass"]})
    named = rules.parse_labels(["covid=finding contains COVID", "mass=finding contains Mass"])
    assert [sorted(held) for held in rules.labels(named, table)] == [["covid"], [], ["mass"], ["covid", "mass"]]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (["finding contains COVID"], "expected LABEL=RULE"),
        (["=finding contains COVID"], "expected LABEL=RULE"),
        (["covid=finding"], "split_data.labels.covid has the rule 'finding'"),
        (["covid=f is 1", "covid=f is 2"], "has 'covid' twice"),
    ],
)
def test_rules_without_a_label_are_errors(named: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        rules.parse_labels(named)
