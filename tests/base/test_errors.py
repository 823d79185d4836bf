"""An unknown name is told with the known ones, and the two kinds of stop are no kind of each other."""

import pytest

from chestgan.base.errors import Unfinished, UserError, unknown_name


def test_known_names_stand_in_alphabetical_order_whatever_holds_them() -> None:
    expected = "unknown class 'zzzz'; known: covid, normal, other"
    assert str(unknown_name("class", "zzzz", {"other": 1, "covid": 2, "normal": 3})) == expected
    assert str(unknown_name("class", "zzzz", iter(["other", "covid", "normal"]))) == expected


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("covd", "covid"),
        ("norml", "normal"),
        ("normal_2", "normal"),
        ("COVID", "covid"),
        ("norm", "normal"),
        ("v", "covid"),
        ("cat", None),
        ("", None),
    ],
)
def test_only_the_nearest_name_is_offered_and_none_that_is_far(name: str, nearest: str | None) -> None:
    told = str(unknown_name("class", name, ["normal", "covid", "abnormal"]))
    hint = f"; did you mean {nearest!r}?" if nearest else ""
    assert told == f"unknown class {name!r}; known: abnormal, covid, normal{hint}"


def test_an_unknown_name_is_a_users_mistake() -> None:
    assert isinstance(unknown_name("key", "a", ["b"]), UserError)


def test_work_that_can_resume_is_no_mistake() -> None:
    assert not issubclass(Unfinished, UserError)
    assert not issubclass(UserError, Unfinished)
