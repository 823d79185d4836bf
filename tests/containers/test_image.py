"""The image, really built: each script and the whole demo in it, without a network, as any user, read-only."""

import http.server
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import yaml

import podman
from chestgan.base import files
from chestgan.metrics import efficientnet, inception
from pictures import class_folders
from project import ROOT, Project, small_study, stand_in_for_apptainer

SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))
PARTS = ("config", "profiles", "scripts", "workflow")
LOCK = ROOT / "envs" / "chestgan.lock"


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_runs(in_image: Callable, script: str) -> None:
    done = in_image("python", f"/opt/chestgan/scripts/{script}", "--help")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith(f"usage: {script}")


def test_the_image_holds_what_the_lock_pins(in_image: Callable) -> None:
    def pins(text: str) -> set[str]:
        return {line.lower().replace("_", "-") for line in text.split() if "==" in line}

    # these two are the base image's own
    assert pins(in_image("pip", "freeze", "--all", "--exclude", "pip", "--exclude", "wheel").stdout) == pins(
        LOCK.read_text()
    )


def test_the_image_holds_the_project_and_nothing_else_of_its_folder(in_image: Callable) -> None:
    found = in_image("sh", "-c", "cd /opt/chestgan && find * -type f").stdout.split()
    ours = {path.relative_to(ROOT) for part in PARTS for path in (ROOT / part).rglob("*") if path.is_file()}
    beside = {f"containers/{name}" for name in ("place_weights.sh", "weights.sha256")}
    beside |= {f"envs/{name}" for name in ("chestgan.in", "chestgan.lock")}
    assert set(found) == {str(path) for path in ours if "__pycache__" not in path.parts} | beside


@pytest.fixture(scope="module")
def demo(image: str, in_image: Callable, tmp_path_factory) -> Path:
    """Run all of Snakemake in the image, with the project's folder as the only place to write to."""
    folder = Project(tmp_path_factory.mktemp("demo") / "project").folder
    (folder / "config" / "small.yaml").write_text(yaml.safe_dump(small_study()))
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, 12345, 12345)
    options = ("--volume", f"{folder}:{folder}", "--workdir", folder, "--env", f"CHESTGAN_IMAGE={image}")
    snakemake = ("snakemake", "--profile", "profiles/local", "--configfile", "config/small.yaml")
    for arguments in ((), ("--report", "report.html")):
        done = in_image(*snakemake, *arguments, options=options)
        assert done.returncode == 0, done.stdout
    return folder


def test_the_demo_ends_with_its_verdict_and_its_page(demo: Path) -> None:
    assert "test patients" in (demo / "results" / "demo" / "study" / "verdict.txt").read_text()
    assert "study.csv" in (demo / "report.html").read_text()


def test_every_result_names_the_lock_and_the_image(demo: Path, image: str) -> None:
    told = [files.read_json(path)["versions"] for path in demo.rglob("settings.json")]
    told.append(files.read_json(demo / "results" / "demo" / "study" / "study.json")["versions"])
    assert {(one["lock_sha256"], one["image"]) for one in told} == {(files.sha256(LOCK), image)}


def test_the_results_belong_to_the_user(demo: Path) -> None:
    assert {path.stat().st_uid for path in (demo / "results").rglob("*")} == {12345}


def test_each_rule_runs_in_the_image_by_the_engine(image: str, tmp_path: Path, monkeypatch) -> None:
    for name in ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"):
        monkeypatch.setenv(name, podman.environment()[name])
    project = Project(tmp_path / "project")
    # data elsewhere, and two processes that train together
    config = small_study() | {"container_engine": "podman", "gpus": 2, "device": "cpu"}
    config["split_data"] |= {"folder": str(tmp_path / "data"), "metadata": None}
    with_links_elsewhere(class_folders(tmp_path / "data", n_images=24), tmp_path / "store")
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    train = "results/demo/covidgan/seed-0/train"
    done = project.snakemake(f"{train}/generator.safetensors")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(pd.read_csv(project.folder / "results" / "demo" / "split" / "manifest.csv")) == 48
    assert files.read_json(project.folder / train / "settings.json")["versions"]["image"] == image
    assert "2 processes on cpu" in (project.folder / "logs/demo/train_acgan/covidgan-seed-0.log").read_text()


def with_links_elsewhere(folder: Path, store: Path) -> Path:
    """Move the first two images of a folder elsewhere, and leave links to them."""
    store.mkdir()
    for path in sorted(folder.rglob("*.png"))[:2]:
        path.symlink_to(shutil.move(path, store / path.name))
    return folder


def test_each_rule_is_run_by_apptainer_with_what_it_needs(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    config = small_study()
    data = with_links_elsewhere(class_folders(tmp_path / "data", n_images=24), tmp_path / "store")
    config["split_data"] |= {"folder": str(data), "metadata": None}
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    (project.folder / "containers" / "chestgan.sif").touch()
    (project.folder / "containers" / "chestgan.sif.sha256").write_text("c0ffee  chestgan.sif\n")
    programs = stand_in_for_apptainer(tmp_path / "bin")
    in_image = ("results/demo/split/images.npy", "--software-deployment-method", "apptainer")
    done = project.snakemake(*in_image, "--apptainer-args=--nv", path=programs)
    assert done.returncode == 0, done.stdout + done.stderr
    call = (programs / "calls").read_text()
    assert re.search(r"^exec .*--nv .*chestgan.sif bash -c .*split_data.py", call, flags=re.DOTALL)
    assert f"image c0ffee; beyond {data},{tmp_path / 'store'}" in call
    split = project.folder / "results" / "demo" / "split"
    assert files.read_json(split / "settings.json")["versions"]["image"] == "c0ffee"


@pytest.mark.parametrize("checksum", [None, "", "\n"])
def test_an_image_file_without_its_checksum_is_refused(checksum: str | None, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(small_study()))
    (project.folder / "containers" / "chestgan.sif").touch()
    if checksum is not None:
        (project.folder / "containers" / "chestgan.sif.sha256").write_text(checksum)
    done = project.snakemake("--sdm", "apptainer", path=stand_in_for_apptainer(tmp_path / "bin"))
    assert done.returncode == 1
    assert "there is no checksum in containers/chestgan.sif.sha256; write it: sha256sum" in done.stdout + done.stderr
    assert not (project.folder / "data").exists()


def test_a_path_that_a_container_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    config = small_study()
    config["split_data"] |= {"folder": str(class_folders(tmp_path / "one, two", 24)), "metadata": None}
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    done = project.snakemake("--sdm", "apptainer", path=stand_in_for_apptainer(tmp_path / "bin"))
    assert done.returncode == 1
    assert "one, two can't be shown to a container: its name has a comma or a colon" in done.stdout + done.stderr
    assert not (project.folder / "results").exists()


@pytest.mark.parametrize("given", ["", "containers/weights.pth", "elsewhere.pth"])
def test_weights_that_lie_in_the_builds_place_are_the_users(given: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "containers", tmp_path / "containers", ignore=shutil.ignore_patterns("*.sif*"))
    (tmp_path / "containers" / "weights.pth").write_bytes(b"mine")
    (tmp_path / "elsewhere.pth").write_bytes(b"other")
    engine = tmp_path / "podman"
    engine.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    engine.chmod(0o755)
    variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ENGINE": "podman", "INCEPTION_WEIGHTS": given}
    command = [tmp_path / "containers" / "build.sh", "image"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert (tmp_path / "containers" / "weights.pth").read_bytes() == b"mine"
    if given == "elsewhere.pth":
        assert done.returncode == 1
        assert "error: containers/weights.pth is in the way of INCEPTION_WEIGHTS=elsewhere.pth" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert "--build-arg INCEPTION_WEIGHTS=containers/weights.pth ." in (tmp_path / "calls").read_text()


def test_an_engine_without_the_image_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "podman"
    empty.write_text("#!/bin/sh\nexit 125\n")
    empty.chmod(0o755)
    project = Project(tmp_path / "project")
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(small_study()))
    done = project.snakemake("--config", "container_engine=podman", path=tmp_path)
    assert done.returncode == 1
    assert "podman has no image chestgan here; `make image` builds it" in done.stdout + done.stderr
    assert not (project.folder / "data").exists()


def test_the_workflow_runs_without_a_clone(in_image: Callable, tmp_path: Path) -> None:
    shutil.chown(tmp_path, 12345, 12345)
    places = ["--snakefile", "workflow/Snakefile", "--profile", "profiles/local", "--configfile", "config/config.yaml"]
    command = [f"/opt/chestgan/{word}" if "/" in word else word for word in places]
    options = ("--volume", f"{tmp_path}:{tmp_path}", "--workdir", tmp_path)
    done = in_image("snakemake", *command, "--until", "split_data", options=options)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "results" / "demo" / "split" / "images.npy").is_file()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve a folder without a word."""

    def log_message(self, *arguments: object) -> None:
        pass


class TestWeights:
    """What goes into the image is what weights.sha256 says."""

    @pytest.fixture
    def context(self, image: str, tmp_path: Path) -> Path:
        """Copy what a build sees."""
        for part in (*PARTS, "containers", "envs"):
            shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.sif"))
        return tmp_path

    def build(self, context: Path, *arguments: str) -> subprocess.CompletedProcess:
        """Build the stage that checks the weights."""
        command = ["podman", "build", "--no-cache", "--target", "project", "--file", "containers/Dockerfile"]
        return podman.run(*command, *arguments, ".", cwd=context)

    def test_the_checksums_are_those_that_the_features_are_checked_by(self) -> None:
        assert (ROOT / "containers" / "weights.sha256").read_text().split() == [
            *(inception.SHA256, inception.FILE),
            *(efficientnet.SHA256, efficientnet.FILE),
        ]

    def test_without_inception_weights_it_builds_and_says_what_fid_will_want(self, context: Path) -> None:
        done = self.build(context)
        assert done.returncode == 0, done.stdout
        assert "the extractor fid will want --inception-weights" in done.stdout

    @pytest.mark.parametrize("given", ["a path", "an address"])
    def test_other_inception_weights_are_refused(self, context: Path, given: str) -> None:
        (context / "containers" / "weights.pth").write_bytes(b"others")
        place = "containers/weights.pth"
        with http.server.HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=context)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            if given == "an address":
                place = f"http://127.0.0.1:{server.server_port}/{place}"
            done = self.build(context, "--build-arg", f"INCEPTION_WEIGHTS={place}")
            server.shutdown()
        assert done.returncode != 0
        assert re.search(rf"hold 6 bytes with sha256 \w{{64}}; expected {inception.SHA256}", done.stdout)

    def test_the_right_ones_lie_where_compute_fid_looks(self, context: Path) -> None:
        weights, sums = context / "containers" / "weights.pth", context / "containers" / "weights.sha256"
        weights.write_bytes(b"right")
        weights.chmod(0o600)
        sums.write_text(sums.read_text().replace(inception.SHA256, files.sha256(weights)))
        done = self.build(context, "--build-arg", "INCEPTION_WEIGHTS=containers/weights.pth", "--tag", "with-weights")
        assert done.returncode == 0, done.stdout
        path = f"/opt/chestgan/weights/{inception.FILE}"
        assert podman.run("podman", "run", "--rm", "--user", "12345", "with-weights", "cat", path).stdout == "right"
        podman.run("podman", "rmi", "with-weights")

    def test_a_damaged_package_is_refused(self, image: str) -> None:
        damage = f'echo >> "$(find / -name {efficientnet.FILE})"; sh /opt/chestgan/containers/place_weights.sh'
        done = podman.run("podman", "run", "--rm", "--network", "none", image, "sh", "-c", damage)
        assert done.returncode == 1
        assert f"expected {efficientnet.SHA256}" in done.stdout

    def test_a_path_that_isnt_there_is_told(self, image: str) -> None:
        done = podman.run("make", "image", "ENGINE=podman", "INCEPTION_WEIGHTS=/no/file", cwd=ROOT)
        assert "error: INCEPTION_WEIGHTS=/no/file can't be read" in done.stdout


@pytest.mark.parametrize(
    ("target", "message"), [("image", r"no engine works here; tried: nothing"), ("sif", "apptainer isn't on the PATH")]
)
def test_without_an_engine_make_says_what_to_do(target: str, message: str, tmp_path: Path) -> None:
    # as on a machine without apptainer, whether there is one here or not
    for program in ("bash", "make", "dirname", "rm"):
        (tmp_path / program).symlink_to(shutil.which(program))
    command = ["make", "--file", ROOT / "Makefile", "--directory", ROOT, target, "ENGINE=nothing"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"error: {message}" in done.stderr


def test_the_apptainer_image_runs_the_scripts(tmp_path: Path) -> None:
    if shutil.which("apptainer") is None:
        pytest.skip("needs apptainer")
    sif = tmp_path / "chestgan.sif"
    subprocess.run(["apptainer", "build", sif, "containers/apptainer.def"], cwd=ROOT, check=True)
    for script in SCRIPTS:
        command = ["apptainer", "exec", "--cleanenv", sif, "python", f"/opt/chestgan/scripts/{script}", "--help"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"usage: {script}")
