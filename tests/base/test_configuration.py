"""The configuration: every key is known, described and bounded, and a mistake is told where it is."""

import copy
import datetime
import os
from pathlib import Path

import pytest
import yaml

from chestgan.base import configuration, files
from chestgan.base.errors import UserError
from project import ROOT

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))


def demo() -> dict:
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configurations_are_valid(path: Path) -> None:
    configuration.check(yaml.safe_load(path.read_text()), SCHEMA)


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["sedes"], [0], "the top level: unknown key 'sedes'; known: .*; did you mean 'seeds'?"),
        (["train_acgan", "kmig"], 5, "train_acgan: unknown key 'kmig'; known: .*; did you mean 'kimg'?"),
        (["split_data", "duplicate_distance"], 10, "; since version 1.0 duplicate_distance is called duplicate_correl"),
        (["generators", "covidgan", "epoch"], 5, "generators.covidgan: unknown key 'epoch'"),
        (["generators", "covidgan", "dropout"], 1.5, "generators.covidgan.dropout: 1.5 is greater than the maximum"),
        (["generators", "covidgan", "preset"], "covidgn", "'covidgn' is not one of"),
        (["train_acgan", "generator_learning_rate"], "2e-4", "write numbers with a point, such as 2.0e-4"),
        (["seeds"], [], "seeds: .*(should be non-empty|too short)"),
        (["seeds"], [0, 0], "seeds: .*non-unique"),
        (["seeds"], [-1], "seeds.0: -1 is less than the minimum of 0"),
        (["seeds"], [2**31], "seeds.0: 2.15e.09 is too large"),
        (["seeds"], [1.5], "seeds.0: 1.5 is not of type 'integer'"),
        *((["dataset"], name, "dataset: .* isn't allowed .name of the data") for name in ("a/b", "..", ".", "", "a\n")),
        (["dataset"], "x" * 300, "dataset: 'x{98}.* is too long"),
        (["generators", "a\n"], {}, r"generators: 'a\\n' isn't allowed .at most 100 letters, digits and _"),
        (["generators", "x" * 300], {}, "generators: 'x{99} isn't allowed .at most 100"),
        (["generators", "study"], {}, "generators: 'study' .*other folders of the results"),
        (["arms", "a\n"], {"train_on": "real"}, "arms: .* isn't allowed"),
        (["train_acgan", "kimg"], float("inf"), "train_acgan.kimg: inf is no finite number"),
        (["train_acgan", "kimg"], float("nan"), "train_acgan.kimg: nan is no finite number"),
        (["split_data", "seed"], 10**30, r"split_data.seed: 1e\+30 is too large"),
        *((["train_acgan", "kimg"], text, "train_acgan.kimg: .* is not of type 'number'") for text in ("[", "{", '"')),
        (["train_acgan", 1], 5, "train_acgan: the key 1 is no text; write '1'"),
        ([None], 5, "the top level: the key None is no text; write 'None'"),
        (["split_data", "folder"], datetime.date(2026, 1, 1), "split_data.folder: .* no value of a setting"),
        (["device"], "cuda", "device: 'cuda' is not one of"),
        (["arms", "real", "train_on"], "reel", "arms.real.train_on: 'reel' is not one of"),
        (["arms", "real", "train_on"], "synthetic", "arms.real.train_on: 'real' was expected"),
        (["arms", "real_augmented"], {"train_on": "real"}, "'augment' is a required .*give it augment: true"),
    ],
)
def test_mistakes_are_told_where_they_are(keys: list[str], value, message: str) -> None:
    config = copy.deepcopy(demo())
    section = config
    for key in keys[:-1]:
        section = section[key]
    section[keys[-1]] = value
    with pytest.raises(UserError, match=message):
        configuration.check(config, SCHEMA)


def test_numbers_that_the_command_line_left_as_text_are_read() -> None:
    config = demo() | {"seeds": ["0", "3"], "tensorboard": "true", "dataset": "7"}
    config["train_acgan"]["kimg"] = "12.5"
    config["split_data"]["window_low"] = "null"
    config["split_data"]["classes"] = ["0", "1"]
    configuration.check(config, SCHEMA)
    assert (config["seeds"], config["tensorboard"], config["train_acgan"]["kimg"]) == ([0, 3], True, 12.5)
    assert config["split_data"]["window_low"] is None
    assert (config["dataset"], config["split_data"]["classes"]) == ("7", ["0", "1"])


def test_null_takes_a_choice_back() -> None:
    config = demo()
    config["generators"]["covidgan"] = {"source_loss": None, "kimg": None}
    configuration.check(config, SCHEMA)
    assert config["generators"]["covidgan"] == {"source_loss": None, "kimg": None}


def test_a_single_value_is_a_list_of_one() -> None:
    config = demo()
    config["split_data"] |= {"metadata": "metadata.csv", "classes": "covid"}
    config |= {"seeds": 3, "real_fraction": "1"}
    configuration.check(config, SCHEMA)
    assert (config["seeds"], config["real_fraction"]) == ([3], [1])
    assert (config["split_data"]["metadata"], config["split_data"]["classes"]) == (["metadata.csv"], ["covid"])


def test_all_mistakes_are_told_at_once() -> None:
    config = demo() | {"sedes": 1, "device": "tpu"}
    with pytest.raises(UserError) as told:
        configuration.check(config, SCHEMA)
    assert "sedes" in str(told.value)
    assert "tpu" in str(told.value)


def test_data_files_are_listed_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/1.png", "table.csv", ".hidden", "a/.snakemake_timestamp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    expected = [tmp_path / name for name in ("a/1.png", "b/2.png", "table.csv")]
    assert configuration.data_files(str(tmp_path)) == expected
    assert configuration.data_files(str(tmp_path), ["table.csv"]) == expected
    outside = tmp_path.with_suffix(".csv")
    outside.touch()
    assert configuration.data_files(str(tmp_path), [str(outside)]) == [*expected, outside]


def test_folders_behind_links_are_data_and_links_back_end(tmp_path: Path) -> None:
    for name in ("elsewhere/1.png", "data/normal/2.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    data = tmp_path / "data"
    (data / "covid").symlink_to(tmp_path / "elsewhere")
    (data / "normal" / "back").symlink_to(data)
    found = configuration.data_files(str(data))
    assert found == [data / "covid/1.png", data / "normal/2.png"]
    before = configuration.sha256_of_files(found)
    (tmp_path / "elsewhere/1.png").write_bytes(b"other pixels")
    changed = configuration.sha256_of_files(found)
    assert changed != before
    (data / "normal" / "2.png").unlink()
    (data / "normal" / "2.png").symlink_to(tmp_path / "elsewhere.png")
    (tmp_path / "elsewhere.png").touch()
    assert configuration.sha256_of_files(configuration.data_files(str(data))) == changed
    (tmp_path / "elsewhere.png").write_bytes(b"other pixels")
    assert configuration.sha256_of_files(found) != changed


def test_a_file_that_cannot_be_read_stops_no_plan(tmp_path: Path, monkeypatch) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a.png").touch()
    readable = configuration.sha256_of_files([tmp_path / "a.png"])
    monkeypatch.setattr(files, "sha256", refuse)
    assert configuration.sha256_of_files([tmp_path / "a.png"]) != readable


def test_a_name_that_is_no_text_has_a_checksum(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"K\xf6ln.png")
    path.touch()
    assert len(configuration.sha256_of_files(configuration.data_files(str(tmp_path)))) == 64


@pytest.mark.parametrize(
    ("folder", "metadata", "message"),
    [
        ("nowhere", [], "there is no such folder"),
        (".", [], "that folder is empty"),
        ("full", ["table.csv"], "split_data.metadata is 'table.csv', and there is no such file"),
    ],
)
def test_data_that_is_not_there_is_told(folder: str, metadata: list[str], message: str, tmp_path: Path) -> None:
    if folder == "full":
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "a.png").touch()
    with pytest.raises(UserError, match=message):
        configuration.data_files(str(tmp_path / folder), metadata)


def test_the_checksum_of_the_data_is_that_of_names_and_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "1.png", tmp_path / "2.png"]
    for path in paths:
        path.write_bytes(b"pixels of " + path.name.encode())
    first = configuration.sha256_of_files(paths)
    paths[0].touch()
    assert configuration.sha256_of_files(paths) == first
    assert configuration.sha256_of_files(paths[:1]) != first
    paths[0].write_bytes(b"other pixels")
    changed = configuration.sha256_of_files(paths)
    assert changed != first
    paths[0].rename(tmp_path / "0.png")
    assert configuration.sha256_of_files([tmp_path / "0.png", paths[1]]) != changed


@pytest.mark.parametrize(
    ("keys", "written", "normal"),
    [
        (["train_acgan", "kimg"], 40, 40.0),
        (["generators", "dcgan", "batch_size"], 64.0, 64),
        (["arms", "real_augmented", "kimg"], 15, 15.0),
        (["seeds"], [0.0, 3], [0, 3]),
        (["split_data", "folder"], "./data//cxr/", "data/cxr"),
        (["split_data", "folder"], str(Path.cwd() / "data" / "cxr"), "data/cxr"),
        (["split_data", "folder"], "/data/../cxr/", "/cxr"),
        (["evaluate_classifier", "weights"], None, None),
        (["split_data", "source_column"], "a/", "a/"),
        (["generate_images"], {"counts": {"covid": 5.0}}, {"counts": {"covid": 5}}),
        (["gpus"], 1.0, 1),
    ],
)
def test_a_setting_is_written_in_one_way(keys: list[str], written, normal) -> None:
    config = demo()
    section = config
    for key in keys[:-1]:
        section = section[key]
    section[keys[-1]] = written
    configuration.check(config, SCHEMA)
    configuration.normalise(config, SCHEMA)
    section = config
    for key in keys:
        section = section[key]
    assert (section, repr(section)) == (normal, repr(normal))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_normal_configuration_stays_as_it_is(path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    configuration.check(config, SCHEMA)
    before = copy.deepcopy(config)
    configuration.normalise(config, SCHEMA)
    once = repr(config)
    configuration.normalise(config, SCHEMA)
    assert repr(config) == once
    assert config == before


def test_a_presets_own_values_are_left_out() -> None:
    presets = {"small": {"kimg": 2.0, "augment": False}, "large": {"kimg": 9.0, "augment": False}}
    settings = {"preset": "small", "kimg": 2.0, "augment": True, "seed": 1}
    assert configuration.beyond_preset(settings, presets) == {"preset": "small", "augment": True, "seed": 1}
    assert configuration.beyond_preset(settings | {"preset": "large"}, presets)["kimg"] == 2.0
