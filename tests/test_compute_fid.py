"""compute_fid from the command line: the table, its counts, what is kept, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import compute_fid
import split_data
import take_patients
from chestgan.base import files
from chestgan.data import grey
from chestgan.images import image_set
from chestgan.metrics import (
    catalogue,
    copies,
    diversity,
    efficientnet,
    features,
    frechet_kernel,
    image_sides,
    inception,
    memorisation,
    tables,
)
from pictures import class_folders, picture, save

LITE = "fd_efficientnet_lite0"


def make_pool(folder: Path, covid: int = 12, normal: int = 10, seed: int = 0, size: int = 32) -> Path:
    """Make a pool of noise as generate_images would leave it."""
    folder.mkdir()
    labels = ["covid"] * covid + ["normal"] * normal
    images = image_set.create_images(folder, len(labels), size)
    images[:] = np.random.default_rng(seed).integers(0, 256, images.shape, dtype=np.uint8)
    images.flush()
    image_set.write_manifest(folder, pd.DataFrame({"label": labels, "seed": range(len(labels))}))
    files.write_json(folder / "settings.json", {"script": "generate_images", "generator": "covidgan", "seed": 3})
    return folder


@pytest.fixture(scope="module")
def pool(tmp_path_factory) -> Path:
    return make_pool(tmp_path_factory.mktemp("pool") / "generated")


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    """Share the features among the tests."""
    return tmp_path_factory.mktemp("kept")


def compute(real: Path, generated: Path, output: Path, *flags: object) -> int:
    paths = ["--real", real, "--generated", generated, "--output", output]
    return compute_fid.main([str(part) for part in [*paths, *flags]])


@pytest.fixture(scope="module")
def output(tiny_split, pool, kept, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("fid") / "fid"
    assert compute(tiny_split, pool, output, "--features", kept) == 0
    return output


@pytest.fixture(scope="module")
def table(output) -> pd.DataFrame:
    return pd.read_csv(output / "distances.csv")


def test_the_table_has_a_row_for_each_reference_and_class(table):
    assert list(table) == tables.columns(catalogue.DISTANCES)
    assert list(table["reference"]) == ["train"] * 3 + ["test"] * 3
    assert list(table["class"]) == ["all", "covid", "normal"] * 2
    assert set(table["generator"]) == {"covidgan"}
    assert set(table["seed"]) == {3}
    assert set(table["extractor"]) == {LITE}
    # 12 + 12 training, 8 + 8 test and 12 + 10 generated images
    assert list(table["n"]) == [16, 8, 8] * 2
    assert np.isfinite(table.select_dtypes("number")).all(axis=None)


def test_noise_is_further_from_the_patients_than_they_are_from_each_other(table):
    assert (table["fd"] > table["real_fd"]).all()
    assert (table["kd"] > table["real_kd"]).all()


def test_the_table_of_variety_has_a_row_for_each_class(output):
    table = pd.read_csv(output / "diversity.csv")
    assert list(table) == tables.columns(catalogue.DIVERSITY)
    assert list(table["class"]) == ["all", "covid", "normal"]
    assert list(table["n"]) == [16, 8, 8]
    assert set(table["generator"]) == {"covidgan"}
    assert set(table["seed"]) == {3}
    assert set(table["extractor"]) == {LITE}
    assert table["ms_ssim"][0] == pytest.approx(table["ms_ssim"][1:].mean())
    # noise is like nothing, and lies off the patients
    assert (table["ms_ssim"] < table["real_ms_ssim"]).all()
    assert (table["dcr_ratio"] > 1.1).all()
    assert table["coverage"][0] < table["real_coverage"][0]
    assert table[["coverage", "real_coverage"]].stack().between(0, 1).all()


def make_pool_of(images: np.ndarray, labels: pd.Series, folder: Path) -> Path:
    """Make a pool of these images, (N, H, W) uint8."""
    make_pool(folder, *labels.value_counts().loc[["covid", "normal"]])
    stored = np.load(folder / "images.npy", mmap_mode="r+")
    stored[:] = images[np.argsort(labels.to_numpy(), kind="stable")]
    stored.flush()
    return folder


def test_a_generator_that_copies_and_one_that_repeats_itself_are_unmasked(tiny_split, kept, tmp_path):
    train = image_set.read(tiny_split).where(split="train")
    labels = train.manifest["label"]
    first = [labels.eq(label).idxmax() for label in labels]
    found = {}
    for name, images in (("copies", train.images), ("one", train.images[first])):
        generated = make_pool_of(images, labels, tmp_path / name)
        assert compute(tiny_split, generated, tmp_path / f"{name}-fid", "--features", kept) == 0
        found[name] = pd.read_csv(tmp_path / f"{name}-fid" / "diversity.csv")
    assert (found["copies"]["dcr_ratio"] < 1e-3).all()
    assert found["copies"]["ms_ssim"].to_numpy() == pytest.approx(found["copies"]["real_ms_ssim"].to_numpy())
    assert found["copies"]["coverage"].to_numpy() == pytest.approx(found["copies"]["real_coverage"].to_numpy(), abs=0.2)
    assert list(found["copies"]["n_copies"]) == list(found["copies"]["n_images"]) == [24, 12, 12]
    assert (found["one"]["copies_share"] == 1).all()
    assert found["one"]["ms_ssim"].to_numpy() == pytest.approx(1, abs=1e-6)
    assert (found["one"]["coverage"] < found["one"]["real_coverage"]).all()


@pytest.mark.parametrize("change", ["exact", "mirrored"])
def test_each_planted_copy_is_named_with_its_training_image(tiny_split, kept, tmp_path, change):
    train = image_set.read(tiny_split).where(split="train")
    generated = make_pool(tmp_path / "pool")
    planted = [3, 15]
    originals = [np.flatnonzero(train.manifest["label"] == label)[5] for label in ("covid", "normal")]
    stored = np.load(generated / "images.npy", mmap_mode="r+")
    stored[planted] = train.images[originals][:, :, :: 1 if change == "exact" else -1]
    stored.flush()
    assert compute(tiny_split, generated, tmp_path / "fid", "--features", kept) == 0
    table = pd.read_csv(tmp_path / "fid" / "copies.csv")
    assert list(table) == copies.COLUMNS
    # the copies, and the closest of the others
    assert len(table) == copies.N_CLOSEST
    assert list(table["copy"]) == [True] * 2 + [False] * 8
    named = table[table["copy"]].set_index("image").loc[planted]
    assert list(named["train_file"]) == list(train.manifest["file"][originals])
    assert list(named["class"]) == ["covid", "normal"]
    assert list(named["image_seed"]) == planted
    assert set(named["mirrored"]) == {change == "mirrored"}
    assert (named["distance"] < 1e-3).all()
    # 24 held-out images are too few for a threshold of the features
    assert table["threshold"].isna().all()
    counts = pd.read_csv(tmp_path / "fid" / "diversity.csv")
    assert list(counts["n_copies"]) == [2, 1, 1]
    assert list(counts["n_images"]) == [22, 12, 10]
    assert list(counts["n_held_out"]) == [24] * 3
    assert "held-out" in files.read_json(tmp_path / "fid" / "settings.json")["protocol"]["copies"]


def test_variety_without_draws_is_that_of_all_images(tiny_split, kept, tmp_path):
    split = shutil.copytree(tiny_split, tmp_path / "split")
    manifest = pd.read_csv(split / "manifest.csv", dtype=str)
    manifest.loc[manifest["patient"].isin(["p00", "p01", "p02", "p03"]), "split"] = "validation"
    image_set.write_manifest(split, manifest)
    generated = make_pool(tmp_path / "pool", 8, 8)
    assert compute(split, generated, tmp_path / "fid", "--features", kept) == 0
    found = pd.read_csv(tmp_path / "fid" / "diversity.csv").set_index("class")
    extractor = features.load_extractor(LITE)
    train, test = (image_set.read(split).where(split=name, label="normal") for name in ("train", "test"))
    pool = image_set.read(generated).where(label="normal")
    a, b, c = (features.extract(extractor, images.images) for images in (train, test, pool))
    assert found["real_coverage"]["normal"] == diversity.coverage(b, a)
    assert found["coverage"]["normal"] == diversity.coverage(b, c)
    assert found["dcr_ratio"]["normal"] == pytest.approx(memorisation.dcr_ratio(a, b, c), rel=1e-4)
    expected = diversity.mean_ms_ssim(pool.images, catalogue.N_PAIRS, 0)
    assert found["ms_ssim"]["normal"] == pytest.approx(expected, rel=1e-4)


def test_images_of_one_class_are_measured_beside_real_ones_of_that_class(tiny_split, kept, tmp_path):
    generated = make_pool(tmp_path / "pool", 12, 0)
    assert compute(tiny_split, generated, tmp_path / "fid", "--features", kept) == 0
    table = pd.read_csv(tmp_path / "fid" / "distances.csv")
    assert list(table["class"]) == ["all", "covid"] * 2
    assert set(table["n"]) == {8}
    of_all, of_class = (table[table["class"] == label].drop(columns="class") for label in ("all", "covid"))
    np.testing.assert_array_equal(of_all.to_numpy(object), of_class.to_numpy(object))
    assert list(pd.read_csv(tmp_path / "fid" / "diversity.csv")["class"]) == ["all", "covid"]


def test_a_value_without_draws_is_the_distance_of_all_images(tiny_split, kept, tmp_path):
    # as many images a class as the test patients have, and a split that has as many training patients
    split = shutil.copytree(tiny_split, tmp_path / "split")
    manifest = pd.read_csv(split / "manifest.csv", dtype=str)
    manifest.loc[manifest["patient"].isin(["p00", "p01", "p02", "p03"]), "split"] = "validation"
    image_set.write_manifest(split, manifest)
    generated = make_pool(tmp_path / "pool", 8, 8)
    assert compute(split, generated, tmp_path / "fid", "--features", kept) == 0
    found = pd.read_csv(tmp_path / "fid" / "distances.csv").set_index(["reference", "class"])
    assert files.read_json(tmp_path / "fid" / "settings.json")["n_draws"] == 1

    extractor = features.load_extractor(LITE)
    real, pool = image_set.read(split), image_set.read(generated)
    by_side = {
        (name, label): features.extract(extractor, images.where(label=label).images)
        for name, images in (("train", real.where(split="train")), ("test", real.where(split="test")), ("pool", pool))
        for label in ("covid", "normal")
    }
    row = found.loc["test", "covid"]
    a, b = by_side["pool", "covid"], by_side["test", "covid"]
    assert row["fd"] == pytest.approx(frechet_kernel.frechet_distance(a, b), rel=1e-4)
    assert row["kd"] == pytest.approx(frechet_kernel.kernel_distance(a, b, 2, 2, 0)[0], rel=1e-4)
    a, b = (np.concatenate([by_side[side, label] for label in ("covid", "normal")]) for side in ("train", "test"))
    assert found.loc["train", "all"]["real_fd"] == pytest.approx(frechet_kernel.frechet_distance(a, b), rel=1e-4)


def test_real_values_are_the_same_beside_another_pool_and_not_computed_again(
    tiny_split, pool, kept, output, table, tmp_path, monkeypatch
):
    other = make_pool(tmp_path / "other", seed=1)
    extracted = []
    original = features.extract

    def spy(extractor, images, *arguments):
        extracted.append(len(images))
        return original(extractor, images, *arguments)

    monkeypatch.setattr(features, "extract", spy)
    assert compute(tiny_split, other, tmp_path / "fid", "--features", kept) == 0
    assert extracted == [22, 22], "only the new pool's images and their mirror images go through the network"
    found = pd.read_csv(tmp_path / "fid" / "distances.csv")
    real = ["n", "real_fd", "real_kd", "real_kd_se"]
    pd.testing.assert_frame_equal(found[real], table[real])
    assert (found["fd"] != table["fd"]).all()
    found, before = (pd.read_csv(folder / "diversity.csv") for folder in (tmp_path / "fid", output))
    real = ["n", "real_coverage", "real_ms_ssim"]
    pd.testing.assert_frame_equal(found[real], before[real])
    assert (found["ms_ssim"] != before["ms_ssim"]).all()


def test_the_same_flags_give_the_same_file_and_the_seed_moves_the_draws(tiny_split, pool, kept, table, tmp_path):
    for name, flags in (("a", []), ("b", []), ("c", ["--seed", 1]), ("d", ["--n-draws", 1])):
        assert compute(tiny_split, pool, tmp_path / name, "--features", kept, *flags) == 0
    for file in ("distances.csv", "diversity.csv"):
        tables = {name: (tmp_path / name / file).read_text() for name in "abcd"}
        assert tables["a"] == tables["b"]
        assert len(set(tables.values())) == 3


def test_the_settings_say_how_it_was_measured(tiny_split, pool, kept, tmp_path):
    assert compute(tiny_split, pool, tmp_path / "fid", "--features", kept) == 0
    told = json.loads((tmp_path / "fid" / "settings.json").read_text())
    assert (told["generator"], told["seed"]) == ("covidgan", 3)
    assert told["counts"]["covid"] == {"train": 12, "test": 8, "generated": 12, "n": 8}
    assert told["n_draws"] == 10
    assert f"{catalogue.N_PAIRS} random pairs" in told["protocol"]["diversity"]
    assert told["extractors"][LITE]["verified"] is True
    assert told["extractors"][LITE]["weights_sha256"] == efficientnet.SHA256
    assert told["sha256"]["generated/images.npy"] == files.sha256(pool / "images.npy")


def test_unverified_inception_weights_are_told(tiny_split, fake_inception_weights, tmp_path, monkeypatch):
    # the many validation images would take Inception long
    monkeypatch.setattr(image_sides, "read_held_out", lambda real, classes: image_set.read(real).where(split="test"))
    generated = make_pool(tmp_path / "pool", 2, 2)
    flags = ["--extractors", "fid", LITE, "--inception-weights", fake_inception_weights, "--n-draws", 2]
    split = shutil.copytree(tiny_split, tmp_path / "split")
    manifest = pd.read_csv(split / "manifest.csv", dtype=str)
    manifest.loc[~manifest["patient"].isin(["p00", "p01", "p16", "p17"]), "split"] = "validation"
    image_set.write_manifest(split, manifest)
    assert compute(split, generated, tmp_path / "fid", *flags, "--allow-unverified-weights") == 0
    told = json.loads((tmp_path / "fid" / "settings.json").read_text())["extractors"]
    assert [told["fid"]["verified"], told[LITE]["verified"]] == [False, True]
    assert told["fid"]["weights_sha256"] == files.sha256(fake_inception_weights)
    found = pd.read_csv(tmp_path / "fid" / "distances.csv")
    assert list(found["extractor"]) == ["fid"] * 6 + [LITE] * 6
    found = pd.read_csv(tmp_path / "fid" / "diversity.csv")
    assert list(found["extractor"]) == ["fid"] * 3 + [LITE] * 3
    assert np.isfinite(found.select_dtypes("number").drop(columns="n_near")).all(axis=None)


class TestBadInput:
    """Each is told in one line before any image goes through a network, and leaves nothing behind."""

    @pytest.fixture(autouse=True)
    def no_extraction(self, monkeypatch):
        monkeypatch.setattr(features, "extract", lambda *arguments: pytest.fail("features were computed"))

    @pytest.fixture
    def refused(self, tiny_split, pool, tmp_path, capsys):
        """Run on bad input and give the message."""

        def run(*flags, real=tiny_split, generated=pool) -> str:
            assert compute(real, generated, tmp_path / "fid", *flags) == 1
            message = capsys.readouterr().err
            assert message.startswith("error: ")
            assert message.count("\n") == 1
            assert not (tmp_path / "fid").exists()
            return message

        return run

    def test_a_class_with_one_image(self, refused, tmp_path):
        message = refused(generated=make_pool(tmp_path / "pool", 1, 9))
        assert "found 12 train, 8 test, 1 generated images of class covid; a distance needs at least 2" in message

    def test_a_pool_with_another_class(self, refused, tmp_path):
        generated = make_pool(tmp_path / "pool")
        manifest = pd.read_csv(generated / "manifest.csv").replace({"label": {"normal": "flu"}})
        image_set.write_manifest(generated, manifest)
        message = refused(generated=generated)
        assert "the generated images have the classes covid, flu" in message
        assert "has covid, normal" in message

    def test_an_empty_pool(self, refused, tmp_path):
        assert "the generated images have no classes" in refused(generated=make_pool(tmp_path / "pool", 0, 0))

    def test_another_image_size(self, refused, tmp_path):
        message = refused(generated=make_pool(tmp_path / "pool", size=40))
        assert "32 × 32 px" in message
        assert "40 × 40 px" in message

    def test_a_class_called_all(self, refused, tiny_split, tmp_path):
        split = shutil.copytree(tiny_split, tmp_path / "split")
        manifest = pd.read_csv(split / "manifest.csv", dtype=str)
        image_set.write_manifest(split, manifest.replace({"label": {"covid": "all"}}))
        assert "'all' can't be a label" in refused(real=split)

    def test_a_real_set_without_splits(self, refused, pool):
        assert "no column 'split'" in refused(real=pool)

    def test_folders_that_are_not_there(self, refused, tmp_path):
        assert "there is no folder" in refused(real=tmp_path / "none")
        assert "there is no folder" in refused(generated=tmp_path / "none")

    @pytest.mark.parametrize("described", ["[]", '{"generator": "covidgan"}', "{"])
    def test_a_pool_of_unknown_origin(self, refused, tmp_path, described):
        generated = make_pool(tmp_path / "pool")
        (generated / "settings.json").write_text(described)
        assert str(generated) in refused(generated=generated)

    def test_a_damaged_pool(self, refused, tmp_path):
        generated = make_pool(tmp_path / "pool")
        (generated / "images.npy").write_bytes(b"half")
        assert "can't be read" in refused(generated=generated)

    def test_missing_weights(self, refused, tmp_path):
        message = refused("--extractors", LITE, "fid", "--inception-weights", tmp_path / "none.pth")
        assert inception.SHA256 in message
        assert str(tmp_path / "none.pth") in message

    def test_an_unknown_extractor(self, refused):
        assert "extractors is 'lite'; expected one of" in refused("--extractors", "lite")

    def test_a_number_out_of_range(self, refused):
        assert "n_subsets is 1" in refused("--n-subsets", 1)
        assert "n_draws is 2000000000; expected a number from 1 to 1000" in refused("--n-draws", 2_000_000_000)

    def test_a_gpu_where_there_is_none(self, refused, monkeypatch):
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
        assert "device is gpu" in refused("--device", "gpu")

    def test_an_output_that_isnt_empty(self, tiny_split, pool, tmp_path, capsys):
        (tmp_path / "old").write_text("old")
        assert compute(tiny_split, pool, tmp_path) == 1
        assert "isn't empty" in capsys.readouterr().err
        assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_failure_leaves_no_folder(tiny_split, pool, kept, tmp_path, monkeypatch):
    def full_disk(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    assert compute(tiny_split, pool, tmp_path / "fid", "--features", kept) == 1
    assert list(tmp_path.iterdir()) == []


class TestPlainFolders:
    @pytest.fixture
    def folders(self, tmp_path):
        """Make two folders of pictures in class folders, of more real ones than others."""
        return [class_folders(tmp_path / name, n) for name, n in (("real", 8), ("drawn", 4))]

    def test_two_are_measured_beside_each_other(self, folders, kept, tmp_path, capsys):
        for file in (folders[1] / "covid").iterdir():
            save(file, np.asarray(Image.open(file).rotate(90, expand=True)))
        assert compute(*folders, tmp_path / "fid", "--features", kept) == 0
        table = pd.read_csv(tmp_path / "fid" / "distances.csv")
        assert list(table) == tables.columns(catalogue.DISTANCES)
        assert list(table["class"]) == ["all", "covid", "normal"]
        assert list(table["n"]) == [8, 4, 4]
        assert (set(table["reference"]), set(table["generator"])) == ({"real"}, {"drawn"})
        # other real pictures of the same kind are nearer than turned ones
        assert table["real_fd"][1] < table["fd"][1]
        assert "fd_efficientnet_lite0" in capsys.readouterr().out
        made = json.loads((tmp_path / "fid" / "settings.json").read_text())["plain_folders"]
        assert made["real"]["prepared"] == {"image_size": 72, "square": "pad", "rejected": []}
        assert made["generated"]["prepared"]["image_size"] == 72
        assert "images of 2 sizes" in made["generated"]["warnings"][0]

    def test_images_alone_are_one_class(self, folders, kept, tmp_path):
        one_class = [folders[0] / "covid", folders[1]]
        assert compute(*one_class, tmp_path / "fid", "--features", kept, "--image-size", 64, "--square", "crop") == 0
        table = pd.read_csv(tmp_path / "fid" / "distances.csv")
        assert list(table["class"]) == ["all"]
        assert list(table["n"]) == [8]
        # 16 others of 8 aren't there
        assert table["real_fd"].isna().all()
        made = json.loads((tmp_path / "fid" / "settings.json").read_text())["plain_folders"]
        assert made["real"]["prepared"] == {"image_size": 64, "square": "crop", "rejected": []}

    def test_as_many_on_both_sides_are_all_measured(self, folders, kept, tmp_path):
        shutil.rmtree(folders[0])
        real = class_folders(folders[0], 4, ("covid", "flu"))
        assert compute(real / "flu", folders[1] / "covid", tmp_path / "fid", "--features", kept) == 0
        (row,) = pd.read_csv(tmp_path / "fid" / "distances.csv").to_dict("records")
        extractor = features.load_extractor(LITE)
        squares = [
            np.stack([grey.square(picture(seed + place), 72, "pad") for place in range(4)]) for seed in (1000, 0)
        ]
        flu, covid = (features.extract(extractor, one) for one in squares)
        assert row["fd"] == pytest.approx(frechet_kernel.frechet_distance(covid, flu), rel=1e-4)

    def test_one_beside_a_split_is_prepared_as_that(self, kept, tmp_path):
        data = class_folders(tmp_path / "data", 10)
        command = [
            "--folder",
            data,
            "--image-size",
            32,
            "--square",
            "crop",
            "--allow-small",
            "--output",
            tmp_path / "split",
        ]
        assert split_data.main([str(word) for word in command]) == 0
        drawn = class_folders(tmp_path / "drawn", 4, ("covid",))
        assert compute(tmp_path / "split", drawn, tmp_path / "fid", "--features", kept) == 0
        table = pd.read_csv(tmp_path / "fid" / "distances.csv")
        assert list(table["class"]) == ["all", "covid"] * 2
        made = json.loads((tmp_path / "fid" / "settings.json").read_text())["plain_folders"]
        assert made["generated"]["prepared"] == {"image_size": 32, "square": "crop", "rejected": []}
        assert "real" not in made

    @pytest.mark.parametrize(
        ("flags", "words"),
        [
            (["--image-size", 64], "image_size is 64, but real is the image set"),
            (["--square", "crop"], "square is crop"),
        ],
    )
    def test_a_flag_without_effect_is_refused(self, flags, words, folders, tiny_split, tmp_path, capsys):
        assert compute(tiny_split, folders[1], tmp_path / "fid", *flags) == 1
        assert f"error: {words}" in capsys.readouterr().err

    def test_how_a_set_of_another_script_was_prepared_is_unknown(self, folders, tiny_split, tmp_path, capsys):
        half = ["--real", str(tiny_split), "--real-fraction", "0.5", "--output", str(tmp_path / "half")]
        assert take_patients.main(half) == 0
        assert compute(tmp_path / "half", folders[1], tmp_path / "fid") == 1
        assert "error: real is no result of split_data" in capsys.readouterr().err

    def test_what_does_not_fit_is_told(self, folders, tmp_path, capsys):
        (folders[1] / "normal").rename(folders[1] / "norml")
        assert compute(*folders, tmp_path / "fid") == 1
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith("error: the generated images have the classes covid, norml, but")
        for file in (folders[1] / "covid").iterdir():
            file.write_bytes(b"broken")
        assert compute(*folders, tmp_path / "fid") == 1
        assert "none of class 'covid' is left" in capsys.readouterr().err
        (tmp_path / "empty").mkdir()
        assert compute(folders[0], tmp_path / "empty", tmp_path / "fid") == 1
        assert "there is no image in it" in capsys.readouterr().err
        assert not (tmp_path / "fid").exists()
