"""Galleries have as many images a row as fit on the page."""

import pytest

from chestgan.study.page.image_section import n_columns


@pytest.mark.parametrize(
    ("n_rows", "size", "columns"),
    [(10, 32, 6), (40, 128, 2), (40, 1024, 2), (500, 128, 1)],
)
def test_columns(n_rows, size, columns):
    assert n_columns(n_rows, size) == columns
