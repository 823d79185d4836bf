"""The image, really built: each script and the whole demo in it, as any user, without a network and capabilities."""

import contextlib
import http.server
import json
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
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import podman
from chestgan.base import files, release
from chestgan.metrics import efficientnet, inception
from pictures import class_folders, with_links_elsewhere
from project import ROOT, Project, small_study, stand_in_for_apptainer

SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))
PARTS = ("config/config.yaml", "profiles/local", "scripts", "workflow")
LOCK = ROOT / "envs" / "chestgan.lock"


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_runs(in_image: Callable, script: str) -> None:
    done = in_image("python", f"/opt/chestgan/scripts/{script}", "--help")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith(f"usage: {script}")


def pins(text: str) -> dict[str, str]:
    """Give the versions of the packages in a lock or in a list of what is installed, of those for this platform."""
    rows = [Requirement(row) for row in re.findall(r"^[\w.-]+==[^\\\n]*", text, flags=re.MULTILINE)]
    return {canonicalize_name(row.name): str(row.specifier) for row in rows if not row.marker or row.marker.evaluate()}


def test_the_image_holds_what_the_lock_pins(in_image: Callable) -> None:
    # these two are the base image's own
    installed = in_image("pip", "freeze", "--all", "--exclude", "pip", "--exclude", "wheel").stdout
    assert pins(installed) == pins(LOCK.read_text())


def test_the_image_holds_the_project_and_nothing_else_of_its_folder(in_image: Callable) -> None:
    found = in_image("sh", "-c", "cd /opt/chestgan && find * -type f").stdout.split()
    ours = {path.relative_to(ROOT) for part in PARTS for path in [ROOT / part, *(ROOT / part).rglob("*")]}
    beside = {f"containers/{name}" for name in ("install.sh", "make_sbom.py", "place_weights.sh", "weights.sha256")}
    beside |= {"LICENSE", "envs/chestgan.in", "envs/chestgan.lock", "sbom.cdx.json"}
    files_of_ours = {str(path) for path in ours if (ROOT / path).is_file() and "__pycache__" not in path.parts}
    assert set(found) == files_of_ours | beside


def test_the_image_says_what_it_is_and_runs_as_nobody(image: str) -> None:
    told = json.loads(podman.run("podman", "image", "inspect", image).stdout)[0]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in told["Labels"].items()}
    assert (labels["title"], labels["version"], labels["licenses"]) == ("Chestgan", release.VERSION, "MIT")
    assert labels["base.name"] == podman.BASE
    assert re.fullmatch(r"[0-9a-f]{40}\+?", labels["revision"])
    assert told["User"] == "10001:10001"
    # a change of the scripts, or of what is small, sends no gigabytes
    assert len(told["RootFS"]["Layers"]) > 4


def test_the_bill_of_materials_lists_what_is_installed(in_image: Callable) -> None:
    bill = json.loads(in_image("cat", "/opt/chestgan/sbom.cdx.json").stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert {"name": "chestgan:lock_sha256", "value": files.sha256(LOCK)} in bill["metadata"]["properties"]
    listed = {row["purl"]: row for row in bill["components"]}
    locked = {f"pkg:pypi/{name}@{version.lstrip('=')}" for name, version in pins(LOCK.read_text()).items()}
    assert locked < listed.keys()
    torch = next(row for purl, row in listed.items() if purl.startswith("pkg:pypi/torch@"))
    checksums = [row["value"] for row in torch["properties"]]
    assert checksums
    assert all(f"--hash=sha256:{checksum}" in LOCK.read_text() for checksum in checksums)
    assert any(purl.startswith("pkg:deb/debian/libibverbs1@") for purl in listed)


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


@pytest.mark.parametrize("user", [0, 12345])
def test_each_rule_runs_in_the_image_by_the_engine(image: str, user: int, open_folder: Path, monkeypatch) -> None:
    folder = open_folder / f"engine-{user}"
    project = Project(folder / "project")
    # data elsewhere, and two processes that train together
    config = small_study() | {"container_engine": "podman", "gpus": 2, "device": "cpu"}
    config["split_data"] |= {"folder": str(folder / "data"), "metadata": None}
    with_links_elsewhere(class_folders(folder / "data", n_images=24), folder / "store")
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    for path in (project.folder, *project.folder.rglob("*")):
        shutil.chown(path, user, user)
    train = "results/demo/covidgan/seed-0/train"
    with contextlib.ExitStack() as stack:
        if user:
            programs = stack.enter_context(podman.rootless(folder / "home", user))
        else:
            programs = folder
            for name in ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"):
                monkeypatch.setenv(name, podman.environment()[name])
        done = project.snakemake(f"{train}/generator.safetensors", path=programs)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(pd.read_csv(project.folder / "results" / "demo" / "split" / "manifest.csv")) == 48
    assert files.read_json(project.folder / train / "settings.json")["versions"]["image"] == image
    assert "2 processes on cpu" in (project.folder / "logs/demo/train_acgan/covidgan-seed-0.log").read_text()
    assert (project.folder / train / "settings.json").stat().st_uid == user


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
    checked = in_image("python", "/opt/chestgan/scripts/check_setup.py", *command[2:], options=options)
    assert re.search(r"^fine +lock: this environment was made from chestgan.lock", checked.stdout, re.MULTILINE)
    assert re.search(r"^fine +packages: ", checked.stdout, re.MULTILINE)
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
        for part in ("config", "containers", "envs", "profiles", "scripts", "workflow"):
            shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.sif"))
        shutil.copy(ROOT / "LICENSE", tmp_path)
        shutil.copy(ROOT / ".dockerignore", tmp_path)
        return tmp_path

    def build(self, context: Path, *arguments: str) -> subprocess.CompletedProcess:
        """Build the stage that checks the weights."""
        command = ["podman", "build", "--no-cache", "--target", "project", "--file", "containers/Dockerfile"]
        command += ["--build-arg", f"BASE={podman.BASE}"]
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
        done = podman.run("podman", "run", "--rm", "--network", "none", "--user", "0", image, "sh", "-c", damage)
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
