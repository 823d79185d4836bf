"""split_data turns a folder of images into an image set, or says in one line why it can't."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pydicom
import pytest

import split_data
from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.data import grey
from chestgan.images import image_set
from dicoms import BIRTH_DATE, ENCODED, NAME, save_film, values
from pictures import class_folders, picture, rows, save, with_table
from public_sets import mask

SCRIPT = Path(split_data.__file__)
PYDICOM_FILES = Path(pydicom.data.__file__).parent / "test_files"


def split(folder: Path, output: Path, *flags: str) -> int:
    flags = ["--image-size", "16", "--allow-small", *flags]
    return split_data.main(["--folder", str(folder), "--output", str(output), *flags])


def read(output: Path, name: str = "manifest") -> pd.DataFrame:
    return pd.read_csv(output / f"{name}.csv", dtype=str, keep_default_na=False)


def contents(folder: Path) -> dict[str, bytes]:
    """Give the files of a result that its settings don't enter."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "settings.json"}


def failure(capsys: pytest.CaptureFixture, folder: Path, output: Path, *flags: str) -> str:
    """Run what has to fail, and give its one line; nothing may be left of the output."""
    assert split(folder, output, *flags) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith("error: ")
    assert not output.exists()
    assert not list(output.parent.glob(f".{output.name}*"))
    return told[-1]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with_table(tmp_path / "data", rows())
    return tmp_path / "data"


def test_a_table_becomes_an_image_set(data: Path, tmp_path: Path) -> None:
    assert split(data, tmp_path / "out", "--metadata", "metadata.csv") == 0
    made = image_set.read(tmp_path / "out")
    assert made.images.shape == (24, 16, 16)
    assert list(made.manifest) == split_data.MANIFEST_COLUMNS
    assert made.manifest["file"].tolist() == sorted(row["file"] for row in rows())
    assert set(made.manifest["split"]) == {"train", "validation", "test"}
    first = made.manifest.iloc[0]
    assert first["sha256"] == files.sha256(data / first["file"])
    assert (first["original_width"], first["original_height"], first["original_mode"]) == ("80", "72", "L")
    assert (made.manifest.groupby("patient")["split"].nunique() == 1).all()
    assert read(tmp_path / "out", "rejected").empty
    assert read(tmp_path / "out", "duplicates").empty
    settings = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert settings["script"] == "split_data"
    assert settings["n_images"] == 24
    assert sum(row["n_images"] for row in settings["counts"]) == 24
    names = "images.npy manifest.csv rejected.csv duplicates.csv patients.csv settings.json"
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(names.split())


def test_class_folders_have_no_patients_and_that_is_said_loudly(tmp_path: Path, capsys) -> None:
    data = class_folders(tmp_path / "data")
    assert split(data, tmp_path / "out") == 0
    assert "NO PATIENT IDS" in capsys.readouterr().err
    assert "NO PATIENT IDS" in json.loads((tmp_path / "out" / "settings.json").read_text())["warnings"][0]
    assert read(tmp_path / "out")["patient"].is_unique


def test_the_same_bytes_come_out_whatever_the_order_threads_and_time(data: Path, tmp_path: Path) -> None:
    table = pd.read_csv(data / "metadata.csv")
    other = tmp_path / "other"
    other.mkdir()
    for name in table["file"].sample(frac=1, random_state=1):
        (other / name).parent.mkdir(exist_ok=True)
        shutil.copy(data / name, other / name)
    table.sample(frac=1, random_state=2).to_csv(other / "metadata.csv", index=False)
    split(data, tmp_path / "a", "--metadata", "metadata.csv", "--threads", "1")
    split(other, tmp_path / "b", "--metadata", "metadata.csv", "--threads", "4")
    split(data, tmp_path / "c", "--metadata", "metadata.csv", "--threads", "1", "--seed", "1")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a")["manifest.csv"] != contents(tmp_path / "c")["manifest.csv"]


def test_files_that_cannot_be_used_are_rows_with_reasons(data: Path, tmp_path: Path, capsys) -> None:
    (data / "covid/pointer.png").write_text("version https://git-lfs.github.com/spec/v1\n")
    save(data / "covid/small.png", picture(77, 70, 20))
    save(data / "normal/deep.png", picture(78).astype(np.uint16) * 9)
    (data / "normal/half.png").write_bytes((data / "normal/00-0.png").read_bytes()[:900])
    (data / "normal/notes.txt").write_text("no image")
    save(data / "loose.png", picture(79))
    save(data / "other/skipped.png", picture(80))
    (data / "metadata.csv").unlink()
    assert split(data, tmp_path / "out", "--max-rejected", "0.2", "--ignored-labels", "other") == 0
    rejected = read(tmp_path / "out", "rejected")
    assert dict(zip(rejected["file"], rejected["reason"], strict=True)) == {
        "covid/pointer.png": "text pointer",
        "covid/small.png": "too small",
        "loose.png": "no label",
        "normal/deep.png": "16-bit without a window",
        "normal/half.png": "truncated",
        "other/skipped.png": "ignored label",
    }
    assert len(read(tmp_path / "out")) == 24
    settings = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert settings["not_images"] == ["normal/notes.txt"]
    assert settings["n_rejected"]["ignored label"] == 1


def test_too_many_rejected_files_stop_the_run_and_are_listed(data: Path, tmp_path: Path, capsys) -> None:
    for place in range(3):
        (data / f"covid/broken-{place}.png").write_bytes(b"")
    (data / "metadata.csv").unlink()
    told = failure(capsys, data, tmp_path / "out", "--max-rejected", "0.1")
    assert "3 of 27 files can't be used" in told
    assert "empty file 3" in told
    assert "covid/broken-0.png" in told
    left = tmp_path / "out.rejected.csv"
    assert str(left) in told
    assert pd.read_csv(left)["file"].tolist() == [f"covid/broken-{place}.png" for place in range(3)]
    assert split(data, tmp_path / "out", "--max-rejected", "0.2") == 0
    assert not left.exists()


def test_ignored_labels_do_not_count_as_rejected(tmp_path: Path) -> None:
    data = class_folders(tmp_path / "data", labels=("covid", "normal", "other"))
    assert split(data, tmp_path / "out", "--classes", "covid", "normal", "--ignored-labels", "other") == 0
    assert len(read(tmp_path / "out", "rejected")) == 8
    assert split(data, tmp_path / "again", "--classes", "covid", "normal") == 1


def test_files_that_the_table_does_not_name_are_rows_and_count_for_nothing(data: Path, tmp_path: Path) -> None:
    for place in range(9):
        save(data / f"covid/extra-{place}.png", picture(500 + place))
    assert split(data, tmp_path / "out", "--metadata", "metadata.csv") == 0
    assert (read(tmp_path / "out", "rejected")["reason"] == "not in the table").sum() == 9


def test_no_mask_of_a_class_folder_becomes_an_image(tmp_path: Path, capsys) -> None:
    data = class_folders(tmp_path / "data")
    for label in ("covid", "normal"):
        for place in range(8):
            shutil.move(data / label / f"{place:02d}.png", save(data / label / "images" / "x.png", picture(0)).parent)
            save(data / label / "masks" / f"{place:02d}.png", mask(place))
            save(data / label / "lungs" / f"{place:02d}.png", mask(place))
        (data / label / "images" / "x.png").unlink()
    shutil.copy(data / "covid/images/00.png", data / "covid/images/zz.png")
    assert split(data, tmp_path / "out") == 0
    assert read(tmp_path / "out")["file"].str.contains("images").all()
    assert len(read(tmp_path / "out")) == 17
    left = read(tmp_path / "out", "rejected")
    assert left["reason"].tolist() == ["mask"] * 32
    pairs = read(tmp_path / "out", "duplicates")
    assert pairs[["file_a", "file_b"]].to_numpy().tolist() == [["covid/images/00.png", "covid/images/zz.png"]]
    stored = image_set.read(tmp_path / "out").images
    assert (stored[0] == stored[8]).all()
    told = capsys.readouterr().err
    assert "files left out: mask 32" in told
    assert "covid/images (9 images, label covid)" in told


def test_subfolders_name_patients_by_a_pattern(tmp_path: Path, capsys) -> None:
    for place in range(16):
        label = ("covid", "normal")[place % 2]
        save(tmp_path / "data" / label / f"{label[0]}{place // 4}" / f"{place}.png", picture(place))
    assert split(tmp_path / "data", tmp_path / "out", "--patient-pattern", "^[^/]+/([^/]+)/") == 0
    assert sorted(set(read(tmp_path / "out")["patient"])) == ["c0", "c1", "c2", "c3", "n0", "n1", "n2", "n3"]
    assert "NO PATIENT IDS" not in capsys.readouterr().err


def test_a_window_shows_16_bits_and_its_loss_is_told(data: Path, tmp_path: Path, capsys) -> None:
    values = picture(99).astype(np.uint16) * 16
    save(data / "covid/00-0.png", values)
    flags = ("--metadata", "metadata.csv", "--window-low", "800", "--window-high", "2400")
    assert split(data, tmp_path / "out", *flags) == 0
    assert "16-bit images shown through the window: 1;" in capsys.readouterr().err
    assert read(tmp_path / "out")["original_mode"].iloc[0] == "I;16"


def test_real_dirty_files_in_a_class_folder(tmp_path: Path, shared_data: Path, capsys) -> None:
    data = class_folders(tmp_path / "data", n_images=12)
    shutil.copytree(shared_data / "dirty", data / "covid" / "dirty")
    assert split(data, tmp_path / "out", "--max-rejected", "0.1") == 0
    rejected = read(tmp_path / "out", "rejected")
    assert rejected["file"].tolist() == ["covid/dirty/git_lfs_pointer.png", "covid/dirty/tiny%7.png"]
    assert rejected["reason"].tolist() == ["text pointer", "too small"]
    told = capsys.readouterr().err
    assert "covid/dirty/colour_marks_cxr.png, covid/dirty/lateral_view.jpg" in told
    kept = read(tmp_path / "out")
    assert kept["file"].str.contains("dirty").sum() == 10
    assert kept.set_index("file").loc["covid/dirty/huge_4298x4300.jpg", "original_width"] == "4298"


def test_odd_spellings_two_labels_and_missing_ids_are_handled_and_told(tmp_path: Path, capsys) -> None:
    table = rows(n_patients=8)
    spelled = {"c0": ["C0", " c0"], "c1": ["c1", "C1  "], "n0": ["N0", "n0"]}
    for row in table:
        if row["patient"] in spelled:
            row["patient"] = spelled[row["patient"]].pop()
    table[6]["patient"] = table[7]["patient"] = ""
    table[8]["patient"] = "n3"  # a patient of the other label
    with_table(tmp_path / "data", table)
    assert split(tmp_path / "data", tmp_path / "out", "--metadata", "metadata.csv") == 0
    told = capsys.readouterr().err
    assert "patient ids written in several ways and made one: 3, {" in told
    assert "patients with several labels, each kept in one split: 1, n3" in told
    assert "images without a patient id: 2" in told
    kept = read(tmp_path / "out")
    assert (kept.groupby("patient")["split"].nunique() == 1).all()
    who = kept.set_index("file")["patient"]
    assert who["covid/00-0.png"] == who["covid/00-1.png"] == "c0"
    assert who["covid/03-0.png"] == "image:covid/03-0.png"
    patients = read(tmp_path / "out", "patients").set_index("patient")
    assert patients.loc["c0", "written"] == "C0 | c0"
    assert patients.loc["n3", "labels"] == "covid | normal"


def with_copies(folder: Path) -> Path:
    """Make data where c0 and c5 share a picture, and n0 shows one of c1 again, saved as JPEG."""
    with_table(folder, rows(n_patients=10))
    shutil.copy(folder / "covid/00-0.png", folder / "covid/05-1.png")
    save(folder / "normal/00-0.png", picture(2))
    save(folder / "again.jpg", picture(2), quality=90).rename(folder / "normal/00-0.png")
    return folder


@pytest.mark.parametrize(("action", "n_images"), [("group", 40), ("drop", 37), ("keep", 40)])
def test_duplicates_are_listed_and_handled_as_asked(tmp_path: Path, capsys, action: str, n_images: int) -> None:
    data = with_copies(tmp_path / "data")
    assert split(data, tmp_path / "out", "--metadata", "metadata.csv", "--duplicates", action) == 0
    assert "pairs of images that are one picture: 2, 1 of them WITH DIFFERENT LABELS" in capsys.readouterr().err
    pairs = read(tmp_path / "out", "duplicates")
    assert pairs[["file_a", "file_b", "kind"]].to_numpy().tolist() == [
        ["covid/00-0.png", "covid/05-1.png", "exact"],
        ["covid/01-0.png", "normal/00-0.png", "near"],
    ]
    assert pairs["patient_b"].tolist() == ["c5", "n0"]
    kept = read(tmp_path / "out")
    assert len(kept) == n_images
    who = kept.set_index("file")["patient"]
    joined = action != "keep"
    assert (who["covid/00-1.png"] == who["covid/05-0.png"]) is joined
    assert (who["covid/01-1.png"] == who["normal/00-1.png"]) is joined
    dropped = read(tmp_path / "out", "rejected")
    if action == "drop":
        assert pairs[["kept_a", "kept_b"]].to_numpy().tolist() == [["True", "False"], ["False", "False"]]
        assert dropped["file"].tolist() == ["covid/01-0.png", "covid/05-1.png", "normal/00-0.png"]
        assert set(dropped["reason"]) == {"duplicate"}
    else:
        assert (pairs[["kept_a", "kept_b"]] == "True").all(axis=None)
        assert dropped.empty


def test_three_classes_are_split(tmp_path: Path) -> None:
    with_table(tmp_path / "data", rows(labels=("covid", "normal", "pneumonia")))
    assert split(tmp_path / "data", tmp_path / "out", "--metadata", "metadata.csv") == 0
    assert read(tmp_path / "out").groupby("label")["split"].nunique().tolist() == [3, 3, 3]


def test_the_pixels_are_those_of_the_file(data: Path, tmp_path: Path) -> None:
    flat = np.zeros((100, 100), dtype=np.uint8)
    flat[:, 50:] = 240
    save(data / "covid/00-0.png", flat)
    split(data, tmp_path / "out", "--metadata", "metadata.csv")
    image = image_set.read(tmp_path / "out").images[0]
    assert not image[:, :5].any()
    assert (image[:, 11:] == 240).all()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--image-size", "8"), "image_size is 8; expected a number from 16 to 1024"),
        (("--test-fraction", "0.9"), "test_fraction is 0.9"),
        (("--max-rejected", "nan"), "max_rejected is nan"),
        (("--square", "stretch"), "square is 'stretch'; expected one of pad, crop"),
        (("--window-low", "0"), "split_data.window_low and split_data.window_high are given together"),
        (("--window-low", "9", "--window-high", "9"), "expected less than split_data.window_high"),
        (("--classes", "covid", "norml"), "did you mean 'normal'?"),
        (("--metadata", "gone.csv"), "split_data.metadata is 'gone.csv'"),
        (("--metadata", "metadata.csv", "--patient-column", "patiens"), "did you mean 'patient'?"),
    ],
)
def test_wrong_flags_are_told_before_any_work(data: Path, tmp_path: Path, capsys, flags, message: str) -> None:
    assert message in failure(capsys, data, tmp_path / "out", *flags)


def test_wrong_folders_are_told_before_any_work(tmp_path: Path, capsys) -> None:
    assert "there is no such folder" in failure(capsys, tmp_path / "gone", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/README.md").write_text("nothing")
    assert "there is no image" in failure(capsys, tmp_path / "empty", tmp_path / "out")
    one = class_folders(tmp_path / "one", labels=("covid",))
    assert "found 1 class ('covid')" in failure(capsys, one, tmp_path / "out")
    few = class_folders(tmp_path / "few", n_images=2)
    assert "too few patients to split: covid 2, normal 2" in failure(capsys, few, tmp_path / "out")


def test_patients_lost_to_rejection_are_told_with_the_list(tmp_path: Path, capsys) -> None:
    data = class_folders(tmp_path / "data", n_images=3)
    (data / "covid/00.png").write_bytes(b"")
    told = failure(capsys, data, tmp_path / "out", "--max-rejected", "0.5")
    assert "too few patients to split: covid 2, normal 3" in told
    assert "out.rejected.csv" in told


def test_a_look_finds_what_a_run_would_take_and_leaves_nothing(data: Path) -> None:
    before = sorted(data.rglob("*"))
    section = {"folder": str(data), "metadata": ["metadata.csv"], "image_size": 16, "window_low": None, "classes": []}
    section["allow_small"] = True
    inspected = split_data.inspect(section)
    assert inspected.selected.classes == ["covid", "normal"]
    assert inspected.selected.table["patient"].nunique() == 12
    assert len(inspected.looked) == 24
    assert (inspected.looked["original_width"] == 80).all()
    assert split_data.inspect(section, n_files=0).looked.empty
    assert sorted(data.rglob("*")) == before


def test_a_full_output_folder_is_left_alone(data: Path, tmp_path: Path, capsys) -> None:
    save(tmp_path / "out/mine.png", picture(0))
    assert split(data, tmp_path / "out", "--metadata", "metadata.csv") == 1
    assert "isn't empty" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.png"]


def test_a_full_disk_is_an_error_that_leaves_nothing_half_done(data: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "posix_fallocate", full)
    assert "No space left on device" in failure(capsys, data, tmp_path / "out", "--metadata", "metadata.csv")


def test_help_is_fast_and_needs_no_torch(tmp_path: Path) -> None:
    code = "import sys, split_data, make_demo_data; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=SCRIPT.parent)
    shown = subprocess.run([sys.executable, SCRIPT, "--help"], check=True, cwd=tmp_path, capture_output=True, text=True)
    assert "--duplicate-correlation" in shown.stdout


def test_real_chest_images_are_split_with_their_sources(shared_data: Path, tmp_path: Path) -> None:
    flags = ("--metadata", "metadata.csv", "--file-column", "filename", "--patient-column", "patient_id")
    flags += ("--classes", "covid", "normal", "--ignored-labels", "pneumonia")
    assert split(shared_data / "cxr", tmp_path / "out", *flags) == 0
    kept = read(tmp_path / "out")
    assert len(kept) == 1166
    assert kept["patient"].nunique() == 676
    assert (kept.groupby("patient")["split"].nunique() == 1).all()
    for _, of_class in kept.groupby("label"):
        assert (of_class["split"] == "test").mean() == pytest.approx(0.2, abs=0.01)
    hannover = kept[kept["source"] == "hannover"]
    assert (hannover["split"] == "test").mean() == pytest.approx(0.2, abs=0.05)


def films(folder: Path, n_patients: int = 6, **tags) -> Path:
    """Make class folders of DICOM films in several encodings, two a patient, the second of patient 0 a lateral one."""
    encodings = [None, *(name for name in ENCODED if name != "JPEG Baseline")]
    for place, label in enumerate(("covid", "normal")):
        for number in range(2 * n_patients):
            patient = number // 2
            made = {"PatientID": f"{label}-{patient}", "ViewPosition": "LL" if number == 1 else "PA"}
            made |= {"Manufacturer": ("East", "West")[patient % 2], "StudyInstanceUID": f"1.2.{place}.{number}"}
            encoding = encodings[number % len(encodings)]
            save_film(folder / label / f"{number:02d}.dcm", values(100 * place + number), 12, encoding, **made | tags)
    return folder


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_dicom_is_split_by_the_patients_of_its_headers_and_names_nobody(tmp_path: Path, capfd) -> None:
    data = films(tmp_path / "data")
    shutil.copy(PYDICOM_FILES / "reportsi.dcm", data / "covid" / "report.dcm")
    assert split(data, tmp_path / "out", "--views", "PA", "AP", "--source-from", "manufacturer") == 0
    told = capfd.readouterr()
    kept = read(tmp_path / "out")
    assert list(kept) == [*split_data.MANIFEST_COLUMNS, "view", "modality", "manufacturer"]
    assert kept["patient"].nunique() == 12
    assert (kept.groupby("patient")["split"].nunique() == 1).all()
    assert kept["source"].tolist() == kept["manufacturer"].tolist()
    assert set(kept["original_mode"]) == {"MONOCHROME2 12 bits"}
    left_out = read(tmp_path / "out", "rejected")
    assert left_out[["file", "reason", "detail"]].to_numpy().tolist() == [
        ["covid/01.dcm", "other view", "LL; wanted: PA, AP"],
        ["covid/report.dcm", "other view", "not in its header; wanted: PA, AP"],
        ["normal/01.dcm", "other view", "LL; wanted: PA, AP"],
    ]
    written = everything(tmp_path / "out") + told.out.encode() + told.err.encode()
    for word in (*NAME.split("^"), BIRTH_DATE, "Elsewhere"):
        assert word.encode() in everything(data)
        assert word.encode() not in written
    image = image_set.read(tmp_path / "out").images[0]
    shown = np.rint(values(0) / 4095 * 255).astype(np.uint8)
    np.testing.assert_array_equal(image, grey.square(shown, 16, "pad"))


def test_a_salt_hides_patients_everywhere_and_is_nowhere(tmp_path: Path, capfd) -> None:
    (tmp_path / "salt").write_text("a secret of some length")
    flags = ("--patient-salt", str(tmp_path / "salt"), "--header-columns", "study", "sex", "age")
    data = films(tmp_path / "data")
    shutil.copy(PYDICOM_FILES / "reportsi.dcm", data / "covid")
    assert split(data, tmp_path / "out", *flags) == 0
    [left_out] = read(tmp_path / "out", "rejected").to_dict("records")
    assert (left_out["reason"], left_out["detail"]) == ("no picture", "Basic Text SR Storage: it has no pixels")
    kept = read(tmp_path / "out")
    assert kept["patient"].nunique() == 12
    assert set(kept["age"]) == {"64"}
    told = capfd.readouterr()
    written = everything(tmp_path / "out") + told.out.encode() + told.err.encode()
    for word in ("covid-0", "covid-1", "1.2.0.3", "a secret of some length", *NAME.split("^"), BIRTH_DATE):
        assert word.encode() not in written
    assert split(data, tmp_path / "plain") == 0
    assert read(tmp_path / "plain")["split"].nunique() == 3
    assert "covid-1" in set(read(tmp_path / "plain")["patient"])


def test_the_table_wins_over_headers_and_completes_them(tmp_path: Path) -> None:
    data = films(tmp_path / "data", PatientID="ONE FOR ALL")
    table = [
        {"file": f"{label}/{number:02d}.dcm", "label": label, "patient": f"{label}{number // 2}", "source": "mine"}
        for label in ("covid", "normal")
        for number in range(12)
    ]
    pd.DataFrame(table).to_csv(data / "metadata.csv", index=False)
    assert split(data, tmp_path / "out", "--metadata", "metadata.csv", "--source-from", "manufacturer") == 0
    assert read(tmp_path / "out")["patient"].tolist() == [row["patient"] for row in table]
    assert set(read(tmp_path / "out")["source"]) == {"mine"}
    with pytest.raises(
        UserError,
        match=r"too few patients to split: covid 1, .* with the patients of its headers, and 1 patients have 24",
    ):
        split_data.select(split_data.Config(folder=data, output=tmp_path / "none"))


def test_frames_and_slices_are_images_of_one_patient(tmp_path: Path) -> None:
    data = films(tmp_path / "data")
    volume = np.stack([values(500 + place) for place in range(9)])
    save_film(data / "covid/volume.dcm", volume, PatientID="covid-3", Modality="CT", RescaleSlope=1, RescaleIntercept=0)
    body = np.moveaxis(volume, 0, 2).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(body, np.eye(4)), data / "normal/scan.nii.gz")
    assert split(data, tmp_path / "out", "--frames", "3", "--window-low", "0", "--window-high", "4095") == 0
    kept = read(tmp_path / "out").set_index("file")
    names = [f"{name}#{number}" for name in ("covid/volume.dcm", "normal/scan.nii.gz") for number in (2, 5, 8)]
    assert [file for file in kept.index if "#" in file] == names
    assert set(kept.loc[names[:3], "patient"]) == {"covid-3"}
    assert set(kept.loc[names[3:], "patient"]) == {"image:normal/scan.nii.gz"}
    assert kept.loc[names, "split"].groupby(kept["patient"]).nunique().tolist() == [1, 1]
    assert kept["sha256"].is_unique


def test_a_fifo_is_a_row_and_is_never_opened(data: Path, tmp_path: Path) -> None:
    os.mkfifo(data / "covid/pipe.png")
    (data / "metadata.csv").unlink()
    assert split(data, tmp_path / "out", "--max-rejected", "0.1") == 0
    left_out = read(tmp_path / "out", "rejected")
    assert left_out[["file", "reason"]].to_numpy().tolist() == [["covid/pipe.png", "not a file"]]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--patient-salt", "gone"), "split_data.patient_salt is 'gone', and there is no such file"),
        (("--source-from", "hospital"), "source_from is 'hospital'; expected one of manufacturer, institution"),
        (("--header-columns", "name"), "header_columns is 'name'; expected one of study, view"),
        (("--frames", "-1"), "frames is -1; expected a number from 0"),
    ],
)
def test_wrong_flags_about_headers_are_told(data: Path, tmp_path: Path, capsys, flags, message: str) -> None:
    assert message in failure(capsys, data, tmp_path / "out", "--metadata", "metadata.csv", *flags)
