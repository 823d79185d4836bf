"""The cluster that the tests share, and a study on it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import cluster
from cluster import Cluster
from laboratory import on_cluster
from project import Project


@pytest.fixture(scope="session", autouse=True)
def slurm() -> Iterator[Cluster]:
    """Start a cluster for all tests of this folder, and stop it after them."""
    if obstacle := cluster.obstacle():
        pytest.skip(obstacle)
    with cluster.running_cluster() as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_left(slurm: Cluster) -> Iterator[None]:
    """Leave no job and no node that is down to the next test."""
    yield
    cluster.output("scancel", "--user", "root")
    for node in cluster.NODES:
        cluster.output("scontrol", "update", f"nodename={node}", "state=resume")
    cluster.wait_for(lambda: not cluster.output("squeue", "--noheader"), "jobs are left")


@pytest.fixture(scope="session")
def data(slurm: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the images of a small study and split them, on this machine."""
    project = on_cluster(tmp_path_factory.mktemp("data"))
    project.profile = "profiles/local"
    assert project.snakemake("split_data").returncode == 0
    return project.folder


@pytest.fixture
def study(data: Path, tmp_path: Path) -> Project:
    """Give a study whose data has been split, and that asks for GPUs and computes on the CPU."""
    project = on_cluster(tmp_path / "study")
    for name in ("data", "results", "logs", ".snakemake"):
        shutil.copytree(data / name, project.folder / name)
    return project
