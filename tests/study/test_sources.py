"""How much a source tells of the class is measured on the test patients, and one contrary image changes little."""

import pandas as pd
import pytest

from chestgan.study.sources import are_known, images_and_patients, share_without_patient, told_by_source


def images(rows: list[tuple[str, str, str, int]]) -> pd.DataFrame:
    """Make so many images by split, label and source."""
    return pd.DataFrame(
        [(split, label, source) for split, label, source, n in rows for _ in range(n)],
        columns=["split", "label", "source"],
    )


def confounded(contrary: int = 0) -> pd.DataFrame:
    """Make two hospitals with a class each, and contrary images in both."""
    rows = [
        (split, label, source, 100)
        for split in ("train", "test")
        for label, source in (("covid", "a"), ("normal", "b"))
    ]
    return images([*rows, ("train", "covid", "b", contrary), ("train", "normal", "a", contrary)])


def test_a_source_of_one_class_tells_it():
    assert told_by_source(confounded()) == 1
    assert told_by_source(confounded(contrary=1)) == 1


def test_contrary_images_of_the_test_patients_count():
    extra = images([("test", "covid", "b", 25), ("validation", "covid", "b", 1)])
    assert told_by_source(pd.concat([confounded(), extra], ignore_index=True)) == pytest.approx((0.8 + 1) / 2)


def test_a_source_with_both_classes_tells_nothing():
    rows = [(split, label, "a", 50) for split in ("train", "test") for label in ("covid", "normal")]
    assert told_by_source(images(rows)) == 0.5
    # rare classes are not outvoted
    rows = [(split, label, "a", n) for split in ("train", "test") for label, n in (("covid", 5), ("normal", 500))]
    assert told_by_source(images(rows)) == 0.5


def test_a_source_of_the_test_patients_alone_tells_nothing():
    rows = [
        ("train", "covid", "a", 9),
        ("train", "normal", "b", 9),
        ("test", "covid", "c", 5),
        ("test", "normal", "d", 5),
    ]
    assert told_by_source(images(rows)) == 0.5


def test_unknown_sources_tell_nothing_that_could_be_measured():
    assert told_by_source(confounded().assign(source="")) is None
    assert told_by_source(confounded().drop(columns="source")) is None
    assert not are_known(confounded().assign(source=""))
    assert are_known(confounded())


def test_patients_are_counted_where_they_are_known():
    test = pd.DataFrame({"patient": ["p1", "p1", "p2"]})
    assert images_and_patients(test) == "3 images of 2 test patients"
    assert (
        images_and_patients(test.assign(patient=["image:a", "image:b", "image:c"]))
        == "3 images of unknown test patients"
    )


def test_images_that_stand_for_patients_are_counted():
    patients = pd.DataFrame({"patient": ["image:a.png", "image:b.png", "p1", "p2"]})
    assert share_without_patient(patients) == 0.5
