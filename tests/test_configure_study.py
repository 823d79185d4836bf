"""configure_study writes a configuration that can be run, from what it finds in a folder."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

import configure_study
import public_sets
import split_data
from chestgan.base import commandline, configuration
from dicoms import save_film, values
from pictures import class_folders, picture, rows, save, with_table

USUAL = {"folder"}


def configured(folder: Path, output: Path) -> dict:
    """Write a configuration, check it as the workflow does, and return its section about the data."""
    assert configure_study.main(["--folder", str(folder), "--output", str(output)]) == 0
    config = yaml.safe_load(output.read_text())
    written = dict(config["split_data"])
    configuration.check(config, configure_study.SCHEMA)
    flags = commandline.flags(config["split_data"] | {"image_size": 16})
    assert split_data.main([*flags, "--allow-small", "--output", str(output.with_suffix(""))]) == 0
    return written


def manifest(output: Path) -> pd.DataFrame:
    return pd.read_csv(output.with_suffix("") / "manifest.csv", dtype=str, keep_default_na=False)


def test_class_folders_need_no_key(tmp_path: Path, capsys) -> None:
    section = configured(class_folders(tmp_path / "data"), tmp_path / "new.yaml")
    assert set(section) - USUAL == {"square"}
    told = capsys.readouterr().out
    assert "classes  covid 8, normal 8" in told
    assert "patients unknown" in told
    assert f"--configfile {tmp_path}/new.yaml --dry-run" in told
    assert yaml.safe_load((tmp_path / "new.yaml").read_text())["evaluate_classifier"]["positive_class"] == "covid"


def test_a_table_of_the_usual_names_is_all_that_is_named(tmp_path: Path) -> None:
    with_table(tmp_path / "data", rows())
    section = configured(tmp_path / "data", tmp_path / "new.yaml")
    assert set(section) - USUAL == {"metadata", "square"}


def test_columns_of_other_names_are_recognised(tmp_path: Path, capsys) -> None:
    table = [
        {"file": row["file"], "Image Id": Path(row["file"]).stem + f"-{place}", "Diagnosis": row["label"]}
        | {"Subject ID": row["patient"], "Hospital": row["source"], "Sex": "FM"[place % 2], "note": str(place)}
        for place, row in enumerate(rows())
    ]
    (tmp_path / "data").mkdir()
    for row in table:
        save(tmp_path / "data" / "films" / f"{row['Image Id']}.png", picture(int(row["note"])))
        del row["file"]
    pd.DataFrame(table).to_csv(tmp_path / "data" / "films.csv", index=False)
    pd.DataFrame({"file": ["nothing.png"]}).to_csv(tmp_path / "data" / "other.csv", index=False)
    section = configured(tmp_path / "data", tmp_path / "new.yaml")
    assert {key: section[key] for key in sorted(set(section) - USUAL - {"square"})} == {
        "file_template": "**/{Image Id}.png",
        "label_column": "Diagnosis",
        "metadata": "films.csv",
        "patient_column": "Subject ID",
        "source_column": "Hospital",
    }
    assert "sources  east, west" in capsys.readouterr().out
    assert "# columns: [Sex]" in (tmp_path / "new.yaml").read_text()


def test_a_class_of_few_images_is_ignored_and_one_with_many_values_is_ruled(tmp_path: Path) -> None:
    table = rows()
    table[0]["label"] = table[1]["label"] = "rare"
    with_table(tmp_path / "few", table)
    assert configured(tmp_path / "few", tmp_path / "with-few.yaml")["ignored_labels"] == ["rare"]
    many = rows(n_patients=4, labels=tuple(f"finding {number}" for number in range(9)))
    for row in many:
        row["patient"] += row["label"]
    with_table(tmp_path / "many", many)
    assert configured(tmp_path / "many", tmp_path / "with-many.yaml")["labels"] == {
        "finding 0": "label is finding 0",
        "finding 1": "label is finding 1",
    }


def test_patients_in_folders_and_masks_are_recognised(tmp_path: Path) -> None:
    for place in range(24):
        label = ("covid", "normal")[place % 2]
        save(tmp_path / "data" / label / f"{label[0]}{place // 6}" / f"{place}.png", picture(place))
        save(tmp_path / "data" / label / "masks" / f"{place}.png", public_sets.mask(place))
    section = configured(tmp_path / "data", tmp_path / "new.yaml")
    assert section["patient_pattern"] == "^[^/]+/([^/]+)/"
    assert manifest(tmp_path / "new.yaml")["patient"].nunique() == 8


def test_class_folders_below_train_and_test_are_recognised(tmp_path: Path) -> None:
    for place in range(24):
        folder = tmp_path / "data" / ("train", "test")[place // 12] / ("NORMAL", "PNEUMONIA")[place % 2]
        save(folder / f"{place}.png", picture(place))
    assert configured(tmp_path / "data", tmp_path / "new.yaml")["label_pattern"] == "^[^/]+/([^/]+)/"
    assert dict(Counter(manifest(tmp_path / "new.yaml")["label"])) == {"NORMAL": 12, "PNEUMONIA": 12}


def test_deep_and_small_images_get_a_window_and_a_size(tmp_path: Path) -> None:
    for place in range(16):
        pixels = picture(place, 40, 40).astype(np.uint16) * 16
        save(tmp_path / "data" / ("covid", "normal")[place % 2] / f"{place}.png", pixels)
    section = configured(tmp_path / "data", tmp_path / "new.yaml")
    assert 600 < section["window_low"] < section["window_high"] <= 3441
    assert (section["image_size"], section["min_size"]) == (32, 32)
    assert "square" not in section


def test_ct_without_a_window_gets_that_of_the_lung(tmp_path: Path) -> None:
    for place in range(16):
        path = tmp_path / "data" / ("covid", "normal")[place % 2] / f"{place}.dcm"
        save_film(path, values(place), Modality="CT", PatientID=f"p{place}", RescaleSlope=1, RescaleIntercept=-1024)
    section = configured(tmp_path / "data", tmp_path / "new.yaml")
    assert (section["window_low"], section["window_high"]) == (-1350, 150)
    assert manifest(tmp_path / "new.yaml")["patient"].nunique() == 16


@pytest.mark.parametrize("recipe", ["radiography", "covidx", "nih", "chexpert", "cohen", "sars_ct"])
def test_a_public_set_is_known_by_its_files(tmp_path: Path, recipe: str) -> None:
    getattr(public_sets, recipe)(tmp_path / "data")
    assert configured(tmp_path / "data", tmp_path / "new.yaml")["recipe"] == recipe


def test_a_recipe_that_does_not_fit_is_told_and_passed_over(tmp_path: Path, capsys) -> None:
    public_sets.cohen(tmp_path / "data")
    table = pd.read_csv(tmp_path / "data" / "metadata.csv")
    table = table[table["filename"].str.endswith(".jpg")].drop(columns="modality")
    table.to_csv(tmp_path / "data" / "metadata.csv", index=False)
    section = configured(tmp_path / "data", tmp_path / "new.yaml")
    assert "recipe   not cohen, which it looks like: split_data.keep_rows" in capsys.readouterr().out
    assert (section["patient_column"], section.get("label_column")) == ("patientid", None)
    assert section["labels"] == {
        "COVID-19": "finding is Pneumonia/Viral/COVID-19",
        "No Finding": "finding is No Finding",
    }


def test_what_cannot_be_a_study_is_an_error_and_nothing_is_overwritten(tmp_path: Path, capsys) -> None:
    save(tmp_path / "data" / "1.png", picture(0))
    flags = ["--folder", str(tmp_path / "data"), "--output", str(tmp_path / "new.yaml")]
    assert configure_study.main(flags) == 1
    assert "no class folders and no table that could be recognised" in capsys.readouterr().err
    assert not (tmp_path / "new.yaml").exists()
    (tmp_path / "new.yaml").write_text("mine")
    assert configure_study.main(flags) == 1
    assert "new.yaml exists" in capsys.readouterr().err
    assert (tmp_path / "new.yaml").read_text() == "mine"
    assert configure_study.main(["--folder", str(tmp_path / "gone"), "--output", str(tmp_path / "b.yaml")]) == 1


@pytest.mark.parametrize(("guise", "patients"), [("folders", 0), ("table", 20), ("dicom", 28)])
def test_real_films_are_configured_in_any_guise(tmp_path: Path, shared_data: Path, guise: str, patients: int) -> None:
    table = pd.read_csv(shared_data / "cxr" / "metadata.csv", dtype=str, keep_default_na=False)
    table = table[table["label"] != "pneumonia"].drop_duplicates("patient_id").groupby("label").head(14)
    for file in table["filename"]:
        (tmp_path / "data" / file).parent.mkdir(parents=True, exist_ok=True)
        if guise == "dicom":
            pixels = np.asarray(Image.open(shared_data / "cxr" / file).convert("L"))
            save_film((tmp_path / "data" / file).with_suffix(".dcm"), pixels, bits=8, PatientID=file)
        else:
            shutil.copy(shared_data / "cxr" / file, tmp_path / "data" / file)
    if guise == "table":
        table.to_csv(tmp_path / "data" / "metadata.csv", index=False)
    section = configured(tmp_path / "data", tmp_path / "new.yaml")
    made = manifest(tmp_path / "new.yaml")
    assert dict(Counter(made["label"])) == {"covid": 14, "normal": 14}
    assert ("metadata" in section) is (guise == "table")
    assert (~made["patient"].str.startswith("image:")).sum() >= patients
