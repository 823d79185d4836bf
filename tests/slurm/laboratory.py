"""A laboratory that uses the cluster: its copy of the project, its profile, its study."""

from pathlib import Path

import yaml

import cluster
from project import Project, small_study


def on_cluster(folder: Path) -> Project:
    """Give the project with the small study, and its profile edited as a site does it."""
    folder.mkdir(exist_ok=True)
    project = Project(folder, profile="slurm")
    write_config(project, small_study() | {"gpus": 1, "device": "cpu"})
    file = project.folder / "slurm" / "config.yaml"
    file.write_text(site_profile(file))
    return project


def site_profile(file: Path) -> str:
    """Edit the profile for Slurm as a site does it, with looks at the queue that come sooner."""
    profile = yaml.safe_load(file.read_text())
    profile["default-resources"]["slurm_account"] = cluster.ACCOUNT
    profile["slurm-init-seconds-before-status-checks"] = 2
    # there is no Apptainer here
    del profile["software-deployment-method"], profile["apptainer-args"]
    return yaml.safe_dump(profile)


def read_profile(project: Project) -> dict:
    """Read the profile for Slurm."""
    return yaml.safe_load((project.folder / "slurm" / "config.yaml").read_text())


def write_profile(project: Project, profile: dict) -> None:
    """Write the profile for Slurm."""
    (project.folder / "slurm" / "config.yaml").write_text(yaml.safe_dump(profile))


def write_config(project: Project, config: dict) -> None:
    """Write the small study's configuration."""
    (project.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
