"""What is odd about a split is said once, with its number and the first few names."""

import pandas as pd
import pytest

from chestgan.data import split_warnings


def patients(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Make images with label, source, patient and the patient as it was written."""
    table = pd.DataFrame(rows, columns=["label", "source", "patient", "given"])
    return table.assign(file=[f"{place}.png" for place in range(len(table))])


def images(coloured: list[float], outside: list[float | None]) -> pd.DataFrame:
    table = pd.DataFrame({"coloured": coloured, "outside_window": outside}, dtype=object)
    return table.assign(file=[f"{place}.png" for place in range(len(table))])


def test_nothing_is_said_where_nothing_is_odd() -> None:
    table = patients(("covid", "a", "p1", "p1"), ("covid", "a", "p1", "p1"), ("normal", "b", "p2", "p2"))
    assert split_warnings.on_patients(table) == []
    assert split_warnings.on_images(images([0.0, 0.0009], [None, None])) == []
    assert split_warnings.on_rejected(pd.DataFrame({"reason": ["ignored label", "excluded", "row left out"]})) == []
    assert split_warnings.on_duplicates(pd.DataFrame({"label_a": [], "label_b": []}), "group") == []


def test_what_was_made_of_subfolders_is_told() -> None:
    table = pd.DataFrame({"file": ["covid/images/1.png", "covid/images/2.png", "covid/3.png", "normal/p1/4.png"]})
    table["label"] = ["covid", "covid", "covid", "normal"]
    table["patient"] = [f"image:{file}" for file in table["file"]]
    (note,) = split_warnings.on_subfolders(table)
    assert "covid/images (2 images, label covid), normal/p1 (1 images, label normal)" in note
    assert "split_data.patient_pattern: ^[^/]+/([^/]+)/" in note
    assert "patient_pattern" not in split_warnings.on_subfolders(table.assign(patient="p1"))[0]
    assert split_warnings.on_subfolders(table[2:3]) == []


def test_a_table_without_any_patient_is_told_loudly() -> None:
    table = patients(("covid", "", "image:0.png", ""), ("normal", "", "image:1.png", "nan"))
    (note,) = split_warnings.on_patients(table)
    assert note.startswith("NO PATIENT IDS: each of the 2 images counts as a patient of its own")


def test_images_without_a_patient_are_counted_and_five_named() -> None:
    unknown = [("covid", "a", f"image:{place}.png", "") for place in range(7)]
    (note,) = split_warnings.on_patients(patients(*unknown, ("covid", "a", "p1", "p1")))
    assert note == (
        "images without a patient id: 7; each counts as a patient of its own, such as 0.png, 1.png, 2.png, 3.png, "
        "4.png and 2 more"
    )
    (note,) = split_warnings.on_patients(patients(*unknown[:5], ("covid", "a", "p1", "p1")))
    assert note.endswith("such as 0.png, 1.png, 2.png, 3.png, 4.png")


def test_spellings_that_were_made_one_are_told() -> None:
    table = patients(
        ("covid", "a", "p1", "P1"), ("covid", "a", "p1", " p1"), ("covid", "a", "p2", "p2"), ("covid", "a", "p2", "p2")
    )
    assert split_warnings.on_patients(table) == [
        "patient ids written in several ways and made one: 1, { p1, P1}",
    ]


def test_patients_with_several_labels_and_sources_are_named() -> None:
    table = patients(
        ("covid", "a", "p2", "p2"),
        ("normal", "a", "p2", "p2"),
        ("covid", "a", "p1", "p1"),
        ("normal", "b", "p1", "p1"),
        ("covid", "c", "p3", "p3"),
    )
    assert split_warnings.on_patients(table) == [
        "patients with several labels, each kept in one split: 2, p1, p2",
        "patients with several sources, each kept in one split: 1, p1",
    ]


def test_images_with_colour_are_told_from_a_thousandth_of_the_pixels_on() -> None:
    assert split_warnings.on_images(images([0.001, 0.0011, 0.5], [None] * 3)) == [
        "images with colour (a tint, marks, or no radiograph) that were made grey: 2, 1.png, 2.png"
    ]


def test_what_lies_beyond_the_window_is_a_mean_and_a_most_over_the_deep_images() -> None:
    assert split_warnings.on_images(images([0.0] * 4, [None, 0.1, 0.0, 0.05])) == [
        "16-bit images shown through the window: 3; 5.0% of their pixels lie beyond it and are black or white (at most "
        "10.0% of one)"
    ]


def test_rejected_files_are_counted_by_reason_without_those_of_ignored_labels() -> None:
    reasons = ["damaged", "too small", "ignored label", "damaged", "blank", "ignored label", "ignored label"]
    table = pd.DataFrame({"reason": reasons})
    assert split_warnings.by_reason(table) == "ignored label 3, damaged 2, blank 1, too small 1"
    assert split_warnings.on_rejected(table) == ["files left out: damaged 2, blank 1, too small 1; see rejected.csv"]


@pytest.mark.parametrize(
    ("action", "done"),
    [
        ("group", "their patients were put in one split"),
        ("drop", "their patients were put in one split and the copies left out"),
        ("keep", "nothing was done about them, so one picture may lie in two splits"),
    ],
)
def test_duplicates_are_told_with_what_was_done(action: str, done: str) -> None:
    pairs = pd.DataFrame({"label_a": ["covid", "covid", "normal"], "label_b": ["covid", "normal", "covid"]})
    assert split_warnings.on_duplicates(pairs, action) == [
        f"pairs of images that are one picture: 3, 2 of them WITH DIFFERENT LABELS; {done}: see duplicates.csv"
    ]
    assert split_warnings.on_duplicates(pairs[:1], action) == [
        f"pairs of images that are one picture: 1; {done}: see duplicates.csv"
    ]


def test_a_split_with_fewer_than_ten_patients_of_a_class_is_told() -> None:
    rows = [("covid", "train", 10), ("covid", "test", 9), ("normal", "test", 10), ("normal", "validation", 3)]
    # two images each: patients count, not images
    table = pd.DataFrame(
        [(label, split, f"{label}-{split}-{i // 2}") for label, split, n in rows for i in range(2 * n)],
        columns=["label", "split", "patient"],
    )
    assert split_warnings.on_splits(table) == [
        "few patients, so that scores will swing: covid 9 in test, normal 3 in validation"
    ]
    assert split_warnings.on_splits(table[table["split"] == "train"]) == []


def test_the_table_of_patients_has_all_that_is_known_of_each() -> None:
    table = patients(
        ("normal", "b", "p2", "P2"), ("covid", "a", "p1", "p1"), ("covid", "b", "p2", "p2"), ("covid", "b", "p2", "p2")
    )
    made = split_warnings.patient_table(table.assign(split=["test", "train", "test", "test"]))
    assert list(made) == ["patient", "split", "n_images", "written", "labels", "sources"]
    assert made.to_numpy().tolist() == [
        ["p1", "train", 1, "p1", "covid", "a"],
        ["p2", "test", 3, "P2 | p2", "covid | normal", "b"],
    ]
