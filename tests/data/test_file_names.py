"""The cells of a table lead to its files, and globs choose among them."""

import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import file_names

FILES = ["images_1/a.png", "images_2/B.png", "masks/a.png", "p1/s1/x.png", "p1/s1/deep/y.png", "p1/s2/z.png"]


def located(template: str, **cells: str) -> list[str]:
    table = pd.DataFrame({name: [cell] for name, cell in cells.items()})
    parsed = file_names.parse(template)
    return file_names.locate(parsed, file_names.fill(parsed, table), FILES)[0]


@pytest.mark.parametrize(
    ("template", "cells", "files"),
    [
        ("{file}", {"file": "images_1/a.png"}, ["images_1/a.png"]),
        ("{file}", {"file": ".\\images_1\\a.png"}, ["images_1/a.png"]),
        ("{file}", {"file": "a.png"}, []),
        ("images_1/{id}.png", {"id": "a"}, ["images_1/a.png"]),
        ("{folder}/{id}.png", {"folder": "images_2", "id": "B"}, ["images_2/B.png"]),
        ("**/{id}.png", {"id": "b"}, ["images_2/B.png"]),
        ("**/{id}.png", {"id": "a"}, ["images_1/a.png", "masks/a.png"]),
        ("**/{id}.png", {"id": "c"}, []),
        ("**/{session}/**", {"session": "s1"}, ["p1/s1/x.png", "p1/s1/deep/y.png"]),
        ("{patient}/{session}/**", {"patient": "p1", "session": "s2"}, ["p1/s2/z.png"]),
        ("{session}/**", {"session": "s2"}, []),
        ("{file}", {"file": ""}, []),
    ],
)
def test_a_template_names_files(template: str, cells: dict[str, str], files: list[str]) -> None:
    assert located(template, **cells) == files


@pytest.mark.parametrize("template", ["images/*.png", "images", "{}.png", "images_*/{id}.png"])
def test_a_template_without_a_column_or_with_a_wildcard_within_is_an_error(template: str) -> None:
    with pytest.raises(UserError, match=r"split_data.file_template is"):
        file_names.parse(template)


def test_globs_choose_files_and_what_they_leave_is_listed() -> None:
    chosen, others = file_names.choose(FILES, ["images*", "masks/*"], ["*masks/*"])
    assert chosen == ["images_1/a.png", "images_2/B.png"]
    assert others["reason"].tolist() == ["excluded", "not taken", "not taken", "not taken"]
    assert others["file"].tolist() == FILES[2:]
    assert file_names.choose(FILES, [], [])[0] == FILES
