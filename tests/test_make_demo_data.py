"""make_demo_data draws chests that are alike within a patient, differ between patients, and half hide their class."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import make_demo_data
import split_data
from chestgan.base import files
from chestgan.data import phantoms
from chestgan.images import image_set


def make(output: Path, *flags: str) -> int:
    return make_demo_data.main(["--output", str(output), "--image-size", "64", "--patients", "4", *flags])


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*") if path.name[-4:] != "json"
    }


def test_images_and_table_fit_together(tmp_path: Path) -> None:
    assert make(tmp_path / "demo") == 0
    table = pd.read_csv(tmp_path / "demo/metadata.csv")
    assert list(table) == ["file", "label", "patient", "source", "sha256"]
    assert table.groupby("label")["patient"].nunique().to_dict() == {"covid": 4, "normal": 4}
    assert table.groupby("patient").size().max() <= 3
    assert table.groupby("patient")[["label", "source"]].nunique().eq(1).all(axis=None)
    for row in table.itertuples():
        path = tmp_path / "demo" / row.file
        assert row.file.startswith(f"{row.label}/")
        assert files.sha256(path) == row.sha256
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "L", (64, 64))


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones(tmp_path: Path) -> None:
    make(tmp_path / "a")
    make(tmp_path / "b")
    make(tmp_path / "c", "--seed", "1")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_more_patients_leave_the_others_as_they_are(tmp_path: Path) -> None:
    make(tmp_path / "few")
    make(tmp_path / "many", "--patients", "6")
    few, many = contents(tmp_path / "few"), contents(tmp_path / "many")
    few.pop("metadata.csv")
    assert few.items() <= many.items()


def test_sources_are_crossed_with_classes(tmp_path: Path) -> None:
    make(tmp_path / "demo", "--patients", "40", "--image-size", "32", "--images-per-patient", "1")
    table = pd.read_csv(tmp_path / "demo/metadata.csv")
    assert (pd.crosstab(table["label"], table["source"]).to_numpy() >= 3).all()


def test_a_chest_has_dark_lungs_a_bright_spine_and_black_air() -> None:
    device = phantoms.Device(exposure=0, contrast=1, border=0, marker=False, noise=0.01)
    random = np.random.default_rng(0)
    chest = phantoms.render(phantoms.draw_anatomy(random), None, device, 128, random).astype(int)
    lung, spine, air = chest[45:75, 35:45].mean(), chest[45:75, 62:66].mean(), chest[:6, :10].mean()
    assert air + 10 < lung < spine - 60


def test_opacities_brighten_the_lungs_and_nothing_else() -> None:
    device = phantoms.Device(exposure=0, contrast=1, border=0, marker=False, noise=0)
    anatomy = phantoms.draw_anatomy(np.random.default_rng(1))
    patches = phantoms.Opacities(np.array([[1, 0.6, 0.6, 0.2, 1.0], [-1, 0.6, 0.6, 0.2, 1.0]]), 0.4)
    clear, dense = (
        phantoms.render(anatomy, opacities, device, 96, np.random.default_rng(2)).astype(int)
        for opacities in (None, patches)
    )
    brighter = dense - clear
    assert brighter.min() >= 0
    assert brighter[30:70, 15:35].mean() > 10
    assert brighter[30:70, 60:80].mean() > 10
    assert brighter[:10].max() == brighter[-5:].max() == brighter[:, :3].max() == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [(("--image-size", "512"), "image_size is 512"), (("--patients", "2"), "patients is 2")],
)
def test_wrong_numbers_are_told(tmp_path: Path, capsys, flags, message: str) -> None:
    assert make(tmp_path / "demo", *flags) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_a_full_output_folder_is_left_alone(tmp_path: Path, capsys) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert make(tmp_path) == 1
    assert "isn't empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_classifier_is_far_from_perfect_and_far_from_chance(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    make(tmp_path / "demo", "--patients", "60", "--seed", "0")
    flags = ["--folder", str(tmp_path / "demo"), "--metadata", "metadata.csv", "--output", str(tmp_path / "split")]
    assert split_data.main([*flags, "--image-size", "16", "--allow-small"]) == 0
    made = image_set.read(tmp_path / "split")
    pixels = made.images.reshape(len(made), -1) / 255.0 - 0.5
    labels = made.class_numbers(["normal", "covid"])
    scores = cross_val_predict(
        LogisticRegression(C=0.1, max_iter=1000),
        pixels,
        labels,
        groups=made.manifest["patient"],
        cv=StratifiedGroupKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    assert 0.65 < roc_auc_score(labels, scores[:, 1]) < 0.92
    # phantoms of different patients aren't taken for one picture
    assert pd.read_csv(tmp_path / "split/duplicates.csv").empty
