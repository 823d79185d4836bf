"""A real Apptainer on a machine whose Debian has none: Debian sid's, in a tree of its own, run by ordinary users.

A tree of sid's packages becomes the root of each call's own mount namespace, with this machine's files in it at their
own paths, and the call goes on as an ordinary user, whom Apptainer is made for.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import podman

TREE = podman.CACHE / "sid"
PACKAGES = "apptainer,squashfuse,fuse3"
USERS = (12345, 12346)
HERE = {"usr", "bin", "sbin", "lib", "lib64", "etc", "var", "home", "lost+found"}

ENTER = """#!/usr/bin/env bash
# apptainer, as user USER_OF_TEST; /usr/local of an image is that of a built one, so that it needn't be packed
exec unshare --mount bash -c '
set -e
tree={tree} here=$PWD
mount --rbind $tree $tree
for folder in {folders}; do
    mkdir -p $tree$folder
    mount --rbind $folder $tree$folder
done
mount --bind $tree/fuse $tree/dev/fuse
[ -z "{local}" ] || mount --bind "{local}" $tree/packed
cd $tree
pivot_root . old
umount --lazy /old
cd "$here"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -z "{local}" ] || export APPTAINER_BIND="${{APPTAINER_BIND:+$APPTAINER_BIND,}}/packed:/usr/local:ro"
{environment}
exec setpriv --reuid={user} --regid={user} --clear-groups apptainer "$@"
' apptainer "$@"
"""


def require() -> None:
    """Skip where there can be no such tree."""
    podman.require()
    if not podman.debian_sources():
        pytest.skip("needs Debian's package sources to install Apptainer")
    if not (TREE / "usr/bin/apptainer").is_file():
        make_tree()


def make_tree() -> None:
    """Install Debian sid's Apptainer beside this machine's own packages, from where those come from."""
    (source,) = {line for line in podman.debian_sources() if line.split()[2] == "bookworm"}
    partial = TREE.with_name("sid.partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = ["mmdebstrap", "--variant=minbase", "--mode=root", f"--aptopt={podman.apt_settings()}"]
    command += [f"--include={PACKAGES}", "sid", partial, source.replace(" bookworm ", " sid ")]
    done = podman.run(*command)
    assert done.returncode == 0, done.stdout[-3000:]
    for user in USERS:
        podman.run("chroot", partial, "useradd", "--create-home", "--uid", user, f"user{user}")
    for name in ("packed", "old"):
        (partial / name).mkdir()
    for name in ("hosts", "resolv.conf", "localtime"):
        (partial / "etc" / name).touch()
    os.mknod(partial / "fuse", 0o020666, os.makedev(10, 229))
    (partial / "fuse").chmod(0o666)
    partial.rename(TREE)


def program(folder: Path, local: Path | None = None, user: int = USERS[0], environment: str = "") -> Path:
    """Make a program `apptainer`.

    Args:
        folder: where; new.
        local: what is shown as /usr/local in each image.
        user: who runs it.
        environment: commands of a shell, for what is odd on the machine that it runs on.

    Returns:
        The folder to put first on the path.
    """
    folders = " ".join(str(path) for path in sorted(Path("/").iterdir()) if path.is_dir() and path.name not in HERE)
    text = ENTER.format(tree=TREE, folders=f"{folders} /var/tmp", local=local or "", user=user, environment=environment)
    folder.mkdir()
    (folder / "apptainer").write_text(text)
    (folder / "apptainer").chmod(0o755)
    return folder


def run(programs: Path, *words: object, **options) -> subprocess.CompletedProcess:
    """Run a command with a program of `program` on the path; stdout and stderr together, as text."""
    variables = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    return podman.run(*words, env=variables, **options)
