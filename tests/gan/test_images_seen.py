"""What a generator has seen is known by patient and by checksum, and isn't tested on unknowingly."""

from pathlib import Path

import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.gan import images_seen

START = Path("pre/generator.safetensors")


def manifest(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Make a manifest of patients, splits and checksums."""
    return pd.DataFrame(rows, columns=["patient", "split", "sha256"]).assign(file=lambda of: of["sha256"] + ".png")


def refused(seen: pd.DataFrame, study: pd.DataFrame) -> str:
    with pytest.raises(UserError) as caught:
        images_seen.require_unseen(seen, study, START)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_training_and_validation_images_are_listed_and_those_of_the_start_add_up() -> None:
    first = images_seen.table(manifest(("a", "train", "1"), ("b", "validation", "2"), ("c", "test", "3")), "nih", None)
    assert first.to_numpy().tolist() == [["nih", "a", "train", "1"], ["nih", "b", "validation", "2"]]
    second = images_seen.table(manifest(("d", "train", "4")), "mine", first)
    assert second["dataset"].tolist() == ["nih", "nih", "mine"]
    again = images_seen.table(manifest(("d", "train", "4")), "mine", second)
    pd.testing.assert_frame_equal(again, second)


def test_a_table_reads_as_it_was_written(tmp_path: Path) -> None:
    table = images_seen.table(manifest(("0012", "train", "1"), ("", "train", "")), None, None)
    table.to_csv(tmp_path / "images_seen.csv", index=False)
    pd.testing.assert_frame_equal(images_seen.read(tmp_path / "generator.safetensors"), table)
    assert images_seen.read(tmp_path / "elsewhere" / "generator.safetensors") is None


def test_patients_that_are_held_out_are_refused() -> None:
    seen = images_seen.table(manifest(("a", "train", "1"), ("b", "train", "2")), "nih", None)
    study = manifest(("x", "train", "7"), ("b", "test", "8"), ("b", "test", "9"), ("a", "validation", "6"))
    told = refused(seen, study)
    assert told.startswith("start_from is pre/generator.safetensors, and its training saw 2 patients of this study's")
    assert "such as 'b' in test" in told


def test_an_image_is_known_under_another_patient_too() -> None:
    seen = images_seen.table(manifest(("a", "train", "1")), "nih", None)
    told = refused(seen, manifest(("z", "test", "1"), ("y", "test", "2")))
    assert (
        "saw 1 images of this study's validation or test split, under other patients, such as '1.png' in test" in told
    )


def test_what_chose_the_start_may_choose_again_and_not_be_tested_on() -> None:
    seen = images_seen.table(manifest(("a", "validation", "1")), "nih", None)
    images_seen.require_unseen(seen, manifest(("a", "validation", "1")), START)
    assert "1 patients" in refused(seen, manifest(("a", "test", "5")))


def test_training_patients_and_others_are_no_overlap() -> None:
    seen = images_seen.table(manifest(("a", "train", "1")), "nih", None)
    images_seen.require_unseen(seen, manifest(("a", "train", "1"), ("b", "test", "2")), START)


def test_images_without_a_patient_are_known_by_their_checksums_alone() -> None:
    seen = images_seen.table(manifest(("image:covid/1.png", "train", "1"), ("", "train", "")), "nih", None)
    assert images_seen.names_patients(seen) is False
    images_seen.require_unseen(seen, manifest(("image:covid/1.png", "test", "9"), ("", "test", "")), START)
    assert "1 images" in refused(seen, manifest(("image:covid/2.png", "test", "1")))


def test_patients_are_counted_where_all_are_named() -> None:
    study = manifest(("a", "train", "1"), ("a", "train", "2"), ("b", "train", "3"), ("c", "test", "4"))
    assert images_seen.n_patients(study) == 2
    assert images_seen.n_patients(manifest(("a", "train", "1"), ("image:1.png", "train", "2"))) is None
    assert images_seen.n_patients(study.drop(columns="patient")) is None
