"""The version is the one that citations name, and the commit that of the clone."""

import shutil
import subprocess

import yaml

from chestgan.base import release
from project import ROOT


def test_the_version_and_licence_are_those_of_the_citation():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (cited["version"], cited["license"]) == (release.VERSION, release.LICENCE)


def test_a_clone_has_a_commit_and_a_plus_where_it_was_changed(tmp_path, monkeypatch):
    shutil.copy(release.__file__, tmp_path / "release.py")
    monkeypatch.setattr(release, "__file__", str(tmp_path / "release.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert release.commit() is None
    named = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "--quiet"], ["add", "."], [*named, "commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    digest = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert release.commit() == digest.stdout.strip()
    (tmp_path / "release.py").write_text("changed")
    assert release.commit() == f"{digest.stdout.strip()}+"
