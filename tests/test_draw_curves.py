"""draw_curves from the command line: a figure for each result, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

import draw_curves
import study_folders
from chestgan.base import files

FIGURES = [
    "classifier/real-seed-0.png",
    "classifier/real_synthetic-mine-seed-1.png",
    "split.png",
    "train/mine-seed-4.png",
    "train/other-seed-4.png",
]


def draw(output: Path, **folders: Path | list[Path]) -> int:
    """Draw the results of these stages."""
    flags = {"split": "--split", "train": "--train", "classifier": "--classifier"}
    argv = ["--output", output]
    for stage, named in folders.items():
        argv += [flags[stage], *(named if isinstance(named, list) else [named])]
    return draw_curves.main(list(map(str, argv)))


def drawn(output: Path) -> list[str]:
    return sorted(path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file())


def make_classifier(folder: Path, arm: str, generator: str | None, seed: int) -> Path:
    """Make what draw_curves reads of a classifier's result."""
    folder.mkdir(parents=True)
    history = {"kimg": [0.1, 0.2, 0.3], "train_loss": [0.7, 0.5, 0.4], "validation_loss": [0.7, 0.6, 0.65]}
    pd.DataFrame(history).to_csv(folder / "history.csv", index=False)
    told = {"script": "evaluate_classifier", "arm": arm, "generator": generator, "backbone": "convnet", "seed": seed}
    files.write_json(folder / "settings.json", told | {"settings": {"seed": seed}})
    return folder


@pytest.fixture
def results(tiny_split: Path, tmp_path: Path) -> dict[str, Any]:
    """Make a split, two trainings and two classifiers."""
    split = shutil.copytree(tiny_split, tmp_path / "split")
    files.write_json(split / "settings.json", {"script": "split_data", "settings": {"seed": 3}})
    train = [study_folders.make_training(tmp_path / name, name, 4, [0.5, 0.2, 0.3]) for name in ("mine", "other")]
    for folder in train:
        told = files.read_json(folder / "settings.json")
        files.write_json(folder / "settings.json", told | {"settings": {"seed": 4}})
    classifier = [
        make_classifier(tmp_path / "real", "real", None, 0),
        make_classifier(tmp_path / "both", "real_synthetic", "mine", 1),
    ]
    return {"split": split, "train": train, "classifier": classifier}


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Collect the title of each figure by its file's name instead of saving it."""
    found: dict[str, str] = {}

    def save(figure: Figure, path: Path) -> None:
        found[path.name] = figure.get_suptitle() or figure.axes[0].get_title(loc="left")

    monkeypatch.setattr("chestgan.base.figure_style.save", save)
    return found


def edit(path: Path, **columns: object) -> None:
    """Set columns of a table to one value."""
    pd.read_csv(path).assign(**columns).to_csv(path, index=False)


def test_each_result_has_a_figure_with_its_name(results: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "new" / "curves"
    assert draw(output, **results | {"train": results["train"][0]}) == 0
    assert drawn(output) == FIGURES[:4]
    for name in FIGURES[:4]:
        with Image.open(output / name) as image:
            assert image.format == "PNG"
            assert np.ptp(np.asarray(image.convert("L"))) > 100


def test_a_title_says_what_was_made_and_with_which_seed(
    results: dict[str, Any], titles: dict[str, str], tmp_path: Path
) -> None:
    assert draw(tmp_path / "curves", **results) == 0
    assert titles == {
        "split.png": "48 images of 24 patients, seed 3",
        "mine-seed-4.png": "mine, seed 4",
        "other-seed-4.png": "other, seed 4",
        "real-seed-0.png": "real, convnet, seed 0",
        "real_synthetic-mine-seed-1.png": "real_synthetic-mine, convnet, seed 1",
    }


def test_patients_whose_ids_are_numbers_stay_apart(
    results: dict[str, Any], titles: dict[str, str], tmp_path: Path
) -> None:
    path = results["split"] / "manifest.csv"
    edit(path, patient=["1", "01", "1.0", "NA"] * 12)
    assert draw(tmp_path / "curves", split=results["split"]) == 0
    assert titles == {"split.png": "48 images of 4 patients, seed 3"}


@pytest.mark.parametrize(
    ("stage", "name", "table", "columns"),
    [
        ("split", "split.png", "manifest.csv", {"split": "train"}),
        ("train", "train/other-seed-4.png", "history.csv", {"generator_source": 0.1}),
        ("classifier", "classifier/real_synthetic-mine-seed-1.png", "history.csv", {"train_loss": 0.1}),
    ],
)
def test_equal_results_are_equal_figures_and_others_are_not(
    stage: str, name: str, table: str, columns: dict, results: dict[str, Any], tmp_path: Path
) -> None:
    folder = results[stage] if stage == "split" else results[stage][1]
    for place in "ab":
        assert draw(tmp_path / place, **{stage: folder}) == 0
    edit(folder / table, **columns)
    assert draw(tmp_path / "c", **{stage: folder}) == 0
    one, again, other = ((tmp_path / place / name).read_bytes() for place in "abc")
    assert one == again != other


@pytest.mark.parametrize("stage", ["split", "train", "classifier"])
def test_two_of_the_three_may_be_left_out(stage: str, results: dict[str, Any], tmp_path: Path) -> None:
    assert draw(tmp_path / "curves", **{stage: results[stage]}) == 0
    assert drawn(tmp_path / "curves") == [name for name in FIGURES if name.startswith(stage)]


def test_a_figure_of_the_same_name_is_replaced_and_others_are_kept(results: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "curves"
    assert draw(output, classifier=results["classifier"]) == 0
    before = {name: (output / name).read_bytes() for name in FIGURES[:2]}
    (output / "notes.txt").write_text("mine")
    # of a drawing that was killed
    half = (output / FIGURES[1]).with_name(f".{Path(FIGURES[1]).name}.partial-7")
    half.touch()
    edit(results["classifier"][1] / "history.csv", train_loss=0.1)
    assert draw(output, classifier=results["classifier"][1]) == 0
    assert not half.exists()
    assert drawn(output) == [*FIGURES[:2], "notes.txt"]
    assert (output / FIGURES[0]).read_bytes() == before[FIGURES[0]]
    assert (output / FIGURES[1]).read_bytes() != before[FIGURES[1]]
    assert (output / "notes.txt").read_text() == "mine"


def test_a_history_without_a_snapshot_in_each_row_is_drawn(results: dict[str, Any], tmp_path: Path) -> None:
    path = results["train"][0] / "history.csv"
    edit(path, validation_kd=[np.nan] * 5 + [-0.001])
    assert draw(tmp_path / "curves", train=results["train"][0]) == 0


class TestBadInput:
    """Each is told in one line, and no figure is drawn."""

    @pytest.fixture
    def refused(self, tmp_path: Path, capsys: pytest.CaptureFixture) -> Callable[..., str]:
        """Draw bad input and give the message."""

        def run(**folders: Path | list[Path]) -> str:
            assert draw(tmp_path / "curves", **folders) == 1
            message = capsys.readouterr().err
            assert message.startswith("error: ")
            assert message.count("\n") == 1
            assert not (tmp_path / "curves").exists()
            return message

        return run

    def test_bad_input_beside_good(self, refused, results: dict[str, Any], tmp_path: Path) -> None:
        good = results | {"classifier": [*results["classifier"], tmp_path / "none"]}
        assert f"there is no folder {tmp_path / 'none'}" in refused(**good)

    @pytest.mark.parametrize("stage", ["split", "train", "classifier"])
    def test_a_missing_folder(self, refused, tmp_path: Path, stage: str) -> None:
        script = {"split": "split_data", "train": "train_acgan", "classifier": "evaluate_classifier"}[stage]
        assert f"there is no folder {tmp_path / 'none'}; expected a result of {script}" in refused(
            **{stage: tmp_path / "none"}
        )

    @pytest.mark.parametrize("stage", ["split", "train", "classifier"])
    def test_the_folder_of_another_stage(self, refused, results: dict[str, Any], stage: str) -> None:
        script = {"split": "split_data", "train": "train_acgan", "classifier": "evaluate_classifier"}[stage]
        for other in results.keys() - {stage}:
            folder = results[other] if other == "split" else results[other][1]
            told = f"error: {folder}/settings.json isn't of a result of {script}; name its folder\n"
            assert refused(**{stage: folder}) == told

    @pytest.mark.parametrize(
        ("stage", "key"),
        [
            ("split", "settings"),
            ("train", "name"),
            ("train", "seed"),
            *[("classifier", key) for key in ("arm", "generator", "backbone", "seed")],
        ],
    )
    def test_settings_without_a_key(self, refused, results: dict[str, Any], stage: str, key: str) -> None:
        folder = results[stage] if stage == "split" else results[stage][-1]
        told = files.read_json(folder / "settings.json")
        del told[key]
        files.write_json(folder / "settings.json", told)
        assert f"{folder}/settings.json isn't of a result of" in refused(**{stage: folder})

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "isn't JSON"),
            (b"{", "isn't JSON"),
            (b"\x89PNG\xff", "isn't text"),
            (b"[]", "isn't of a result"),
        ],
    )
    def test_damaged_settings(self, refused, results: dict[str, Any], content: bytes, words: str) -> None:
        path = results["train"][1] / "settings.json"
        path.write_bytes(content)
        message = refused(train=results["train"])
        assert str(path) in message
        assert words in message

    @pytest.mark.parametrize("name", ["settings.json", "history.csv"])
    @pytest.mark.parametrize("stage", ["train", "classifier"])
    def test_a_missing_file(self, refused, results: dict[str, Any], stage: str, name: str) -> None:
        path = results[stage][1] / name
        path.unlink()
        assert f"there is no file {path}" in refused(**{stage: path.parent})

    def test_a_missing_manifest(self, refused, results: dict[str, Any]) -> None:
        (results["split"] / "manifest.csv").unlink()
        assert f"there is no file {results['split'] / 'manifest.csv'}; run again what makes" in refused(
            split=results["split"]
        )

    @pytest.mark.parametrize("column", ["file", "label", "patient", "source", "split"])
    def test_a_manifest_without_a_column(self, refused, results: dict[str, Any], column: str) -> None:
        path = results["split"] / "manifest.csv"
        pd.read_csv(path).drop(columns=column).to_csv(path, index=False)
        assert f"{path} has no column {column}; make it again" in refused(split=results["split"])

    def test_a_history_of_before_version_1(self, refused, results: dict[str, Any]) -> None:
        path = results["train"][1] / "history.csv"
        pd.read_csv(path).rename(columns={"validation_kd": "distance"}).to_csv(path, index=False)
        assert refused(train=results["train"]) == (
            f"error: {path} has no column validation_kd; since version 1.0 distance is called validation_kd; "
            "make it again\n"
        )

    @pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\xff"])
    @pytest.mark.parametrize("stage", ["train", "classifier"])
    def test_a_damaged_history(self, refused, results: dict[str, Any], stage: str, content: bytes) -> None:
        path = results[stage][1] / "history.csv"
        path.write_bytes(content)
        assert f"{path} can't be read: " in refused(**{stage: path.parent})

    @pytest.mark.parametrize(("stage", "column"), [("train", "generator_class"), ("classifier", "kimg")])
    def test_a_history_with_words_for_numbers(self, refused, results: dict[str, Any], stage: str, column: str) -> None:
        path = results[stage][1] / "history.csv"
        edit(path, **{column: "much"})
        assert f"column {column} of {path} holds something that is no number" in refused(**{stage: path.parent})

    @pytest.mark.parametrize(("stage", "column"), [("train", "validation_kd"), ("classifier", "validation_loss")])
    def test_a_history_that_selects_nothing(self, refused, results: dict[str, Any], stage: str, column: str) -> None:
        folder = results[stage][1]
        edit(folder / "history.csv", **{column: np.nan})
        assert f"{folder}/history.csv has no {column}; run again what makes {folder}" in refused(**{stage: folder})

    @pytest.mark.parametrize("stage", ["train", "classifier"])
    def test_two_results_of_one_name_and_seed(self, refused, results: dict[str, Any], tmp_path, stage: str) -> None:
        again = shutil.copytree(results[stage][1], tmp_path / "again")
        told = refused(**{stage: [results[stage][1], again]})
        assert "they have one name and seed; name each once" in told

    def test_nothing_to_draw(self, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
        assert draw(tmp_path / "curves") == 1
        assert capsys.readouterr().err == (
            "error: there is nothing to draw; expected --split, --train or --classifier\n"
        )
        assert not (tmp_path / "curves").exists()


def test_a_failure_leaves_the_figures_of_before(
    results: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "curves"
    assert draw(output, train=results["train"][0]) == 0
    before = (output / "train" / "mine-seed-4.png").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    assert draw(output, train=results["train"][0]) == 1
    assert drawn(output) == ["train/mine-seed-4.png"]
    assert (output / "train" / "mine-seed-4.png").read_bytes() == before
