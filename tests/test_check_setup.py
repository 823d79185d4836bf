"""What a setup lacks is found, each thing on a line of its own, and what is fine is called fine.

The programs of a cluster and of containers are stand-ins here, for few machines have them all.
"""

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
import yaml

import check_setup
from chestgan.cluster import profiles
from chestgan.doctor import machine
from chestgan.doctor.findings import Finding
from chestgan.metrics import efficientnet
from pictures import rows, with_table
from project import ROOT

SINFO = "cpu*|up|1-00:00:00|1|16|64000|(null)\ngpu|up|1-00:00:00|2|16|64000|gpu:a100:2"
SETTINGS = """\
Configuration data as of 2026-11-30T10:00:00
JobRequeue              = 1
MaxArraySize            = 1001
MaxJobCount             = 10000
MinJobAge               = 300 sec
PreemptType             = preempt/none
"""
NO_DATABASE = "You are not running a supported accounting_storage plugin"
CONFIG = yaml.safe_load((ROOT / "config" / "cxr.yaml").read_text()) | {"seeds": [0, 1, 2], "gpus": 2, "nodes": 2}
CONFIG["split_data"]["allow_small"] = True
# the packaged weights are loaded once for all tests
load_network = functools.cache(efficientnet.load_network)
PROFILE = {
    "executor": "slurm",
    "default-resources": {"slurm_account": "lab", "slurm_partition": "cpu", "mem_mb": 4000, "runtime": 60},
    "set-resources": {
        rule: {"slurm_partition": "gpu", "gres": "'gpu:1'"} if rule == "compute_fid" else {"slurm_partition": "gpu"}
        for rule in ("train_acgan", "generate_images", "compute_fid", "evaluate_classifier", "classify_images")
    },
    "software-deployment-method": "apptainer",
    "slurm-no-requeue": True,
    "jobs": 50,
}


class Setup:
    """A folder with all that a study on a cluster needs, and stand-ins for the programs of the cluster."""

    def __init__(self, folder: Path, lock: Path) -> None:
        self.folder, self.programs = folder, folder / "bin"
        self.digest = hashlib.sha256(lock.read_bytes()).hexdigest()
        for name in ("bin", "containers", "slurm"):
            (folder / name).mkdir(parents=True)
        table = with_table(folder / "data" / "cxr", rows(n_images=2, labels=("covid", "normal", "pneumonia")))
        renamed = {"file": "filename", "patient": "patient_id"}
        pd.read_csv(table).rename(columns=renamed).to_csv(table, index=False)
        (folder / "containers" / "chestgan.sif").write_bytes(b"image")
        (folder / "containers" / "chestgan.sif.sha256").write_text(hashlib.sha256(b"image").hexdigest())
        self.write()
        self.program("sbatch")
        self.program("sinfo", SINFO)
        self.program("squeue")
        self.program("scontrol", SETTINGS)
        self.program("sacctmgr", "lab")
        self.program("apptainer", self.inside())

    def write(self, config: dict = CONFIG, profile: dict = PROFILE) -> None:
        (self.folder / "study.yaml").write_text(yaml.safe_dump(config))
        (self.folder / "slurm" / "config.yaml").write_text(yaml.safe_dump(profile))

    def program(self, name: str, answer: str = "", code: int = 0) -> None:
        path = self.programs / name
        to = "2" if code else "1"
        path.write_text(f"#!/bin/sh\n/bin/cat >&{to} <<'END'\n{answer}\nEND\nexit {code}\n")
        path.chmod(0o755)

    def inside(self, weights: tuple[str, ...] = (), lock: str | None = None) -> str:
        return json.dumps({"lock": lock or self.digest, "weights": weights})

    def findings(self) -> list[Finding]:
        return list(check_setup.check(Path("slurm"), Path("study.yaml"), self.folder))

    def bad(self) -> list[str]:
        return [str(finding) for finding in self.findings() if finding.state != "fine"]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    folder = tmp_path.resolve()
    lock = folder / "envs" / "chestgan.lock"
    lock.parent.mkdir()
    lock.write_text("what was installed")
    # whatever is installed where the tests run: this is about how it is told
    pins = [f"{name}=={metadata.version(name).partition('+')[0]}" for name in ("snakemake", "pyyaml", "torch")]
    lock.with_suffix(".in").write_text("\n".join(pins))
    shutil.copy(lock, folder / lock.name)
    made = Setup(folder, lock)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(check_setup, "LOCK", lock)
    monkeypatch.setattr(sys, "prefix", str(folder))
    monkeypatch.setenv("PATH", str(made.programs))
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=10**12))
    monkeypatch.setattr(efficientnet, "load_network", load_network)
    for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES", "CHESTGAN_IMAGE", "SNAKEMAKE_SLURM_PARTITIONS"):
        monkeypatch.delenv(name, raising=False)
    return made


def test_all_is_fine_where_all_is_fine(setup: Setup) -> None:
    assert setup.bad() == []
    subjects = {finding.subject for finding in setup.findings()}
    assert {"profile", "configuration", "python", "packages", "image", "Slurm", "accounting", "jobs"} <= subjects
    assert {"GPUs", "weights", "data", "study", "disk"} <= subjects


def test_the_study_is_looked_at_as_a_plan_does(setup: Setup) -> None:
    told = [finding.text for finding in setup.findings() if finding.subject == "study"]
    assert told[0] == (
        "data: 24 images of 12 patients in data/cxr: covid 12 of 6, normal 12 of 6; left out: ignored label 12"
    )
    assert [text.split(" ")[0] for text in told] == ["data:", "opened:", "jobs:", "hours", "hours", "disk:"]
    setup.write(CONFIG | {"evaluate_classifier": {"positive_class": "covd"}})
    (line,) = setup.bad()
    assert line.startswith("wrong    study: evaluate_classifier.positive_class is 'covd'")


def test_where_jobs_are_only_submitted_the_data_are_not_opened(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "split_data", None)
    (told,) = (finding for finding in setup.findings() if finding.subject == "study")
    assert told.state == "fine"
    assert "split_data will in the image" in told.text


def no_sbatch(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    (setup.programs / "sbatch").unlink()


def wrong_account(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.program("sacctmgr", "other\nlaboratory")


def wrong_checksum(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = setup.folder / "pt_inception-2015-12-05-6726825d.pth"
    weights.write_bytes(b"half a download")
    setup.write(CONFIG | {"compute_fid": {"extractors": ["fid"], "inception_weights": weights.name}})


def no_disk(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=10**9))


def old_image(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.program("apptainer", setup.inside(lock="0123456789abcdef"))


def no_data(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(setup.folder / "data")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (no_sbatch, ["missing  Slurm: there is no sbatch", "login node"]),
        (
            wrong_account,
            ["wrong    requests: ", "unknown slurm_account 'lab'; known: laboratory, other", "slurm/config.yaml"],
        ),
        (wrong_checksum, ["wrong    weights: ", "are truncated: found 15 bytes and sha256", "download it from"]),
        (no_disk, ["wrong    disk: 1.0 GB free", "9 trainings may fill 4.5 GB", "make room"]),
        (old_image, ["wrong    image: ", "made from another chestgan.lock, sha256 0123456789ab", "`make sif`"]),
        (no_data, ["missing  data: split_data.folder is 'data/cxr', and there is no such folder", "bring the images"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_broken_is_found_and_hides_nothing_else(
    damage: Callable, words: list[str], setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {finding.subject for finding in setup.findings()}
    damage(setup, monkeypatch)
    (line,) = setup.bad()
    for word in words:
        assert word in line
    assert {finding.subject for finding in setup.findings()} >= before - {"requests", "study"}


def test_the_script_prints_and_writes_all_lines_and_fails_if_one_is_bad(setup: Setup, capsys) -> None:
    argv = ["--profile", "slurm", "--configfile", "study.yaml", "--output", "out/setup.txt"]
    assert check_setup.main(argv) == 0
    assert capsys.readouterr().out == (setup.folder / "out" / "setup.txt").read_text()
    shutil.rmtree(setup.folder / "data")
    assert check_setup.main(argv) == 1
    printed = capsys.readouterr()
    assert printed.out == (setup.folder / "out" / "setup.txt").read_text()
    assert "\nfine     disk: " in printed.out
    assert printed.err.startswith("error: 1 of ")


def test_all_broken_at_once_is_all_told(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    for damage in (no_sbatch, wrong_account, no_disk, old_image, no_data):
        damage(setup, monkeypatch)
    assert len(setup.bad()) == 5


def test_a_mistake_in_the_configuration_hides_nothing_else(setup: Setup) -> None:
    setup.write(CONFIG | {"gpus": "two", "sedes": [0], "nodes": 1})
    shutil.rmtree(setup.folder / "data")
    gpus, seeds, data = sorted(setup.bad(), key=lambda line: ["gpus:", "'sedes'", "data:"].index(_found_in(line)))
    assert gpus.startswith("wrong    configuration: study.yaml: gpus: 'two' is not of type 'integer'")
    assert "did you mean 'seeds'?" in seeds
    assert data.startswith("missing  data")


def _found_in(line: str) -> str:
    return next(word for word in ("gpus:", "'sedes'", "data:") if word in line)


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "there is no file"), ("a: [", "isn't YAML"), ("- a", "holds no settings"), ("a: 1\na: 2", "twice")],
)
def test_a_configuration_or_profile_that_cannot_be_read_is_told(text: str | None, words: str, setup: Setup) -> None:
    for name, subject in (("study.yaml", "configuration"), ("slurm/config.yaml", "profile")):
        path = setup.folder / name
        path.unlink() if text is None else path.write_text(text)
        line = next(line for line in setup.bad() if line.startswith(f"wrong    {subject}: "))
        assert words in line or "there is no profile" in line


@pytest.mark.parametrize("odd", [{1: 5}, {"seeds": [float("inf")]}, {"nodes": 10**30}, {"dataset": ".."}])
def test_a_value_that_no_setting_can_have_hides_no_other_line(odd: dict, setup: Setup) -> None:
    setup.write(CONFIG | odd, {"cores": 2})
    assert any(line.startswith("wrong    configuration: ") for line in setup.bad())


def test_several_nodes_want_slurm(setup: Setup) -> None:
    setup.write(CONFIG | {"gpus": 0}, {"cores": 2})
    (line,) = setup.bad()
    assert "nodes is 2, which takes a profile for Slurm" in line


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"set-resources": {"trian_acgan": {"slurm_partition": "gpu"}}}, "unknown rule 'trian_acgan'"),
        ({"set-resources": ["trian_acgan:slurm_partition=gpu"]}, "did you mean 'train_acgan'?"),
        ({"default-resources": {"slurm_partiton": "cpu"}}, "'slurm_partiton' in slurm/config.yaml: did you mean"),
    ],
)
def test_mistyped_names_in_a_profile_are_told(section: dict, words: str, setup: Setup) -> None:
    setup.write(CONFIG | {"gpus": 0, "nodes": 1}, PROFILE | section)
    (line,) = setup.bad()
    assert words in line


def test_resources_of_a_profile_are_read_in_both_forms(tmp_path: Path) -> None:
    forms = (
        {"default-resources": {"runtime": 5, "mem_mb": 1}, "set-resources": {"a": {"runtime": 7, "gres": "'gpu:1'"}}},
        {"default-resources": ["runtime=5", "mem_mb=1"], "set-resources": ["a:runtime=7", "a:gres='gpu:1'"]},
    )
    for form in forms:
        (tmp_path / "profile.yaml").write_text(yaml.safe_dump(form))
        profile = profiles.read(tmp_path)
        assert profile.resources("a") == {"runtime": 7, "mem_mb": 1, "gres": "gpu:1"}
        assert profile.resources("b") == {"runtime": 5, "mem_mb": 1}


@pytest.mark.parametrize(
    ("gpus", "nodes", "words"),
    [(4, 1, "train_acgan: asks for 4 GPUs on a node"), (1, 4, "train_acgan: asks for 4 nodes, and gpu has 2")],
)
def test_more_than_the_cluster_has_is_told(gpus: int, nodes: int, words: str, setup: Setup) -> None:
    setup.write(CONFIG | {"gpus": gpus, "nodes": nodes})
    (line,) = setup.bad()
    assert words in line


def test_without_a_partition_it_is_the_default_one_or_one_of_a_table(setup: Setup) -> None:
    resources = {rule: {} for rule in PROFILE["set-resources"]}
    profile = PROFILE | {"default-resources": {"slurm_account": "lab"}, "set-resources": resources}
    setup.write(CONFIG | {"nodes": 1, "gpus": 1}, profile)
    (line,) = setup.bad()
    assert "no node of cpu has any" in line
    setup.write(CONFIG | {"nodes": 1, "gpus": 1}, profile | {"slurm-partition-config": "table.yaml"})
    assert setup.bad() == []


def test_a_cluster_without_accounting_is_fine(setup: Setup) -> None:
    setup.program("sacctmgr", NO_DATABASE, code=1)
    assert setup.bad() == []


SHORT = ("MinJobAge               = 300", "MinJobAge = 2")


@pytest.mark.parametrize(
    ("changed", "database", "state", "words"),
    [
        ((), True, "fine", "ends of jobs: squeue tells of them for 300 s"),
        (SHORT, True, "fine", "for 2 s, and sacct is asked about those"),
        (
            ("MinJobAge               = 300", "MinJobAge = 2"),
            False,
            "wrong",
            "ask the cluster's support for MinJobAge=300",
        ),
        (
            ("MaxArraySize            = 1001", "MaxArraySize = 1"),
            True,
            "wrong",
            "MaxArraySize is 1, and the executor needs 3",
        ),
        (("MaxJobCount             = 10000", "MaxJobCount = 30"), True, "wrong", "set jobs: 30 in slurm/config.yaml"),
        (("preempt/none", "preempt/partition_prio"), True, "fine", "jobs of more priority may displace others"),
    ],
)
def test_what_the_sites_settings_do_to_a_study_is_told(
    changed: tuple[str, str], database: bool, state: str, words: str, setup: Setup
) -> None:
    setup.program("scontrol", SETTINGS.replace(*changed) if changed else SETTINGS)
    if not database:
        setup.program("sacctmgr", NO_DATABASE, code=1)
    (finding,) = [each for each in setup.findings() if words in str(each)]
    assert finding.state == state
    assert len(setup.bad()) == (state == "wrong")


def test_an_account_that_takes_fewer_jobs_and_a_training_on_all_nodes_are_told(setup: Setup) -> None:
    setup.program("sacctmgr", "lab|20")
    assert any("set jobs: 20 in slurm/config.yaml" in line for line in setup.bad())
    assert any("train_acgan takes all 2 nodes of gpu" in str(each) for each in setup.findings())


def test_a_profile_that_lets_slurm_start_lost_jobs_too_is_told(setup: Setup) -> None:
    setup.write(profile={key: value for key, value in PROFILE.items() if key != "slurm-no-requeue"})
    (line,) = setup.bad()
    assert "set slurm-no-requeue: true in slurm/config.yaml" in line


def test_a_cluster_that_gives_no_answer_is_told(setup: Setup) -> None:
    setup.program("sinfo", "Unable to contact slurm controller", code=1)
    setup.program("sacctmgr", "Connection refused", code=1)
    accounting, slurm = setup.bad()
    assert "Connection refused" in accounting
    assert "Unable to contact slurm controller" in slurm


def test_jobs_of_an_earlier_run_and_a_closed_partition_are_told(setup: Setup) -> None:
    setup.program("squeue", f"12|RUNNING|{setup.folder}|rule_train_acgan_wildcards_covidgan-0")
    setup.program("sinfo", SINFO.replace("gpu|up", "gpu|down"))
    partition, jobs = setup.bad()
    assert "gpu isn't up" in partition
    assert "12 (train_acgan, running)" in jobs
    assert "scancel 12" in jobs


def test_in_a_job_it_is_about_the_node(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("sbatch", "sinfo", "squeue", "sacctmgr", "apptainer"):
        (setup.programs / program).unlink()
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("CHESTGAN_IMAGE", "sha256:0")
    assert setup.bad() == []
    (setup.folder / "chestgan.lock").write_text("another")
    (line,) = setup.bad()
    assert "wrong    lock" in line


def test_the_image_file_and_apptainer_must_be_there(setup: Setup) -> None:
    (setup.folder / "containers" / "chestgan.sif").unlink()
    (line,) = setup.bad()
    assert line.startswith("missing  image: there is no containers/chestgan.sif")
    (setup.programs / "apptainer").unlink()
    assert len(setup.bad()) == 2


def test_singularity_ce_is_as_good_as_apptainer(setup: Setup) -> None:
    (setup.programs / "apptainer").rename(setup.programs / "singularity")
    assert setup.bad() == []


@pytest.mark.parametrize(
    ("content", "state", "message"),
    [
        (None, "missing", "there is no checksum in"),
        ("", "missing", "there is no checksum in"),
        ("c0ffee  chestgan.sif\n", "wrong", "is of another image"),
    ],
)
def test_the_image_file_must_have_its_checksum(setup: Setup, content: str | None, state: str, message: str) -> None:
    path = setup.folder / "containers" / "chestgan.sif.sha256"
    path.unlink() if content is None else path.write_text(content)
    (line,) = setup.bad()
    assert line.startswith(f"{state:<8} image: ")
    assert message in line
    assert f"sha256sum {path.with_suffix('')} > {path}" in line


def test_an_engine_must_answer_and_have_a_new_image(setup: Setup) -> None:
    config = CONFIG | {"nodes": 1, "gpus": 0, "container_engine": "podman"}
    setup.write(config, {"cores": 2})
    (line,) = setup.bad()
    assert line.startswith("wrong    podman: there is no program podman on the PATH")
    setup.program("podman", setup.inside())
    assert setup.bad() == []
    setup.program("podman", setup.inside(lock="0123456789abcdef"))
    (line,) = setup.bad()
    assert "podman's chestgan is an old one" in line
    (setup.programs / "podman").write_text('#!/bin/sh\n[ "$1" != image ]')
    (line,) = setup.bad()
    assert line.startswith("missing  image: podman has no image chestgan")


def test_inception_without_a_path_must_be_in_the_image(setup: Setup) -> None:
    setup.write(CONFIG | {"compute_fid": {"extractors": ["fid"]}})
    (line,) = setup.bad()
    assert line.startswith("missing  weights: containers/chestgan.sif holds no Inception weights")
    setup.program("apptainer", setup.inside(("pt_inception-2015-12-05-6726825d.pth",)))
    assert setup.bad() == []


def test_weights_of_a_classifier_are_loaded(setup: Setup) -> None:
    weights = setup.folder / "resnet18-f37072fd.pth"
    weights.write_bytes(b"x")
    arms = CONFIG["arms"] | {"real": {"train_on": "real", "backbone": "resnet18", "weights": str(weights)}}
    setup.write(CONFIG | {"arms": arms})
    (line,) = setup.bad()
    assert "should have a sha256 that begins with f37072fd" in line


def test_other_packages_and_another_lock_are_told(setup: Setup) -> None:
    setup.write(CONFIG | {"gpus": 0, "nodes": 1}, {"cores": 2})
    assert setup.bad() == []
    check_setup.LOCK.with_suffix(".in").write_text("torch==0.1\nno-such-package==1.0\n")
    (line,) = setup.bad()
    assert f"torch {metadata.version('torch').partition('+')[0]} for 0.1, no-such-package none for 1.0" in line


def test_an_environment_without_a_lock_is_mended_by_what_the_line_says(setup: Setup) -> None:
    setup.write(CONFIG | {"gpus": 0, "nodes": 1}, {"cores": 2})
    (setup.folder / "chestgan.lock").unlink()
    (line,) = setup.bad()
    assert line.startswith("missing  lock")
    subprocess.run(line.partition("installed from it: ")[2], shell=True, check=True, env={"PATH": "/usr/bin:/bin"})
    assert setup.bad() == []


def test_the_documented_installation_without_apptainer_leaves_its_lock() -> None:
    text = (ROOT / "profiles" / "README.md").read_text()
    install = "pip install --require-hashes --requirement envs/chestgan.lock\n"
    assert text.partition(install)[2].split("\n")[0].strip() == 'cp envs/chestgan.lock "$VIRTUAL_ENV"'


SEEN = SimpleNamespace(name="A100", total_memory=40 * 2**30, major=8, minor=0)


@pytest.mark.parametrize(
    ("config", "on_slurm", "given", "seen", "state", "words"),
    [
        ({"gpus": 0}, False, None, 0, "fine", "gpus is 0"),
        ({"gpus": 2, "device": "cpu"}, False, None, 0, "fine", "device is cpu"),
        ({"gpus": 2}, True, None, 0, "fine", "jobs get theirs from the scheduler"),
        ({"gpus": 2}, False, None, 2, "fine", "A100 with 40 GiB, A100 with 40 GiB"),
        ({"gpus": 2}, False, None, 1, "wrong", "gpus is 2, but"),
        ({"gpus": 1}, False, None, 0, "wrong", "sees no GPU"),
        ({"gpus": 2}, True, "0", 1, "fine", "A100"),
        ({"gpus": 2}, True, "0", 0, "wrong", "this job was given GPU 0, but"),
    ],
)
def test_gpus_are_looked_for_where_they_are_to_be(
    config: dict, on_slurm: bool, given: str | None, seen: int, state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: seen)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SEEN)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    if given:
        monkeypatch.setenv("SLURM_JOB_ID", "17")
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    (finding,) = machine.gpus(config, on_slurm, enter=[])
    assert finding.state == state
    assert words in finding.text


def test_a_gpu_that_is_too_old_for_torch_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SimpleNamespace(name="Tesla V100", total_memory=16 * 2**30, major=7, minor=0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: [SEEN, old][number])
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_80", "compute_120"])
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    (finding,) = machine.gpus({"gpus": 2}, False, enter=[])
    assert finding.state == "wrong"
    assert "for which Tesla V100 (compute capability 7.0) is too old: it starts at 7.5, sees A100" in finding.text


def test_gpus_of_a_job_in_an_image_are_looked_for_in_it(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    # with --nv the command is run, in this environment instead of the image
    (setup.folder / "inside").write_text(setup.inside())
    shell = f'#!/bin/sh\n[ "$2" = --nv ] || exec /bin/cat {setup.folder}/inside\nexec {sys.executable} "$5" "$6"\n'
    (setup.programs / "apptainer").write_text(shell)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    (line,) = setup.bad()
    assert line.startswith(f"wrong    GPUs: this job was given GPU -1, but torch {torch.__version__}")
    assert "sees no GPU here in the image" in line


def test_a_disk_that_is_full_is_told(small_disk: Path) -> None:
    (finding,) = machine.disk({}, small_disk)
    assert finding.state == "wrong"
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(bytes(9_000_000))
    (finding,) = machine.disk({}, small_disk)
    assert "can't be written to: No space left on device" in finding.text


def test_fractions_of_the_patients_have_trainings_of_their_own(tmp_path: Path) -> None:
    generators = {"a": {}, "b": {}, "elsewhere": {"images": "x"}}
    config = {"generators": generators, "seeds": [0, 1, 2], "real_fraction": [0.25, 1]}
    config["arms"] = {"real": {"train_on": "real"}, "both": {"train_on": "real_synthetic"}}
    (finding,) = machine.disk(config, tmp_path)
    assert "12 trainings may fill 6.0 GB" in finding.text


def test_a_folder_with_a_table_alone_has_no_images(setup: Setup) -> None:
    for image in (setup.folder / "data" / "cxr").rglob("*.png"):
        image.unlink()
    (line,) = setup.bad()
    assert line.startswith("missing  data: data/cxr holds the table metadata.csv and no image")


def test_a_bug_keeps_its_traceback(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(machine, "disk", broken)
    with pytest.raises(KeyError):
        setup.findings()


@pytest.mark.parametrize("kind", ["text", "folder", "link", "pipe"])
def test_the_output_replaces_nothing_of_others(kind: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "output"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("nowhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("fine     mine: a line\nmine\n")
    before = path.lstat()
    assert check_setup.main(["--output", str(path)]) == 1
    assert capsys.readouterr() == ("", f"error: output is {path}, which this script didn't write; name a new file\n")
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_the_output_replaces_its_own(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "output"
    path.write_text("fine     python: 3\nmissing  GPUs: none\nwrong    disk: full\n")
    monkeypatch.setattr(check_setup, "check", lambda *arguments: [Finding("fine", "new", "line")])
    assert check_setup.main(["--output", str(path)]) == 0
    assert path.read_text() == "fine     new: line\n"
