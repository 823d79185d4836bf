"""Numbers are written alike everywhere, and what isn't known is a dash."""

import pytest

from chestgan.study.page import words

NAN = float("nan")


@pytest.mark.parametrize(("value", "text"), [(0.91249, "0.912"), (0, "0.000"), (NAN, "–"), (None, "–")])
def test_a_number(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0.5, 0.25, 0.75), "0.500 (0.250\u00a0to\u00a00.750)"),
        ((0.5, NAN, NAN), "0.500"),
        ((0.5, None, None), "0.500"),
        ((NAN, NAN, NAN), "–"),
    ],
)
def test_an_interval_is_left_out_where_there_is_none(values, text):
    assert words.with_interval(*values) == text


def test_a_difference_has_its_sign():
    assert words.with_interval(0.1, -0.05, 0.25, sign=True) == "+0.100 (-0.050\u00a0to\u00a0+0.250)"


def test_a_deviation_of_one_seed_is_left_out():
    assert words.with_deviation(0.5, 0.01) == "0.500 ±\u00a00.010"
    assert words.with_deviation(0.5, None) == "0.500"


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "yes"), (False, "no"), (None, "–"), ([], "–"), ([1, 2], "1, 2"), (2e-4, "0.0002"), (40.0, "40")],
)
def test_a_setting(value, text):
    assert words.plain(value) == text


def test_counts():
    assert [words.counted(n, "seed") for n in (0, 1, 2)] == ["0 seeds", "1 seed", "2 seeds"]
