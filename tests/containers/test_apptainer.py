"""A real Apptainer: `make sif` and the small study in what it makes, by ordinary users of an odd machine."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

import apptainer
import podman
from chestgan.base import files, release
from pictures import class_folders, with_links_elsewhere
from project import ROOT, Project, small_study

USER, OTHER = apptainer.USERS
LOCK = ROOT / "envs" / "chestgan.lock"


@pytest.fixture(scope="module")
def local(image: str) -> Iterator[Path]:
    """Show what the built image has in /usr/local: gigabytes that needn't be installed and packed once more."""
    apptainer.require()
    yield Path(podman.run("podman", "image", "mount", image).stdout.strip()) / "usr" / "local"
    podman.run("podman", "image", "unmount", image)


@pytest.fixture(scope="module")
def sif(local: Path, open_folder: Path) -> Path:
    """Make the image file by the definition, on a base from an archive, for there is no registry here."""
    project = Project(open_folder / "build").folder
    shutil.copy(ROOT / "LICENSE", project)
    definition = project / "containers" / "apptainer.def"
    definition.write_text(definition.read_text().replace("Bootstrap: docker\n", "Bootstrap: docker-archive\n"))
    podman.run("podman", "save", "--quiet", "--output", open_folder / "base.tar", podman.BASE)
    (open_folder / "base.tar").chmod(0o644)
    given_to(USER, project)
    programs = apptainer.program(open_folder / "builder", local)
    done = apptainer.run(
        programs, "make", "--file", ROOT / "Makefile", "sif", f"BASE={open_folder}/base.tar", cwd=project
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return project / "containers" / "chestgan.sif"


def given_to(user: int, folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user, user)


def test_make_sif_makes_the_image_and_its_checksum(sif: Path, local: Path, open_folder: Path) -> None:
    assert Path(f"{sif}.sha256").read_text() == f"{files.sha256(sif)}  chestgan.sif\n"
    programs = apptainer.program(open_folder / "inspector", local)
    labels = apptainer.run(programs, "apptainer", "inspect", sif).stdout
    assert f"org.opencontainers.image.version: {release.VERSION}\n" in labels
    look = "cat /usr/chestgan.lock; find /opt/chestgan -name '*.yaml' -o -name '*.json'"
    inside = apptainer.run(programs, "apptainer", "exec", sif, "sh", "-c", look).stdout
    assert LOCK.read_text() in inside
    assert set(re.findall(r"^/opt/chestgan/((?:config|profiles).*|sbom.*)$", inside, flags=re.MULTILINE)) == {
        "config/config.yaml",
        "profiles/local/config.yaml",
        "sbom.cdx.json",
    }


def test_two_users_of_a_node_have_caches_of_their_own(sif: Path, local: Path, open_folder: Path) -> None:
    draw = "import os, matplotlib.pyplot, matplotlib; print(os.getuid(), matplotlib.get_cachedir())"
    for user in apptainer.USERS:
        programs = apptainer.program(open_folder / f"of-{user}", local, user, "unset USER")
        done = apptainer.run(programs, "apptainer", "exec", sif, "python", "-c", draw, cwd="/")
        assert done.stdout.splitlines()[-1] == f"{user} /tmp/chestgan-{user}/matplotlib"
        assert "not a writable directory" not in done.stdout
        shutil.rmtree(f"/tmp/chestgan-{user}")


def test_the_study_is_the_same_as_outside_whatever_the_host_has_set(
    sif: Path, local: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Snakemake, which runs as another user here, shows its own cache to the containers
    monkeypatch.setenv("XDG_CACHE_HOME", str(open_folder / "cache"))
    data = with_links_elsewhere(class_folders(open_folder / "my data", n_images=24), open_folder / "store")
    inside, outside = Project(open_folder / "project"), Project(open_folder / "outside")
    config = small_study()
    config["split_data"] |= {"folder": str(data), "metadata": None}
    config["generators"] = {"covidgan": config["generators"]["covidgan"]}
    config["arms"] = {name: config["arms"][name] for name in ("real", "real_synthetic")}
    for project in (inside, outside):
        (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    for path in (sif, Path(f"{sif}.sha256")):
        (inside.folder / "containers" / path.name).hardlink_to(path)
    given_to(USER, inside.folder)
    (open_folder / "of-the-host").mkdir()
    (open_folder / "of-the-host" / "numpy.py").write_text("raise SystemExit('the numpy of the host')\n")
    hostile = f"export PYTHONHOME=/nowhere PYTHONPATH={open_folder}/of-the-host; unset USER"
    programs = apptainer.program(open_folder / "bin", local, environment=hostile)
    options = ("--sdm", "apptainer", "--apptainer-args", "--nv --env PYTHONNOUSERSITE=1")
    done = inside.snakemake(*options, path=programs)
    assert done.returncode == 0, done.stdout + done.stderr
    results = inside.folder / "results" / "demo"
    told = [files.read_json(path)["versions"] for path in results.rglob("settings.json")]
    assert {(one["lock_sha256"], one["image"]) for one in told} == {(files.sha256(LOCK), files.sha256(sif))}
    assert "patients" in (results / "study" / "verdict.txt").read_text()
    assert {path.stat().st_uid for path in results.rglob("settings.json")} == {USER}
    split = "results/demo/split/manifest.csv"
    done = outside.snakemake(split)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(pd.read_csv(inside.folder / split)) == 48
    assert (inside.folder / split).read_bytes() == (outside.folder / split).read_bytes()
