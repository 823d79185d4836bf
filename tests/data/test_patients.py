"""Ids of one patient are found to be one, whatever their spelling."""

import hmac
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import patients


@pytest.mark.parametrize(
    ("written", "same"),
    [
        *(("P1", "p1"), (" p1\t", "p1"), ("p  1", "P 1"), ("p\u00a01", "p 1"), ("Ｐ1", "p1"), ("STRASSE", "straße")),
        # invisible: a space of no width, a byte order mark, a soft hyphen, a control character
        *(("p\u200b1", "p1"), ("\ufeffp1", "p1"), ("p\u00ad1", "p1"), ("p\x001", "p1")),
        # as a spreadsheet writes whole numbers
        *(("12.0", "12"), ("12.00", "12")),
    ],
)
def test_spelling_makes_no_new_patient(written: str, same: str) -> None:
    assert patients.normalise(written) == patients.normalise(same) != ""


def test_different_ids_stay_different() -> None:
    assert patients.normalise("p1") != patients.normalise("p01")
    assert patients.normalise("1.5") == "1.5"
    assert patients.normalise("p1.0") == "p1.0"


@pytest.mark.parametrize("missing", ["", "  ", "NaN", "n/a", "None", "unknown", "-", "--", "N.A.", "NULL", "\u200b"])
def test_an_image_without_an_id_is_its_own_patient(missing: str) -> None:
    assert patients.identify([missing, missing, "P1"], ["a.png", "b.png", "c.png"]) == [
        "image:a.png",
        "image:b.png",
        "p1",
    ]


def test_pairs_join_patients_along_a_chain() -> None:
    joined = patients.join(["d", "c", "b", "a", "a"], np.array([[0, 1], [1, 3]]))
    assert joined == ["a", "a", "b", "a", "a"]
    assert patients.join(["b", "a"], np.empty((0, 2))) == ["b", "a"]


def test_spellings_are_listed() -> None:
    assert patients.respelled(["P1", "p1", "p2", "", " "]) == {"p1": ["P1", "p1"]}


def test_the_majority_decides_and_the_alphabet_breaks_ties() -> None:
    table = pd.DataFrame({"patient": list("aaabb"), "label": ["y", "x", "y", "z", "x"]})
    assert patients.majority(table, "label").to_dict() == {"a": "y", "b": "x"}
    assert patients.with_several(table, "label") == ["a", "b"]


def test_hashed_ids_are_one_for_all_spellings_and_need_the_salt() -> None:
    salt = b"sixteen bytes at least"
    one, other, same, missing = patients.hashed(["P1", "P2", " p1", "unknown"], salt)
    assert one == same != other
    assert missing == ""
    assert len(one) == 16
    assert patients.hashed(["P1"], salt + b"!") != [one]
    assert one == hmac.new(salt, b"p1", "sha256").hexdigest()[:16]


def test_a_salt_is_a_file_that_cannot_be_guessed(tmp_path: Path) -> None:
    (tmp_path / "salt").write_text("0123456789abcdef\n")
    assert patients.read_salt(tmp_path / "salt") == b"0123456789abcdef"
    (tmp_path / "short").write_text("pepper\n")
    with pytest.raises(UserError, match=r"^split_data.patient_salt: .*short holds 6 bytes; expected at least 16$"):
        patients.read_salt(tmp_path / "short")
    with pytest.raises(UserError, match=r"^split_data.patient_salt is .*none', and there is no such file"):
        patients.read_salt(tmp_path / "none")
