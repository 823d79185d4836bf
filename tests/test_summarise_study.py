"""summarise_study from the command line: its tables, figures and verdict, and what is refused."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import study_folders
import summarise_study
from chestgan.base import files
from chestgan.images import image_set
from chestgan.metrics import tables
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY, METRICS
from chestgan.metrics.score_tables import SCORE_COLUMNS, SCORES
from chestgan.study import inputs, verdict
from chestgan.study.differences import DIFFERENCE_COLUMNS
from study_folders import Folders

FIGURES = ["calibration", "decisions", "distances", "diversity", "forest", "roc", "scores", "training"]
FILES = [f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg")]
FILES += ["samples.png", "study.json", "verdict.txt"]
TABLES = ("distances", "diversity", "fractions", "generators", "groups", "labels", "probes", "scores", "study")
FILES += [f"{name}.csv" for name in TABLES]
CLASSES = ["covid", "normal", "variant"]


def summarise(folders: Folders, output: Path, *flags: object) -> int:
    return summarise_study.main([*folders.flags(), "--output", str(output), *map(str, flags)])


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Folders:
    """Make a study of two generators, two seeds and three classes; nobody may change it."""
    return study_folders.make_study(tmp_path_factory.mktemp("folders"))


@pytest.fixture(scope="module")
def output(folders, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("output") / "study"
    assert summarise(folders, output) == 0
    return output


@pytest.fixture(scope="module")
def small_study(tmp_path_factory) -> tuple[Path, Folders]:
    """Make a study of one generator and two arms, and say where."""
    at = tmp_path_factory.mktemp("small") / "folders"
    return at, study_folders.make_study(at, ["covidgan"], arms=["real", "real_synthetic"])


@pytest.fixture
def own_folders(small_study, tmp_path) -> Folders:
    """Copy the small study, so that a test may damage it."""
    original, named = small_study
    copy = shutil.copytree(original, tmp_path / "folders")
    moved = {
        which: [copy / path.relative_to(original) for path in getattr(named, which)]
        for which in ("generated", "history", "fid", "classifier")
    }
    return Folders(copy / named.real.relative_to(original), **moved)


def edit(path: Path, **columns: object) -> None:
    """Set columns of a table to one value."""
    pd.read_csv(path).assign(**columns).to_csv(path, index=False)


def edit_json(path: Path, **values: object) -> None:
    files.write_json(path, files.read_json(path) | values)


def test_the_verdict_is_the_same_for_twenty_seeds(folders, output):
    made = {name: getattr(folders, name) for name in ("real", "generated", "history", "fid", "classifier")}
    config = summarise_study.Config(
        **{name: tuple(at) if isinstance(at, list) else at for name, at in made.items()}, output=output
    )
    runs = inputs.read_runs(folders.classifier, inputs.read_real(folders.real))
    told = {
        tuple(verdict.verdict(summarise_study.compare(replace(config, seed=seed), runs, [], []), "roc_auc", 0.95))
        for seed in range(20)
    }
    assert len(told) == 1
    assert len(next(iter(told))) > 5


def test_every_file_is_there(output):
    assert sorted(path.name for path in output.iterdir()) == sorted(FILES)


def test_the_study_table_is_full(output, folders):
    table = pd.read_csv(output / "study.csv")
    arms = [("real", "-"), ("real_augmented", "-")]
    arms += [(arm, generator) for arm in ("real_synthetic", "synthetic") for generator in ("covidgan", "dcgan")]
    assert list(table[["arm", "generator"]].itertuples(index=False, name=None)) == arms
    against_augmented = [f"augmented_{name}" for name in DIFFERENCE_COLUMNS]
    compared_with_augmented = [name for name in table if name.startswith("augmented_")]
    assert not table.drop(columns=[*compared_with_augmented, "outcome", "reason", "copies_share"]).isna().any(axis=None)
    assert table["copies_share"].isna().tolist() == [generator == "-" for generator in table["generator"]]
    compared = ["real_augmented", "real_synthetic", "real_synthetic"]
    for name in against_augmented:
        assert list(table["arm"][table[name].notna()]) == compared
    assert list(table["augment"]) == [arm == "real_augmented" for arm in table["arm"]]
    assert set(table["n_seeds"]) == {2}
    assert set(table["n_test_images"]) == {36}
    assert set(table["n_test_patients"]) == {18}
    assert list(table["n_train_real"]) == [24, 24, 24, 24, 0, 0]
    assert list(table["n_train_synthetic"]) == [0, 0, 24, 24, 24, 24]
    assert list(table["fd"]) == pytest.approx([10, 10, 30.2, 31.2, 30.2, 31.2])
    assert list(table["kd"]) == pytest.approx([0.002, 0.002, 0.052, 0.062, 0.052, 0.062])
    assert set(table["real_fd"]) == {10}
    assert list(table["coverage"]) == pytest.approx([0.95, 0.95, 0.398, 0.388, 0.398, 0.388])
    assert list(table["ms_ssim"]) == pytest.approx([0.4, 0.4, 0.502, 0.512, 0.502, 0.512])
    assert list(table["dcr_ratio"]) == pytest.approx([1, 1, 1.1, 1.1, 1.1, 1.1])
    assert set(table["real_coverage"]) == {0.95}
    assert set(table["real_ms_ssim"]) == {0.4}
    given = [
        pd.read_csv(folder / "scores.csv")["roc_auc"][0]
        for folder in folders.classifier
        if folder.parent.name == "synthetic-dcgan"
    ]
    assert table["roc_auc_mean"].iloc[-1] == pytest.approx(np.mean(given))
    assert table["roc_auc_sd"].iloc[-1] == pytest.approx(np.std(given, ddof=1))
    assert table["difference"].iloc[-1] == pytest.approx(table["roc_auc_mean"].iloc[-1] - table["roc_auc_mean"][0])
    assert (table["difference_low"] <= table["difference"]).all()
    assert (table["difference"] <= table["difference_high"]).all()
    assert (table["family_low"][1:] <= table["difference_low"][1:]).all()
    assert (table["difference_low"][1:] < table["difference"][1:]).all()
    # from the mean of real_augmented, in the second row, to that of real_synthetic with dcgan, in the fourth
    expected = table["roc_auc_mean"][3] - table["roc_auc_mean"][1]
    assert table["augmented_difference"][3] == pytest.approx(expected)
    assert table["augmented_family_low"][3] <= table["augmented_difference_low"][3] < expected


def test_scores_and_distances_are_those_of_all_runs(output, folders):
    scores = pd.read_csv(output / "scores.csv")
    assert list(scores) == ["arm", "generator", "generator_seed", "seed", *SCORE_COLUMNS]
    assert len(scores) == 12 * 3
    chosen = scores[(scores["generator"] == "dcgan") & (scores["arm"] == "synthetic") & (scores["seed"] == 1)]
    folder = next(folder for folder in folders.classifier if folder.match("synthetic-dcgan/seed-1"))
    given = pd.read_csv(folder / "scores.csv")
    pd.testing.assert_frame_equal(chosen[SCORE_COLUMNS].reset_index(drop=True), given[SCORE_COLUMNS])
    distances = pd.read_csv(output / "distances.csv")
    given = pd.concat([pd.read_csv(folder / "distances.csv") for folder in sorted(folders.fid)], ignore_index=True)
    pd.testing.assert_frame_equal(distances, given[tables.columns(DISTANCES)])
    variety = pd.read_csv(output / "diversity.csv")
    given = pd.concat([pd.read_csv(folder / "diversity.csv") for folder in sorted(folders.fid)], ignore_index=True)
    pd.testing.assert_frame_equal(variety, given[tables.columns(DIVERSITY)])


def test_the_table_of_generators_has_means_ranges_and_how_the_trainings_went(output):
    table = pd.read_csv(output / "generators.csv").set_index("generator")
    assert list(table.index) == ["covidgan", "dcgan"]
    assert not table.isna().any(axis=None)
    assert set(table["n_seeds"]) == {2}
    assert list(table["kd_mean"]) == pytest.approx([0.052, 0.062])
    assert list(table["kd_sd"]) == pytest.approx([0.004 / np.sqrt(2)] * 2)
    assert list(table["kd_least"]) == pytest.approx([0.05, 0.06])
    assert list(table["kd_most"]) == pytest.approx([0.054, 0.064])
    assert list(table["coverage_mean"]) == pytest.approx([0.398, 0.388])
    assert list(table["real_kd"]) == pytest.approx([0.002] * 2)
    # 1.5, 0.2, 0.3 and 1.5, 0.3, 0.3 with the one, and at last 0.4 and 0.4 with the other
    assert list(table["best_validation_kd"]) == pytest.approx([0.25, 0.25])
    assert list(table["last_validation_kd"]) == pytest.approx([0.3, 0.4])
    assert list(table["last_to_best_ratio"]) == pytest.approx([(1.5 + 1) / 2, (2 + 4 / 3) / 2])


def test_generators_stand_in_the_order_of_the_trainings(folders, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("chestgan.base.figure_style.save", lambda figure, path: None)
    monkeypatch.setattr("chestgan.study.generator_figures.training", lambda histories, title: drawn.append(histories))
    assert summarise(replace(folders, history=folders.history[::-1]), tmp_path / "study") == 0
    assert list(pd.read_csv(tmp_path / "study" / "generators.csv")["generator"]) == ["dcgan", "covidgan"]
    assert list(drawn[0]["generator"].unique()) == ["dcgan", "covidgan"]
    assert list(drawn[0]["kimg"]) == [1, 2, 3] * 4


def test_the_json_says_the_same_and_how_it_was_done(output, folders):
    told = json.loads((output / "study.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    table = pd.read_csv(output / "study.csv")
    arms = pd.DataFrame(told["arms"])[list(table)].astype(table.dtypes)
    pd.testing.assert_frame_equal(arms, table)
    for name in ("diversity", "generators"):
        table = pd.read_csv(output / f"{name}.csv")
        pd.testing.assert_frame_equal(pd.DataFrame(told[name])[list(table)], table)
    lines = [*told["verdict"], "Read with care:", *(f"- {caveat}" for caveat in told["caveats"])]
    assert (output / "verdict.txt").read_text().splitlines() == lines
    # 5 with real images alone, 2 with these augmented
    assert told["counts"]["comparisons"] == 7
    assert told["counts"]["test_patients"] == dict.fromkeys(CLASSES, 6)
    assert told["settings"]["confidence"] == 0.95
    assert "Bonferroni" in told["protocol"]
    assert len(told["scores"]) == 36
    predictions = folders.classifier[0] / "predictions.csv"
    history = folders.history[0] / "history.csv"
    for path in (predictions, history, folders.fid[0] / "diversity.csv"):
        assert told["sha256"][str(path)] == files.sha256(path)


def test_scores_by_group_and_what_probabilities_are_worth_are_told(folders, tmp_path, monkeypatch):
    monkeypatch.setattr("chestgan.base.figure_style.save", lambda figure, path: None)
    assert summarise(folders, tmp_path / "study", "--group-by", "label") == 0
    groups = pd.read_csv(tmp_path / "study" / "groups.csv", dtype=str)
    assert set(groups["column"]) == {"source", "label"}
    told = files.read_json(tmp_path / "study" / "study.json")
    assert len(told["groups"]) == len(groups)
    assert [one["arm"] for one in told["calibration"]] == [arm["arm"] for arm in told["arms"]]
    assert all(sum(point["n_images"] for point in one["points"]) == 72 for one in told["calibration"])
    assert [one["arm"] for one in told["decision_curves"]] == [arm["arm"] for arm in told["arms"]]


def test_what_tells_the_classes_without_the_lungs_is_told(output, own_folders, tmp_path, monkeypatch):
    # the images of the study differ in brightness alone
    table = pd.read_csv(output / "probes.csv")
    assert list(table["probe"]) == ["border", "histogram", "thumbnail", "source"]
    assert list(table["roc_auc"] > 0.95) == [True, True, True, False]
    told = files.read_json(output / "study.json")
    pd.testing.assert_frame_equal(pd.DataFrame(told["probes"])[list(table)], table)
    assert any(" by the border of the images" in caveat for caveat in told["caveats"])
    monkeypatch.setattr("chestgan.base.figure_style.save", lambda figure, path: None)
    images = np.lib.format.open_memmap(own_folders.real / "images.npy", mode="r+")
    images[:] = np.random.default_rng(0).integers(0, 255, images.shape)
    images.flush()
    edit_json(own_folders.real / "settings.json", sha256={})
    assert summarise(own_folders, tmp_path / "study") == 0
    table = pd.read_csv(tmp_path / "study" / "probes.csv")
    assert ((table["roc_auc_low"] <= 0.5) & (table["roc_auc_high"] >= 0.5)).all()
    assert "Logistic regression" not in (tmp_path / "study" / "verdict.txt").read_text()


def test_unknown_patients_are_said_first_everywhere(tmp_path, monkeypatch):
    monkeypatch.setattr("chestgan.base.figure_style.save", lambda figure, path: None)
    at = tmp_path / "folders"
    folders = study_folders.make_study(at, ["covidgan"], arms=["real", "real_synthetic"])
    manifest = image_set.read(folders.real).manifest
    unknown = manifest.assign(patient=[f"image:{file}" for file in manifest["file"]])
    image_set.write_manifest(folders.real, unknown)
    for folder in folders.classifier:
        table = pd.read_csv(folder / "predictions.csv")
        table.assign(patient="image:" + table["file"]).to_csv(folder / "predictions.csv", index=False)
    assert summarise(folders, tmp_path / "study") == 0
    told = files.read_json(tmp_path / "study" / "study.json")
    first = "Patients unknown: images are counted as patients; the true intervals are wider."
    assert told["verdict"][0] == told["answer"][0] == told["caveats"][0] == first
    assert (tmp_path / "study" / "verdict.txt").read_text().startswith(first)


def test_the_verdict_goes_by_the_widened_intervals(output):
    lines = (output / "verdict.txt").read_text().splitlines()
    assert lines[2] == (
        "ROC AUC on 36 images of 18 test patients, 2 seeds; 95 % intervals for all 7 comparisons together (Bonferroni)."
    )
    assert lines[4].startswith("- augmenting 24 real images: ")
    rows = pd.read_csv(output / "study.csv").set_index(["arm", "generator"])
    for arm, action in (
        ("real_synthetic", "adding 24 images of covidgan to 24 real ones"),
        ("synthetic", "training on 24 images of covidgan alone"),
    ):
        row = rows.loc[arm, "covidgan"]
        interval = f"{row['difference']:+.3f} ({row['family_low']:+.3f} to {row['family_high']:+.3f})"
        could = f"{row['detectable']:.2g}" if row["detectable"] < 1 else "none"
        assert row["outcome"] == "no difference shown"
        assert f"- {action}: {interval}, no difference shown (could have shown {could})" in lines
    assert "- Class covid has only 6 test patients, so few that they decide nothing (allow_small)." in lines


def test_one_seed_leaves_the_spread_empty(tmp_path):
    folders = study_folders.make_study(tmp_path / "folders", ["covidgan"], [3], ["covid", "normal"])
    assert summarise(folders, tmp_path / "study", "--primary-score", "balanced_accuracy") == 0
    table = pd.read_csv(tmp_path / "study" / "study.csv")
    empty = table[table["train_on"] == "real_synthetic"].isna().any()
    ends = [f"{score}_{end}" for score in SCORES for end in ("low", "high")]
    ends += ["difference_low", "difference_high", "family_low", "family_high", "detectable"]
    ends += [f"augmented_{name}" for name in ends[-5:]]
    ends += ["equal_low", "equal_high"]
    assert table.columns[empty].tolist() == [*(f"{score}_sd" for score in SCORES), *ends]
    text = (tmp_path / "study" / "verdict.txt").read_text()
    assert "With one seed the variance over trainings is unknown, so there are no intervals." in text
    assert "Whether synthetic images help can't be told from this study." in text
    told = files.read_json(tmp_path / "study" / "study.json")
    assert told["arms"][0]["roc_auc_sd"] is None
    table = pd.read_csv(tmp_path / "study" / "generators.csv")
    values = [f"{metric.name}_sd" for metric in METRICS]
    assert table.columns[table.isna().any()].tolist() == values


def test_a_generator_that_draws_one_image_is_told(own_folders, tmp_path):
    for folder in own_folders.fid:
        edit(folder / "diversity.csv", ms_ssim=0.97)
    assert summarise(own_folders, tmp_path / "study") == 0
    told = "- Images of a class from covidgan are nearly all alike (MS-SSIM 0.97, of real ones 0.40)."
    assert told in (tmp_path / "study" / "verdict.txt").read_text()


def test_a_generator_that_copies_is_told_from_the_first_copy_on(own_folders, tmp_path):
    assert summarise(own_folders, tmp_path / "before") == 0
    assert "Copies" not in (tmp_path / "before" / "verdict.txt").read_text()
    edit(own_folders.fid[0] / "diversity.csv", n_copies=1)
    assert summarise(own_folders, tmp_path / "study") == 0
    row = pd.read_csv(tmp_path / "study" / "generators.csv").iloc[0]
    assert row["n_copies"] == 1
    assert row["copies_share"] == pytest.approx(1 / row["n_images"])
    low, high = (f"{100 * row[name]:.1f}" for name in ("copies_low", "copies_high"))
    told = f"- Copies of training images: 1 of {row['n_images']:.0f} images of covidgan "
    told += f"({100 * row['copies_share']:.1f} %, 95 % interval {low} to {high} %) are one picture"
    assert told in (tmp_path / "study" / "verdict.txt").read_text()


def test_a_generator_nearer_than_real_patients(own_folders, tmp_path):
    edit(own_folders.history[0] / "history.csv", validation_kd=-0.001)
    edit(own_folders.history[1] / "history.csv", validation_kd=0.2)
    assert summarise(own_folders, tmp_path / "study") == 0
    table = pd.read_csv(tmp_path / "study" / "generators.csv")
    assert table["best_validation_kd"].item() == pytest.approx((0.2 - 0.001) / 2)
    assert np.isnan(table["last_to_best_ratio"].item())


def test_without_an_arm_real(own_folders, tmp_path):
    folders = replace(own_folders, classifier=[f for f in own_folders.classifier if f.parent.name != "real"])
    assert summarise(folders, tmp_path / "study") == 0
    assert "There is nothing to compare with." in (tmp_path / "study" / "verdict.txt").read_text()
    assert pd.read_csv(tmp_path / "study" / "study.csv")["difference"].isna().all()


def test_much_better_predictions_are_called_better(tmp_path):
    folders = study_folders.make_study(tmp_path / "folders", ["covidgan"], classes=["covid", "normal"], arms=[])
    truth = image_set.read(folders.real).where(split="test").class_numbers(["covid", "normal"])
    for seed in range(5):
        at = tmp_path / "perfect" / f"seed-{seed}"
        study_folders.write_classifier(at, folders.real, "real_synthetic", "covidgan", seed, np.eye(2)[truth])
        folders.classifier.append(at)
        at = tmp_path / "real" / f"seed-{seed}"
        folders.classifier.append(study_folders.make_classifier(at, folders.real, "real", None, seed, 0.1))
    assert summarise(folders, tmp_path / "study") == 0
    answer, _, _, _, item, *_ = (tmp_path / "study" / "verdict.txt").read_text().splitlines()
    assert answer == "Synthetic images of covidgan made the classifier better than real images alone."
    assert item.startswith("- adding 16 images of covidgan to 16 real ones: +")
    assert item.endswith("), better")


def test_equal_inputs_in_another_order_give_equal_bytes(folders, output, tmp_path):
    assert summarise(folders, tmp_path / "again") == 0
    for name in set(FILES) - {"study.json"}:
        assert (output / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    told, again = (files.read_json(folder / "study.json") for folder in (output, tmp_path / "again"))
    assert told.pop("settings") | {"output": ""} == again.pop("settings") | {"output": ""}
    assert told == again
    turned = replace(
        folders, generated=folders.generated[::-1], fid=folders.fid[::-1], classifier=folders.classifier[::-1]
    )
    assert summarise(turned, tmp_path / "turned") == 0
    for name in set(FILES) - {"study.json"}:
        assert (output / name).read_bytes() == (tmp_path / "turned" / name).read_bytes(), name


def test_the_seed_moves_no_number(folders, output, tmp_path, monkeypatch):
    monkeypatch.setattr("chestgan.base.figure_style.save", lambda figure, path: None)
    assert summarise(folders, tmp_path / "study", "--seed", 1) == 0
    for name in ("study.csv", "verdict.txt"):
        assert (output / name).read_bytes() == (tmp_path / "study" / name).read_bytes()


def test_samples_are_shown_pixel_by_pixel(output, folders):
    figure = np.asarray(Image.open(output / "samples.png").convert("L"))
    pool = image_set.read(next(folder for folder in folders.generated if folder.match("dcgan/seed-0/generated")))
    # 16 px are shown as 64 px
    for label in CLASSES:
        wanted = pool.where(label=label).images[0].repeat(4, axis=0).repeat(4, axis=1)
        assert contains(figure, wanted), label


def contains(picture: np.ndarray, part: np.ndarray) -> bool:
    """Say whether a part, give or take a grey value, stands in a picture."""
    windows = np.lib.stride_tricks.sliding_window_view(picture.astype(int), part.shape[1], axis=1)
    rows, columns = np.nonzero((np.abs(windows - part[0].astype(int)) <= 1).all(axis=2))
    height, width = part.shape
    return any(
        (np.abs(picture[row : row + height, column : column + width].astype(int) - part) <= 1).all()
        for row, column in zip(rows, columns, strict=True)
        if row + height <= len(picture)
    )


def test_real_samples_are_training_images_of_other_patients(folders, tmp_path, monkeypatch):
    shown = {}
    monkeypatch.setattr(
        "chestgan.study.sample_figure.samples",
        lambda blocks, classes, title: shown.update({block.title: block.images for block in blocks}) or stop(),
    )

    class Stop(Exception):
        pass

    def stop():
        raise Stop

    with pytest.raises(Stop):
        summarise(folders, tmp_path / "study")
    assert list(shown) == ["real training patients", "covidgan, seed 0", "dcgan, seed 0"]
    real = image_set.read(folders.real)
    for place, label in enumerate(CLASSES):
        rows = [
            row
            for image in shown["real training patients"][place]
            for row in np.flatnonzero((real.images == image).all(axis=(1, 2)))
        ]
        taken = real.manifest.loc[rows]
        assert set(taken["label"]) == {label}
        assert set(taken["split"]) == {"train"}
        # 4 patients have two images each: all patients before a second image of one
        assert taken["patient"][:4].nunique() == 4
        assert taken["file"].nunique() == 6


def test_it_starts_without_the_heavy_libraries():
    code = "import sys, summarise_study; assert not {'torch', 'sklearn', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(summarise_study.__file__).parent, check=True)


class TestBadInput:
    """Each is told in one line and leaves nothing behind."""

    @pytest.fixture
    def refused(self, own_folders, tmp_path, capsys):
        """Run on bad input and give the message."""

        def run(*flags, **changes) -> str:
            assert summarise(replace(own_folders, **changes), tmp_path / "study", *flags) == 1
            message = capsys.readouterr().err
            assert message.startswith("error: ")
            assert message.count("\n") == 1
            assert not (tmp_path / "study").exists()
            return message

        return run

    @pytest.mark.parametrize("which", ["generated", "history", "fid", "classifier"])
    def test_a_missing_folder(self, refused, own_folders, tmp_path, which):
        message = refused(**{which: [*getattr(own_folders, which), tmp_path / "none"]})
        assert f"there is no folder {tmp_path / 'none'}" in message

    def test_a_missing_split(self, refused, tmp_path):
        assert "there is no folder" in refused(real=tmp_path / "none")

    @pytest.mark.parametrize("name", ["predictions.csv", "scores.csv", "settings.json"])
    def test_a_missing_file(self, refused, own_folders, name):
        (own_folders.classifier[1] / name).unlink()
        assert f"there is no file {own_folders.classifier[1] / name}" in refused()

    @pytest.mark.parametrize("name", ["predictions.csv", "scores.csv", "settings.json"])
    @pytest.mark.parametrize("content", [b"", b"\x89PNG\xff", b"[]"])
    def test_a_damaged_file(self, refused, own_folders, name, content):
        (own_folders.classifier[1] / name).write_bytes(content)
        assert str(own_folders.classifier[1] / name) in refused()

    def test_damaged_distances(self, refused, own_folders):
        path = own_folders.fid[0] / "distances.csv"
        edit(path, fd="far")
        assert f"column fd of {path} holds something that is no number" in refused()
        edit(path, fd=np.nan)
        assert "aren't finite" in refused()

    def test_damaged_diversity(self, refused, own_folders):
        path = own_folders.fid[0] / "diversity.csv"
        edit(path, ms_ssim=np.nan)
        assert f"{path} is empty or has values that aren't finite" in refused()
        path.unlink()
        assert f"there is no file {path}; run again what makes" in refused()

    def test_damaged_histories(self, refused, own_folders):
        folder = own_folders.history[0]
        edit(folder / "history.csv", validation_kd=np.nan)
        assert f"{folder}/history.csv has no validation_kd" in refused()
        edit(folder / "history.csv", validation_kd=np.inf)
        assert "one that isn't finite" in refused()
        (folder / "settings.json").write_text('{"name": "covidgan"}')
        assert f"{folder}/settings.json doesn't name seed; expected a result of train_acgan" in refused()
        (folder / "settings.json").write_text("[]")
        assert f"{folder}/settings.json doesn't name name, seed" in refused()

    def test_results_of_before_version_1(self, refused, own_folders):
        distances = own_folders.fid[0] / "distances.csv"
        table = pd.read_csv(distances)
        table.rename(columns={"kd": "kid", "kd_se": "kid_spread"}).to_csv(distances, index=False)
        hint = "since version 1.0 kid is called kd, kid_spread is called kd_se; make it again"
        assert f"{distances} has no column kd, kd_se; {hint}" in refused()
        table.to_csv(distances, index=False)
        (own_folders.fid[0] / "diversity.csv").rename(own_folders.fid[0] / "variety.csv")
        assert "; since version 1.0 variety.csv is called diversity.csv; run again what makes" in refused()

    def test_trainings_that_were_never_measured_together(self, refused, own_folders):
        path = own_folders.history[0] / "history.csv"
        edit(path, kimg=pd.read_csv(path)["kimg"] + 0.25)
        assert "the trainings of covidgan were measured after different numbers of images" in refused()

    def test_distances_without_a_training(self, refused, own_folders):
        message = refused(history=own_folders.history[:1])
        assert "--fid has distances of generator covidgan, seed 1, but --history has no training of it" in message

    def test_other_test_images(self, refused, own_folders):
        path = own_folders.classifier[1] / "predictions.csv"
        predictions = pd.read_csv(path)
        predictions.iloc[1:].to_csv(path, index=False)
        message = refused()
        assert f"{path} has 35 images, but the test patients have 36, and 1 are in one of them alone" in message
        assert "can only be compared in pairs on the same images" in message
        predictions.replace({"file": {"covid/test-0.png": "covid/other.png"}}).to_csv(path, index=False)
        assert "36 images, but the test patients have 36, and 2 are in one of them alone" in refused()

    def test_an_image_of_another_patient(self, refused, own_folders):
        edit(own_folders.classifier[1] / "predictions.csv", patient="p1")
        assert "has another patient for some images" in refused()

    def test_predictions_of_another_training(self, refused, own_folders):
        shutil.copy(own_folders.classifier[0] / "predictions.csv", own_folders.classifier[1])
        assert "predictions.csv gives" in refused()

    def test_scores_that_are_not_finite(self, refused, own_folders):
        edit(own_folders.classifier[1] / "predictions.csv", score_normal=np.nan)
        assert "scores that aren't finite" in refused()

    @pytest.mark.parametrize("which", ["generated", "history", "fid", "classifier"])
    def test_a_folder_twice(self, refused, own_folders, which):
        paths = getattr(own_folders, which)
        assert "is there twice" in refused(**{which: [*paths, paths[0]]})

    def test_an_arm_and_seed_twice(self, refused, own_folders, tmp_path):
        copy = shutil.copytree(own_folders.classifier[0], tmp_path / "copy")
        message = refused(classifier=[*own_folders.classifier, copy])
        assert "arm real with generator - and seed 0 is there twice" in message
        assert str(copy) in message

    def test_seeds_that_trained_on_other_numbers(self, refused, own_folders):
        edit_json(own_folders.classifier[0] / "settings.json", n_train_real=7)
        assert "different values of n_train_real: 7, 24" in refused()

    def test_an_arm_real_with_synthetic_images(self, refused, own_folders):
        edit_json(own_folders.classifier[0] / "settings.json", train_on="real_synthetic")
        assert "is called real, but trained on real_synthetic without augmentation" in refused()

    def test_arms_with_and_without_augmentation_under_the_wrong_name(self, refused, own_folders):
        edit_json(own_folders.classifier[0] / "settings.json", augment=True)
        assert "is called real, but trained on real with augmentation; give that arm another name" in refused()
        edit_json(own_folders.classifier[0] / "settings.json", arm="real_augmented", augment=False)
        assert "is called real_augmented, but trained on real without augmentation" in refused()

    def test_another_positive_class(self, refused, own_folders):
        path = own_folders.classifier[1]
        edit_json(path / "settings.json", positive_class="normal")
        edit(path / "scores.csv", positive=[False, True, False])
        assert "the positive class is normal in" in refused()

    def test_other_classes(self, refused, own_folders):
        edit_json(own_folders.classifier[1] / "settings.json", classes=["covid", "normal"])
        assert "knows the classes covid, normal, but the real images have covid, normal, variant" in refused()

    def test_another_extractor(self, refused, own_folders):
        path = own_folders.fid[1] / "distances.csv"
        distances = pd.read_csv(path)
        distances[distances["extractor"] == "fid"].to_csv(path, index=False)
        assert "the values of extractor is fid in" in refused()

    def test_a_generator_without_distances_or_images(self, refused, own_folders, tmp_path):
        fid = [study_folders.make_fid(tmp_path / "fid", "dcgan", 0, CLASSES)]
        assert "trained on images of covidgan, but --fid has only dcgan" in refused(fid=fid)
        generated = [study_folders.make_synthetic_set(tmp_path / "pool", "dcgan", 0, CLASSES)]
        assert "trained on images of covidgan, but --generated has only dcgan" in refused(generated=generated)

    def test_a_pool_of_another_size(self, refused, own_folders, tmp_path):
        pool = study_folders.make_synthetic_set(tmp_path / "pool", "dcgan", 0, CLASSES, size=20)
        assert "20 × 20 px" in refused(generated=[*own_folders.generated, pool])

    def test_no_folder_at_all(self, own_folders, tmp_path):
        with pytest.raises(summarise_study.UserError, match="fid names no folder"):
            summarise_study.Config(
                real=own_folders.real,
                generated=(Path("a"),),
                history=(Path("c"),),
                fid=(),
                classifier=(Path("b"),),
                output=tmp_path / "study",
            )

    @pytest.mark.parametrize(("flag", "value"), [("--confidence", 1), ("--primary-score", "ppv"), ("--seed", -1)])
    def test_a_setting_out_of_range(self, refused, flag, value):
        assert f"{flag[2:].replace('-', '_')} is " in refused(flag, value)

    def test_an_output_that_isnt_empty(self, own_folders, tmp_path, capsys):
        assert summarise(own_folders, tmp_path) == 1
        assert "isn't empty" in capsys.readouterr().err
        assert [path.name for path in tmp_path.iterdir()] == ["folders"]


def test_a_failure_leaves_no_folder(folders, tmp_path, monkeypatch):
    def full_disk(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chestgan.base.figure_style.save", full_disk)
    assert summarise(folders, tmp_path / "study") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_a_classifier_of_real_patients_reads_is_told(folders, tmp_path):
    classified = []
    for generator, share in (("covidgan", 0.1), ("dcgan", 0.9)):
        for seed in (0, 1):
            confusion = {label: dict.fromkeys(CLASSES, 0) for label in CLASSES}
            for label, counts in confusion.items():
                counts[label] = round(share * 20)
                counts[next(other for other in CLASSES if other != label)] += 20 - counts[label]
            folder = tmp_path / generator / str(seed)
            classified.append(study_folders.make_classified(folder, generator, seed, confusion))
    assert summarise(folders, tmp_path / "study", "--classified", *classified) == 0
    labels = pd.read_csv(tmp_path / "study" / "labels.csv")
    assert len(labels) == 2 * 2 * 3
    generators = pd.read_csv(tmp_path / "study" / "generators.csv").set_index("generator")
    assert generators["label_recall_mean"].to_dict() == pytest.approx({"covidgan": 0.1, "dcgan": 0.9})
    verdict = (tmp_path / "study" / "verdict.txt").read_text()
    assert "Of images labelled covid the classifier of real patients reads as covid only 10 % (covidgan); of" in verdict
    assert "% (dcgan)" not in verdict


def test_a_table_of_labels_of_other_classes_is_refused(own_folders, tmp_path, capsys):
    folder = study_folders.make_classified(tmp_path / "x", "covidgan", 0, {"covid": {"covid": 3}})
    assert summarise(own_folders, tmp_path / "study", "--classified", folder) == 1
    assert "labels.csv has no column read_as_normal, read_as_variant; make it again" in capsys.readouterr().err


def test_a_study_of_imported_images_alone_has_no_training(tmp_path, monkeypatch):
    """With one set for all seeds, and of a class less: what can't be known is left out, and said."""
    monkeypatch.setattr("chestgan.base.figure_style.save", lambda figure, path: path.touch())
    folders = study_folders.make_study(tmp_path / "folders", ["mine", "covid_alone"], arms=["real", "real_synthetic"])
    for generated in folders.generated:
        told = files.read_json(generated / "settings.json")
        warnings = ["no images of normal"] if told["generator"] == "covid_alone" else []
        told |= {"script": "import_images", "same_for_all_seeds": True, "warnings": warnings}
        files.write_json(generated / "settings.json", told)
    for fid in (fid for fid in folders.fid if "covid_alone" in fid.parts):
        for name in ("distances.csv", "diversity.csv"):
            table = pd.read_csv(fid / name)
            table[table["class"].isin(["all", "covid"])].to_csv(fid / name, index=False)
    flags = [word for word in folders.flags() if word != "--history" and word not in map(str, folders.history)]
    output = tmp_path / "study"
    assert summarise_study.main([*flags, "--output", str(output)]) == 0
    generators = pd.read_csv(output / "generators.csv").set_index("generator")
    assert list(generators["n_seeds"]) == [1, 1]
    assert list(generators["n_classes"]) == [3, 1]
    assert generators[["kd_sd", "best_validation_kd"]].isna().all(axis=None)
    caveats = json.loads((output / "study.json").read_text())["caveats"]
    assert "Images of covid_alone: no images of normal." in caveats
    assert sum("the same for every seed" in caveat for caveat in caveats) == 2
    assert not (output / "training.png").exists()
