"""Bounds and choices are kept, and the message says what is allowed."""

import dataclasses
from dataclasses import dataclass

import pytest

from chestgan.base import settings
from chestgan.base.errors import UserError
from chestgan.base.settings import argument, setting


@dataclass(frozen=True)
class Config:
    share: float = setting("a share", 0.5, minimum=0, maximum=1)
    size: int | None = setting("a size", None, minimum=16)
    loss: float = setting("a loss", 0.0, maximum=3)
    conditioning: str = setting("a name", "ac", choices=("ac", "per_class"))
    seeds: tuple[int, ...] = setting("numbers", (), minimum=0)
    note: str = "not a setting"


@pytest.mark.parametrize(
    "values",
    [
        {"share": 0},
        {"share": 1},
        {"size": 16},
        {"size": None},
        {"size": 10**9},
        {"loss": 3},
        {"loss": -1e9},
        {"conditioning": "per_class"},
        {"seeds": (0, 7)},
        {"seeds": ()},
        {"note": "anything"},
    ],
)
def test_bounds_belong_to_what_is_allowed(values: dict) -> None:
    settings.check(Config(**values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": -0.1}, "share is -0.1; expected a number from 0 to 1"),
        ({"share": 1.1}, "share is 1.1; expected a number from 0 to 1"),
        ({"share": float("nan")}, "share is nan; expected a number from 0 to 1"),
        ({"size": 15}, "size is 15; expected a number from 16 to 2147483647"),
        ({"size": 10**20}, f"size is {10**20}; expected a number from 16 to 2147483647"),
        ({"size": float("nan")}, "size is nan; expected a whole number"),
        ({"share": "0.5"}, "share is '0.5'; expected a number"),
        ({"share": True}, "share is True; expected a number"),
        ({"note": 5}, "note is 5; expected text"),
        ({"loss": 3.5}, "loss is 3.5; expected a number from -inf to 3"),
        ({"loss": float("nan")}, "loss is nan; expected a number from -inf to 3"),
        ({"conditioning": "AC"}, "conditioning is 'AC'; expected one of ac, per_class"),
        ({"seeds": (3, -1)}, "seeds is -1; expected a number from 0 to 2147483647"),
        ({"loss": float("-inf")}, "loss is -inf; expected a number from -inf to 3"),
    ],
)
def test_what_lies_beyond_is_told_with_its_name_value_and_bounds(values: dict, message: str) -> None:
    with pytest.raises(UserError) as caught:
        settings.check(Config(**values))
    assert str(caught.value) == message


def test_a_choice_of_before_version_1_is_told_with_its_new_name() -> None:
    with pytest.raises(UserError) as caught:
        settings.check(Config(conditioning="separate"))
    assert str(caught.value) == (
        "conditioning is 'separate'; expected one of ac, per_class; since version 1.0 separate is called per_class"
    )


def test_a_setting_is_a_key_of_its_scripts_section_and_an_argument_is_none() -> None:
    @dataclass
    class Flags:
        own: int = setting("own", 1)
        shared: int = setting("shared", 1, section="generators")
        output: int = argument("output", 1)

    sections = {field.name: field.metadata["section"] for field in dataclasses.fields(Flags)}
    assert sections == {"own": "", "shared": "generators", "output": "-"}


def test_an_argument_has_bounds_too() -> None:
    @dataclass
    class Flags:
        threads: int = argument("threads", minimum=1)

    settings.check(Flags(1))
    with pytest.raises(UserError, match="threads is 0; expected a number from 1 to 2147483647"):
        settings.check(Flags(0))


def test_a_field_without_a_default_has_to_be_given() -> None:
    @dataclass
    class Flags:
        real: str = setting("a folder")

    with pytest.raises(TypeError, match="real"):
        Flags()


@pytest.mark.parametrize("value", ["4", 4.0, 4.5, True, None])
def test_only_a_whole_number_is_one(value: object) -> None:
    @dataclass
    class Counts:
        epochs: int = setting("a whole number", 1)

    settings.check(Counts(4))
    with pytest.raises(UserError, match=f"epochs is {value!r}; expected a whole number"):
        settings.check(Counts(value))


def test_the_parts_of_a_list_have_its_type() -> None:
    @dataclass
    class Told:
        classes: list[str]
        thresholds: list[float]

    settings.check(Told(["a"], [1, 0.5]))
    for wrong in (Told("a", []), Told([1], []), Told(["a"], [None])):
        with pytest.raises(UserError, match=r"expected (a list|text|a number)"):
            settings.check(wrong)
