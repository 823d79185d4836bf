"""Files that can't be used stop a split where they are too many, and their list is left beside it."""

from pathlib import Path

import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import rejected


def rows(**reasons: int) -> pd.DataFrame:
    """List so many files for each reason."""
    found = [reason.replace("_", " ") for reason, n in reasons.items() for _ in range(n)]
    table = pd.DataFrame({"file": [f"{n}.png" for n in range(len(found))], "label": "covid", "reason": found})
    return table.assign(detail="of course")[rejected.COLUMNS]


def test_only_bad_files_count_and_only_among_those_that_are_wanted(tmp_path: Path) -> None:
    left_out = rows(truncated=1, ignored_label=80, not_in_the_table=9, duplicate=9)
    rejected.require_few(left_out, 100, 0.05, tmp_path / "split")
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match=r"^1 of 20 files can't be used, .*split_data.max_rejected allows \(0.04\)"):
        rejected.require_few(left_out, 100, 0.04, tmp_path / "split")
    assert len(pd.read_csv(tmp_path / "split.rejected.csv")) == len(left_out)


def test_classes_that_lost_their_patients_are_told_with_the_list(tmp_path: Path) -> None:
    table = pd.DataFrame({"patient": list("abcdef"), "label": ["covid"] * 3 + ["normal"] * 3})
    rejected.require_patients_left(table, ["covid", "normal"], rows(truncated=1), tmp_path / "split")
    with pytest.raises(UserError, match=r"covid 3, normal 2; .*split.rejected.csv"):
        rejected.require_patients_left(table[:5], ["covid", "normal"], rows(truncated=1), tmp_path / "split")
    assert rejected.list_beside(tmp_path / "split").is_file()
