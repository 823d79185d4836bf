"""A profile is read as Snakemake reads it, and what looks mistyped in it is told."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from chestgan.base.errors import UserError
from chestgan.cluster import profiles, stages
from chestgan.cluster.profiles import Profile
from project import ROOT


def profile_of(folder: Path, **settings: Any) -> Profile:
    """Write a profile, whose flags have underscores here, and read it."""
    named = {flag.replace("_", "-"): value for flag, value in settings.items()}
    (folder / "config.yaml").write_text(yaml.safe_dump(named))
    return profiles.read(folder)


@pytest.mark.parametrize("name", ["config.yaml", "profile.yaml", "config.v9+.yaml", "profile.v8+.yaml"])
def test_a_profile_is_named_by_its_folder_or_its_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("executor: slurm\n")
    for file in ("table.yaml", "profile.yaml.old.yaml", "profile.v9.yaml", "config.yml"):
        (tmp_path / file).write_text("executor: other\n")
    for path in (tmp_path, tmp_path / name):
        assert profiles.read(path) == Profile(tmp_path / name, {"executor": "slurm"}, {}, {})
    # a file may have any name
    assert profiles.read(tmp_path / "config.yml").settings == {"executor": "other"}


def test_the_file_for_this_version_of_snakemake_wins_as_it_does_there(tmp_path: Path) -> None:
    from snakemake.cli import get_profile_dir

    for name in ("config.yaml", "config.v8+.yaml", "profile.v9+.yaml", "config.v10+.yaml", "config.v99+.yaml"):
        (tmp_path / name).write_text(f"jobs: {name}\n")
    assert profiles.read(tmp_path).file.name == get_profile_dir(str(tmp_path))[1].name == "profile.v9+.yaml"
    (tmp_path / "profile.v9+.yaml").unlink()
    assert profiles.read(tmp_path).file.name == get_profile_dir(str(tmp_path))[1].name == "config.v8+.yaml"


def test_an_empty_profile_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("# nothing yet\n")
    profile = profiles.read(tmp_path)
    assert (profile.settings, profile.defaults, profile.of_rules) == ({}, {}, {})
    assert not profile.on_slurm
    assert not profile.in_apptainer


@pytest.mark.parametrize("name", ["none", "empty"])
def test_a_missing_profile_is_told_with_what_was_expected(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError) as caught:
        profiles.read(tmp_path / name)
    assert str(caught.value) == (
        f"there is no profile {tmp_path / name}; expected a folder with a config.yaml, or such a file"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("executor: [slurm\njobs: 5\n", " isn't YAML: "),
        ("- executor\n", " holds no settings; expected lines such as `name: value`"),
        ("slurm\n", " holds no settings; expected lines such as `name: value`"),
        ("set-resources: 5\n", ": set-resources is 5; expected lines such as"),
        ("set-resources: {train_acgan: 5}\n", ": set-resources.train_acgan is 5; expected lines such as"),
        ("default-resources: {1: 5}\n", " has the key 1, which is no text; write '1'"),
    ],
)
def test_a_file_that_is_no_profile_is_told_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        profiles.read(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'config.yaml'}{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("executor", "expected"), [("slurm", True), ("slurm-jobstep", False), ("local", False)])
def test_only_one_executor_is_slurms(executor: str, expected: bool, tmp_path: Path) -> None:
    assert profile_of(tmp_path, executor=executor).on_slurm is expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"software_deployment_method": "apptainer"}, True),
        ({"software_deployment_method": ["conda", "apptainer"]}, True),
        ({"sdm": ["apptainer"]}, True),
        ({"sdm": "conda"}, False),
        ({"software_deployment_method": []}, False),
        ({}, False),
    ],
)
def test_both_names_of_the_deployment_method_are_known(settings: dict, expected: bool, tmp_path: Path) -> None:
    assert profile_of(tmp_path, **settings).in_apptainer is expected


def test_a_rules_own_resources_win_over_those_of_every_rule(tmp_path: Path) -> None:
    own = {"train_acgan": {"runtime": 720, "gpu_model": "a100"}, "compute_fid": ["runtime=90"], "empty": None}
    profile = profile_of(tmp_path, default_resources={"runtime": 60, "mem_mb": 4000}, set_resources=own)
    assert profile.resources("train_acgan") == {"runtime": 720, "mem_mb": 4000, "gpu_model": "a100"}
    assert profile.resources("compute_fid") == {"runtime": 90, "mem_mb": 4000}
    assert profile.resources("empty") == profile.resources("split_data") == {"runtime": 60, "mem_mb": 4000}
    assert profile.defaults == {"runtime": 60, "mem_mb": 4000}


@pytest.mark.parametrize("quoted", ["'gpu:1'", '"gpu:1"', "gpu:1"])
def test_the_quotes_that_keep_a_text_from_being_evaluated_are_removed(quoted: str, tmp_path: Path) -> None:
    profile = profile_of(tmp_path, default_resources={"gres": quoted}, set_resources={"a": {"slurm_extra": quoted}})
    assert profile.resources("a") == {"gres": "gpu:1", "slurm_extra": "gpu:1"}


def test_values_in_a_list_of_texts_keep_what_follows_the_first_sign(tmp_path: Path) -> None:
    texts = ["train_acgan:slurm_extra='--gres=gpu:a100:1'", "train_acgan:runtime=720", "compute_fid:mem_mb=1"]
    profile = profile_of(tmp_path, default_resources=["slurm_extra='--qos=long'", "runtime=60"], set_resources=texts)
    assert profile.defaults == {"slurm_extra": "--qos=long", "runtime": 60}
    assert profile.of_rules == {
        "train_acgan": {"slurm_extra": "--gres=gpu:a100:1", "runtime": 720},
        "compute_fid": {"mem_mb": 1},
    }


def test_one_text_is_one_resource(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, default_resources="slurm_partition=long", set_resources="train_acgan:runtime=720")
    assert profile.defaults == {"slurm_partition": "long"}
    assert profile.of_rules == {"train_acgan": {"runtime": 720}}


@pytest.mark.parametrize(
    ("command", "environment", "expected"),
    [
        ("snakemake check_setup --profile slurm --cores 2", {}, "slurm"),
        ("snakemake --profile=profiles/local --profile slurm", {}, "slurm"),
        ("snakemake --profile slurm --profile=site", {"SNAKEMAKE_PROFILE": "other"}, "site"),
        ("snakemake --cores 1", {"SNAKEMAKE_PROFILE": "first,second"}, "second"),
        ("snakemake --profile", {}, None),
        ("snakemake --cores 1", {}, None),
    ],
)
def test_the_profile_that_a_command_names_is_found(command: str, environment: dict, expected: str | None) -> None:
    assert profiles.named(command.split(), environment) == expected


def test_rules_and_resources_that_look_mistyped_are_told_each_once(tmp_path: Path) -> None:
    own = {"train_acgn": {"runtime": 7, "mem_md": 1}, "compute_fid": {"mem_md": 2, "slurm_acount": "lab"}}
    profile = profile_of(tmp_path, default_resources={"runtme": 5}, set_resources=own)
    file = tmp_path / "config.yaml"
    assert list(profiles.mistakes(profile, ["train_acgan", "compute_fid"])) == [
        f"set-resources in {file}: unknown rule 'train_acgn'; known: compute_fid, train_acgan; did you mean "
        "'train_acgan'?",
        f"resource 'mem_md' in {file}: did you mean 'mem_mb'?",
        f"resource 'runtme' in {file}: did you mean 'runtime'?",
        f"resource 'slurm_acount' in {file}: did you mean 'slurm_account'?",
    ]


def test_resources_of_ones_own_are_let_pass(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, default_resources={"licences": 1, "disk_mb": 5, "mem_mb": 1})
    assert list(profiles.mistakes(profile, [])) == []


def test_the_shipped_profiles_have_no_mistakes() -> None:
    local, slurm = (profiles.read(ROOT / "profiles" / name) for name in ("local", "slurm"))
    rules = [*stages.STAGES, "check_setup"]
    assert list(profiles.mistakes(local, rules)) == list(profiles.mistakes(slurm, rules)) == []
    assert (local.on_slurm, local.in_apptainer) == (False, False)
    assert (slurm.on_slurm, slurm.in_apptainer) == (True, True)


def test_the_shipped_profile_sends_just_the_jobs_on_gpus_to_their_partition() -> None:
    slurm = profiles.read(ROOT / "profiles" / "slurm")
    partitions = {rule: slurm.resources(rule)["slurm_partition"] for rule in (*stages.STAGES, "check_setup")}
    assert {rule for rule, name in partitions.items() if name == "gpu"} == {*stages.ON_GPU, "check_setup"}
    assert set(partitions.values()) == {"cpu", "gpu"}
