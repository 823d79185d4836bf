"""Old names lead to the new ones, and only where these were expected."""

import dataclasses
from pathlib import Path

import pytest

import split_data
from chestgan.base import renamed
from chestgan.base.errors import UserError
from chestgan.base.renamed import RENAMED, now_called
from chestgan.gan import training_curves
from chestgan.gan.conditioning import CONDITIONINGS
from chestgan.metrics import tables
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY
from project import ROOT


def test_the_old_names_that_were_found_lead_to_the_new_ones() -> None:
    assert now_called(["seed", "kid"], ["kd", "fd"]) == "; since version 1.0 kid is called kd"
    assert now_called(["kid", "nearest_ratio"], ["dcr_ratio", "kd"]) == (
        "; since version 1.0 kid is called kd, nearest_ratio is called dcr_ratio"
    )


@pytest.mark.parametrize(("found", "expected"), [([], ["kd"]), (["kd"], ["kd"]), (["seed"], ["kd"]), (["kid"], ["fd"])])
def test_nothing_is_said_where_no_old_name_stands_for_an_expected_one(found: list[str], expected: list[str]) -> None:
    assert now_called(found, expected) == ""


def test_the_new_names_are_in_use_and_the_old_ones_are_not() -> None:
    written = {path.name for rules in (ROOT / "workflow" / "rules").glob("*.smk") for path in map(Path, words(rules))}
    columns = {*tables.columns(DISTANCES), *tables.columns(DIVERSITY), *training_curves.columns("gan")}
    keys = {field.name for field in dataclasses.fields(split_data.Config)}
    used = {*CONDITIONINGS, *columns, *written, *keys}
    assert set(RENAMED.values()) <= used
    assert used.isdisjoint(RENAMED)


def words(rules: Path) -> list[str]:
    """List what stands between quotes."""
    return rules.read_text().split('"')[1::2]


def test_results_of_before_version_1_are_refused_and_kept(tmp_path: Path) -> None:
    old = tmp_path / "demo" / "split" / "split.png"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    with pytest.raises(UserError) as caught:
        renamed.require_current(tmp_path / "demo")
    assert str(caught.value).startswith(
        f"{tmp_path / 'demo'} holds results of a version before 1.0, such as split/split.png, "
    )
    assert old.read_text() == "old"


def test_new_results_and_none_are_let_pass(tmp_path: Path) -> None:
    renamed.require_current(tmp_path / "none")
    (tmp_path / "demo" / "split").mkdir(parents=True)
    (tmp_path / "demo" / "split" / "manifest.csv").touch()
    (tmp_path / "demo" / "curves").mkdir()
    (tmp_path / "demo" / "curves" / "split.png").touch()
    renamed.require_current(tmp_path / "demo")
