"""The inputs of a study come in one order, whatever the order of the folders and of the rows in their files."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import study_folders
from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.metrics import tables
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY
from chestgan.metrics.score_tables import SCORE_COLUMNS
from chestgan.study import generator_inputs, input_checks, inputs
from study_folders import Folders

CLASSES = ["covid", "normal", "variant"]
SEEDS = [10, 9]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a study once, to copy."""
    folder = tmp_path_factory.mktemp("original")
    study_folders.make_study(folder, ["strong", "dcgan"], SEEDS, CLASSES, ["synthetic", "real_synthetic", "real"])
    return folder


@pytest.fixture
def folders(original: Path, tmp_path: Path) -> Folders:
    """Copy the study, so that a test may change it, and name its folders in no order."""
    copy = shutil.copytree(original, tmp_path / "study")
    found = {
        which: sorted(copy.glob(pattern), key=lambda path: path.as_posix()[::-1])
        for which, pattern in (
            ("generated", "*/seed-*/generated"),
            ("history", "*/seed-*/train"),
            ("fid", "*/seed-*/fid"),
            ("classifier", "classifier/*/seed-*"),
        )
    }
    return Folders(copy / "split", **found)


@pytest.fixture
def real(folders: Folders) -> ImageSet:
    return inputs.read_real(folders.real)


def edit(path: Path, **columns: object) -> None:
    """Set columns of a table to one value, or to one a row."""
    pd.read_csv(path).assign(**columns).to_csv(path, index=False)


def edit_json(path: Path, **values: object) -> None:
    files.write_json(path, files.read_json(path) | values)


def folder_of(folders: list[Path], *parts: str) -> Path:
    (found,) = (path for path in folders if set(parts) <= set(path.parts))
    return found


class TestReal:
    @pytest.mark.parametrize("columns", [["patient"], ["file", "split"]])
    def test_a_missing_column_is_told(self, folders: Folders, columns: list[str]) -> None:
        path = folders.real / "manifest.csv"
        pd.read_csv(path).drop(columns=columns).to_csv(path, index=False)
        with pytest.raises(UserError, match=f"manifest.csv has no column {', '.join(columns)}; expected split_data's"):
            inputs.read_real(folders.real)

    def test_a_split_without_test_images_is_told(self, folders: Folders) -> None:
        edit(folders.real / "manifest.csv", split="train")
        with pytest.raises(UserError, match="has no test image; expected an image set made by split_data"):
            inputs.read_real(folders.real)


class TestRuns:
    def test_runs_are_sorted_with_real_first_and_seeds_as_numbers(self, folders: Folders, real: ImageSet) -> None:
        for path in folders.classifier:
            if path.parent.name == "synthetic-dcgan":
                edit_json(path / "settings.json", arm="alone")
        runs = inputs.read_runs(folders.classifier, real)
        arms = [("real", "-"), ("alone", "dcgan"), ("real_synthetic", "dcgan"), ("real_synthetic", "strong")]
        expected = [(*arm, seed) for arm in [*arms, ("synthetic", "strong")] for seed in (9, 10)]
        assert list(runs.table[["arm", "generator", "seed"]].itertuples(index=False, name=None)) == expected
        assert list(runs.table) == inputs.RUN_COLUMNS
        assert list(runs.table["generator_seed"]) == ["-", "-", *[9, 10] * 4]
        assert (runs.classes, runs.positive_class) == (CLASSES, "covid")
        turned = inputs.read_runs(folders.classifier[::-1], real)
        pd.testing.assert_frame_equal(turned.table, runs.table)
        pd.testing.assert_frame_equal(turned.scores, runs.scores)
        np.testing.assert_array_equal(turned.probabilities, runs.probabilities)

    def test_predictions_are_those_of_each_run_in_the_order_of_the_test_images(
        self, folders: Folders, real: ImageSet
    ) -> None:
        folder = folder_of(folders.classifier, "synthetic-dcgan", "seed-10")
        written = pd.read_csv(folder / "predictions.csv").set_index("file")
        written.sample(frac=1, random_state=0).reset_index().to_csv(folder / "predictions.csv", index=False)
        runs = inputs.read_runs(folders.classifier, real)
        assert list(runs.test) == ["file", "patient", "label"]
        assert list(runs.test["file"]) == list(real.where(split="test").manifest["file"])
        written = written.loc[runs.test["file"]]
        # of ten runs the eighth
        assert runs.predicted.shape == runs.decided.shape == runs.probabilities.shape == (10, 36)
        assert list(runs.predicted[7]) == list(written["predicted"])
        np.testing.assert_array_equal(runs.probabilities[7], written["score_covid"])

    def test_of_three_classes_the_threshold_decides(self, folders: Folders, real: ImageSet) -> None:
        folder = folder_of(folders.classifier, "real", "seed-9")
        probabilities = pd.read_csv(folder / "predictions.csv")["score_covid"]
        threshold = probabilities.sort_values().iloc[30]
        edit(folder / "scores.csv", threshold=[threshold, 0.1, 0.2])
        runs = inputs.read_runs(folders.classifier, real)
        # who lies on the threshold is called positive
        np.testing.assert_array_equal(runs.decided[0], probabilities >= threshold)
        assert runs.decided[0].sum() == 6
        assert (runs.decided[0] != (runs.predicted[0] == "covid")).any()

    def test_of_two_classes_the_predicted_one_decides(self, tmp_path: Path) -> None:
        split = study_folders.make_split(tmp_path / "split", ["covid", "normal"])
        folder = study_folders.make_classifier(tmp_path / "real", split, "real", None, 0, 0.5)
        edit(folder / "scores.csv", threshold=0.999)
        runs = inputs.read_runs([folder], inputs.read_real(split))
        np.testing.assert_array_equal(runs.decided, runs.predicted == "covid")
        assert runs.decided.any()

    def test_scores_are_a_row_for_each_run_and_class(self, folders: Folders, real: ImageSet) -> None:
        folder = folder_of(folders.classifier, "real_synthetic-strong", "seed-9")
        written = pd.read_csv(folder / "scores.csv")
        written[::-1].to_csv(folder / "scores.csv", index=False)
        scores = inputs.read_runs(folders.classifier, real).scores
        assert list(scores) == ["arm", "generator", "generator_seed", "seed", *SCORE_COLUMNS]
        assert list(scores["label"]) == CLASSES * 10
        chosen = scores[(scores["arm"] == "real_synthetic") & (scores["generator"] == "strong") & (scores["seed"] == 9)]
        pd.testing.assert_frame_equal(chosen[SCORE_COLUMNS].reset_index(drop=True), written[SCORE_COLUMNS])

    @pytest.mark.parametrize(
        "columns",
        [{"positive": [False, True, False]}, {"positive": True}, {"label": ["covid", "normal", "normal"]}],
    )
    def test_scores_of_other_classes_are_told(self, folders: Folders, real: ImageSet, columns: dict) -> None:
        path = folders.classifier[0] / "scores.csv"
        edit(path, **columns)
        with pytest.raises(UserError) as caught:
            inputs.read_runs(folders.classifier, real)
        assert str(caught.value) == (
            f"{path} hasn't one row for each of covid, normal, variant with covid as the positive one; make it again"
        )

    def test_a_positive_class_that_is_none_is_told(self, folders: Folders, real: ImageSet) -> None:
        path = folders.classifier[0] / "settings.json"
        edit_json(path, positive_class="flu")
        with pytest.raises(UserError, match=r"settings.json has positive_class 'flu', which is no class"):
            inputs.read_runs(folders.classifier, real)

    def test_a_prediction_of_an_unknown_class_is_told(self, folders: Folders, real: ImageSet) -> None:
        edit(folders.classifier[0] / "predictions.csv", predicted="flu")
        with pytest.raises(UserError, match="predicts an unknown class; make it again"):
            inputs.read_runs(folders.classifier, real)

    def test_an_image_that_is_there_twice_is_told(self, folders: Folders, real: ImageSet) -> None:
        path = folders.classifier[0] / "predictions.csv"
        written = pd.read_csv(path)
        pd.concat([written, written[:1]]).to_csv(path, index=False)
        with pytest.raises(UserError, match="has 37 images, but the test patients have 36, and 0 are in one of them"):
            inputs.read_runs(folders.classifier, real)

    def test_an_image_of_another_label_is_told(self, folders: Folders, real: ImageSet) -> None:
        edit(folders.classifier[0] / "predictions.csv", label="covid")
        with pytest.raises(UserError, match="has another label for some images than the real images"):
            inputs.read_runs(folders.classifier, real)

    def test_every_missing_key_is_told(self, folders: Folders, real: ImageSet) -> None:
        path = folders.classifier[0] / "settings.json"
        told = files.read_json(path)
        files.write_json(path, {key: told[key] for key in told.keys() - {"augment", "n_train_real"}})
        with pytest.raises(UserError) as caught:
            inputs.read_runs(folders.classifier, real)
        assert str(caught.value) == (
            f"{path} doesn't name augment, n_train_real; expected a result of evaluate_classifier"
        )

    @pytest.mark.parametrize("column", ["train_on", "augment", "n_train_synthetic"])
    def test_seeds_of_an_arm_that_differ_in_more_are_told(self, folders: Folders, real: ImageSet, column: str) -> None:
        path = folder_of(folders.classifier, "synthetic-dcgan", "seed-9") / "settings.json"
        edit_json(path, **{column: {"train_on": "real_synthetic", "augment": True, "n_train_synthetic": 3}[column]})
        with pytest.raises(UserError, match=f"arm synthetic with generator dcgan have different values of {column}: "):
            inputs.read_runs(folders.classifier, real)


class TestMeasurements:
    def test_a_row_that_stands_twice_is_told(self, folders: Folders) -> None:
        for folder, name in ((folders.fid[0], "distances.csv"), (folders.history[0], "history.csv")):
            table = pd.read_csv(folder / name)
            pd.concat([table, table.iloc[-1:]]).to_csv(folder / name, index=False)
        with pytest.raises(UserError, match=r"distances.csv has two rows of generator .*; run compute_fid again"):
            generator_inputs.read_distances(folders.fid)
        with pytest.raises(UserError, match=r"history.csv has two rows of kimg .*; run train_acgan again"):
            generator_inputs.read_histories(folders.history)

    @pytest.mark.parametrize(
        ("read", "name", "metrics"),
        [
            (generator_inputs.read_distances, "distances", DISTANCES),
            (generator_inputs.read_diversity, "diversity", DIVERSITY),
        ],
        ids=["distances", "diversity"],
    )
    def test_tables_follow_generator_and_seed_and_keep_their_rows(
        self, folders: Folders, read, name: str, metrics
    ) -> None:
        for folder in folders.fid:
            edit(folder / f"{name}.csv", note="of no interest")
        table = read(folders.fid)
        order = [("dcgan", 9), ("dcgan", 10), ("strong", 9), ("strong", 10)]
        assert list(dict.fromkeys(zip(table["generator"], table["seed"], strict=True))) == order
        assert list(table) == tables.columns(metrics)
        # extractors aren't sorted: the first is the one that a study goes by
        assert list(table["extractor"].unique()) == ["fd_efficientnet_lite0", "fid"]
        written = pd.read_csv(folder_of(folders.fid, "strong", "seed-9") / f"{name}.csv")[tables.columns(metrics)]
        of_one = table[(table["generator"] == "strong") & (table["seed"] == 9)].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_one, written, check_dtype=False)
        pd.testing.assert_frame_equal(read(folders.fid[::-1]), table)

    def test_a_standard_error_may_be_undefined_and_a_distance_may_not(self, folders: Folders) -> None:
        path = folders.fid[0] / "distances.csv"
        edit(path, kd_se=np.nan, real_kd_se=np.nan)
        assert generator_inputs.read_distances(folders.fid)["kd_se"].isna().sum() == len(pd.read_csv(path))
        edit(path, real_kd=np.inf)
        with pytest.raises(UserError, match=r"distances.csv is empty or has values that aren't finite"):
            generator_inputs.read_distances(folders.fid)

    def test_an_empty_seed_is_told(self, folders: Folders) -> None:
        edit(folders.fid[0] / "distances.csv", seed=np.nan)
        with pytest.raises(UserError, match=r"distances.csv is empty or has values that aren't finite"):
            generator_inputs.read_distances(folders.fid)

    def test_other_classes_are_told(self, folders: Folders) -> None:
        path = folders.fid[1] / "diversity.csv"
        pd.read_csv(path).replace({"class": {"variant": "flu"}}).to_csv(path, index=False)
        with pytest.raises(UserError) as caught:
            generator_inputs.read_diversity(folders.fid)
        assert str(caught.value) == (
            f"the values of class is all, covid, normal, flu in {folders.fid[1]}, but all, covid, normal, variant in "
            f"{folders.fid[0]}; expected the same in all"
        )


class TestHistories:
    def test_generators_keep_the_order_of_the_folders_and_seeds_are_sorted(self, folders: Folders) -> None:
        named = {(path.parts[-3], path.parts[-2]): path for path in folders.history}
        order = [("strong", "seed-10"), ("dcgan", "seed-10"), ("dcgan", "seed-9"), ("strong", "seed-9")]
        table = generator_inputs.read_histories([named[name] for name in order])
        assert list(table) == ["generator", "seed", "kimg", "validation_kd"]
        expected = [("strong", 9), ("strong", 10), ("dcgan", 9), ("dcgan", 10)]
        assert list(dict.fromkeys(zip(table["generator"], table["seed"], strict=True))) == expected
        # the rows between snapshots are left out
        assert list(table["kimg"]) == [1, 2, 3] * 4
        assert list(table["validation_kd"][:3]) == pytest.approx([1.5, 0.2 + 0.1 * 9, 0.3])

    def test_a_seed_that_stopped_early_still_fits_the_others(self, folders: Folders) -> None:
        path = folder_of(folders.history, "dcgan", "seed-9") / "history.csv"
        pd.read_csv(path)[:4].to_csv(path, index=False)
        table = generator_inputs.read_histories(folders.history)
        of_one = table[(table["generator"] == "dcgan") & (table["seed"] == 9)]
        assert list(of_one["kimg"]) == [1, 2]

    def test_generators_may_be_measured_after_different_numbers_of_images(self, folders: Folders) -> None:
        for path in folders.history:
            if "dcgan" in path.parts:
                edit(path / "history.csv", kimg=pd.read_csv(path / "history.csv")["kimg"] + 0.25)
        assert set(generator_inputs.read_histories(folders.history)["kimg"]) == {1, 2, 3, 1.25, 2.25, 3.25}


class TestSynthetic:
    def test_the_lowest_seed_of_each_generator_is_read(self, folders: Folders, real: ImageSet) -> None:
        found = generator_inputs.read_synthetic(folders.generated, real)
        assert [(generator, seed) for generator, (seed, _) in found.items()] == [("dcgan", 9), ("strong", 9)]
        written = image_set.read(folder_of(folders.generated, "dcgan", "seed-9"))
        np.testing.assert_array_equal(found["dcgan"][1].images, written.images)

    def test_other_classes_are_told(self, folders: Folders, real: ImageSet) -> None:
        path = folders.generated[2] / "manifest.csv"
        pd.read_csv(path).replace({"label": {"variant": "flu"}}).to_csv(path, index=False)
        with pytest.raises(UserError) as caught:
            generator_inputs.read_synthetic(folders.generated, real)
        assert str(caught.value) == (
            f"the synthetic set {folders.generated[2]} has 16 × 16 px and the classes covid, flu, normal, but the real "
            "images have 16 × 16 px and the classes covid, normal, variant; expected a generator trained on these"
        )

    def test_a_set_that_does_not_name_its_generator_is_told(self, folders: Folders, real: ImageSet) -> None:
        files.write_json(folders.generated[0] / "settings.json", {"seed": 9})
        with pytest.raises(UserError, match=r"doesn't name generator; expected a result of generate_images"):
            generator_inputs.read_synthetic(folders.generated, real)


@pytest.mark.parametrize("seed", [None, "9", 9.5])
def test_a_seed_that_is_no_whole_number_is_told(tmp_path, seed) -> None:
    path = tmp_path / "settings.json"
    files.write_json(path, {"seed": seed, "name": "strong"})
    with pytest.raises(UserError) as caught:
        input_checks.read_keys(path, ("name", "seed"), "train_acgan")
    assert str(caught.value) == f"{path} has the seed {seed!r}, no whole number; expected a result of train_acgan"


class TestGenerators:
    def test_a_whole_study_is_let_pass_and_one_with_more_than_it_needs(self, folders: Folders, real: ImageSet) -> None:
        runs = inputs.read_runs(folders.classifier, real)
        distances, histories = (
            generator_inputs.read_distances(folders.fid),
            generator_inputs.read_histories(folders.history),
        )
        synthetic = generator_inputs.read_synthetic(folders.generated, real)
        inputs.require_generators(runs, distances, histories, synthetic, set())
        without = inputs.read_runs([path for path in folders.classifier if "strong" not in path.parent.name], real)
        inputs.require_generators(without, distances, histories, synthetic, set())
        inputs.require_generators(without, distances[distances["generator"] == "dcgan"], histories, synthetic, set())

    def test_an_imported_generator_needs_no_training_and_a_trained_one_does(self, folders, real: ImageSet) -> None:
        runs = inputs.read_runs(folders.classifier, real)
        distances = generator_inputs.read_distances(folders.fid)
        histories = generator_inputs.read_histories([path for path in folders.history if "strong" not in path.parts])
        synthetic = generator_inputs.read_synthetic(folders.generated, real)
        inputs.require_generators(runs, distances, histories, synthetic, {"strong"})
        with pytest.raises(UserError, match="distances of generator strong, seed 9, but --history has no training of"):
            inputs.require_generators(runs, distances, histories, synthetic, set())


def test_images_of_some_classes_alone_are_read_and_measured(folders: Folders, real: ImageSet) -> None:
    for name in ("distances.csv", "diversity.csv"):
        path = folders.fid[1] / name
        table = pd.read_csv(path)
        table[table["class"] != "variant"].to_csv(path, index=False)
    assert (
        len(generator_inputs.read_distances(folders.fid)) == len(pd.read_csv(folders.fid[0] / "distances.csv")) * 4 - 4
    )
    path = folders.generated[0]
    made = image_set.read(path).of_classes(["covid", "normal"])
    np.save(path / "images.npy", made.images)
    image_set.write_manifest(path, made.manifest)
    assert generator_inputs.read_synthetic(folders.generated, real)


def test_a_study_without_a_training_has_no_history() -> None:
    assert generator_inputs.read_histories([]).empty
