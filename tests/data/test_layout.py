"""A layout knows which columns it uses, and whether folders are the labels."""

from chestgan.data import layout
from chestgan.data.layout import Layout


def test_each_column_is_named_after_the_key_that_uses_it() -> None:
    usual = Layout(("t.csv",))
    assert layout.wanted_columns(usual) == [
        ("file_column", "file"),
        ("label_column", "label"),
        ("patient_column", "patient"),
        ("source_column", "source"),
    ]
    ruled = Layout(
        ("t.csv",),
        file_template="{folder}/{id}.png",
        patient="",
        source="",
        labels=("covid=finding contains COVID",),
        keep_rows=("view is PA",),
        columns=("sex",),
    )
    assert layout.wanted_columns(ruled) == [
        ("file_template", "folder"),
        ("file_template", "id"),
        ("labels", "finding"),
        ("keep_rows", "view"),
        ("columns", "sex"),
    ]


def test_folders_are_the_labels_where_nothing_else_says_them() -> None:
    assert Layout().by_folders
    assert Layout(("t.csv",), label="").by_folders
    assert not Layout(("t.csv",)).by_folders
    assert not Layout(("t.csv",), label="", labels=("a=b is 1",)).by_folders
