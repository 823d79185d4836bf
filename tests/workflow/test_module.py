"""The workflow where others keep theirs: as a module from a clone and from Git, in the catalog, released by a tag."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chestgan.base import release
from project import PROGRAMS, ROOT, Project, small_study

MODULE = """
configfile: "config.yaml"

module chestgan:
    snakefile: {snakefile}
    config: config

use rule * from chestgan
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a repository of Git with this project at a tag."""
    folder = Project(tmp_path_factory.mktemp("repository")).folder
    named = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "--quiet"], ["add", "."], [*named, "commit", "--quiet", "-m", "first"], ["tag", "v1"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def snakemake(folder: Path, snakefile: str, *arguments: str) -> str:
    """Run Snakemake in a folder that holds a configuration and a workflow with this one as a module."""
    (folder / "config.yaml").write_text(yaml.safe_dump(small_study()))
    (folder / "Snakefile").write_text(MODULE.format(snakefile=snakefile))
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    environment = {"PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_clone_is_planned_as_a_module_of_an_empty_folder(repository: Path, tmp_path: Path) -> None:
    told = snakemake(tmp_path, repr(f"{repository}/workflow/Snakefile"), "--dry-run")
    assert re.search(r"^train_acgan +2$", told, flags=re.MULTILINE)


def test_a_tag_of_a_repository_comes_to_the_verdict_as_a_module_of_an_empty_folder(repository, tmp_path: Path) -> None:
    told = snakemake(tmp_path, f'gitfile("{repository}", path="workflow/Snakefile", tag="v1")')
    verdict = (tmp_path / "results" / "demo" / "study" / "verdict.txt").read_text()
    assert verdict in told
    verify = [sys.executable, repository / "workflow" / "verify.py", "config.yaml"]
    assert subprocess.run(verify, cwd=tmp_path, check=False).returncode == 0


def test_the_catalog_finds_what_it_asks_for() -> None:
    # https://snakemake.github.io/snakemake-workflow-catalog/docs/catalog.html: what a standardised workflow has
    assert (ROOT / "workflow" / "Snakefile").is_file()
    assert (ROOT / "config" / "README.md").is_file()
    assert list((ROOT / "workflow" / "rules").glob("*.smk"))
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    assert usage["software-stack-deployment"] == {"conda": False, "apptainer": True, "apptainer+conda": False}
    assert 'report: "report/workflow.rst"' in (ROOT / "workflow" / "Snakefile").read_text()


def test_every_release_has_its_section_in_the_changelog() -> None:
    headings = re.findall(r"^## (\d+\.\d+\.\d+), (.+)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert headings[0][0] == release.VERSION
    tags = subprocess.run(["git", "tag", "--list", "v*"], cwd=ROOT, capture_output=True, text=True, check=False)
    for tag in tags.stdout.split():
        date = dict(headings)[tag.removeprefix("v")]
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", date), f"{tag} is released, and the changelog says {date}"
