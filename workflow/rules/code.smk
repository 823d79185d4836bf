# Where the project's code is, which this workflow may be a module of another one to use: beside the rules, or, where they
# come from a repository of Git, in a clone of it at their commit.
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def git(*words):
    """Run Git and return what it says."""
    return subprocess.run(["git", *words], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def project(place):
    """Locate the project's folder.

    Args:
        place: the folder of these rules: a path, or Snakemake's name for one in a repository.
    """
    if isinstance(place, str | os.PathLike):
        return Path(place).parent.parent
    repository = place.repo_path if hasattr(place, "repo_path") else place.hosted_repo.repo_clone
    commit = git("-C", repository, "rev-parse", f"{place.ref}^{{commit}}")
    folder = Path(".snakemake") / "chestgan" / commit
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        clone = tempfile.mkdtemp(dir=folder.parent)
        git("clone", "--quiet", "--no-checkout", str(Path(repository).absolute()), clone)
        git("-C", clone, "checkout", "--quiet", commit)
        try:
            os.rename(clone, folder)
        except OSError:
            # another process made it meanwhile
            shutil.rmtree(clone)
    return folder.absolute()


PROJECT = project(workflow.current_basedir)
SCRIPTS = PROJECT / "scripts"
SCHEMA = PROJECT / "workflow" / "schemas" / "config.schema.json"
sys.path.insert(0, str(SCRIPTS))
