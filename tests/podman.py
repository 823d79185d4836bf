"""Podman on a machine that can pull nothing: a base made from Debian's packages, and the image built on it.

All of it lies in a cache folder, so that a second run builds only what has changed. What is particular to the machine,
such as certificates and package indexes, is asked of it at run time.
"""

import ast
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from project import ROOT

BASE = "localhost/python:3.11-of-debian"
PROGRAMS = ("podman", "runc", "mmdebstrap")
CACHE = Path(os.environ.get("CHESTGAN_TEST_CACHE", "/var/tmp/chestgan-tests")) / "containers"

STORAGE = """
[storage]
driver = "overlay"
graphroot = "{graph}"
runroot = "/run/chestgan-tests"
"""
# "host", for a build has to reach the package index; every test that runs the image cuts its network off
CONTAINERS = """
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
netns = "host"
log_driver = "k8s-file"
default_ulimits = ["nofile=4096:4096", "nproc=8192:8192"]
volumes = {volumes}
"""

# an ordinary user's, whose images are those of root's store; the machine may lack the user and /dev/mqueue
ROOTLESS = """#!/usr/bin/env bash
exec unshare --mount bash -c '
mkdir -p /dev/mqueue
mount -t mqueue mqueue /dev/mqueue
for name in passwd group subuid subgid; do mount --bind {home}/$name /etc/$name; done
export HOME={home} XDG_RUNTIME_DIR={home}/run
export CONTAINERS_CONF={home}/containers.conf CONTAINERS_STORAGE_CONF={home}/storage.conf
exec setpriv --reuid={user} --regid={user} --clear-groups {podman} "$@"
' podman "$@"
"""
OF_ROOTS_STORE = """
[storage]
driver = "overlay"
[storage.options]
additionalimagestores = ["{graph}"]
"""


def require() -> None:
    """Skip where the image can't be built."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}")
    if os.geteuid():
        pytest.skip("only root can make the base image")


def environment(building: bool = False) -> dict[str, str]:
    """Give the environment that Podman runs in: its storage in the cache, and this machine's pip while it builds."""
    volumes = [f"{path}:{target}:ro" for path, target in (pip_mounts() if building else {}).items()]
    containers = CONTAINERS.format(volumes=str(volumes).replace("'", '"'))
    return os.environ | {
        "CONTAINERS_CONF": str(kept("build.conf" if building else "run.conf", containers)),
        "CONTAINERS_STORAGE_CONF": str(kept("storage.conf", STORAGE.format(graph=CACHE / "storage"))),
    }


@contextlib.contextmanager
def rootless(home: Path, user: int) -> Iterator[Path]:
    """Make a program `podman` that runs as an ordinary user, without root's rights and with root's images.

    Args:
        home: the user's home folder; new, and its parents can be entered by anyone.
        user: the number of a user that the machine needn't have.

    Yields:
        The folder to put first on the path.
    """
    if shutil.which("newuidmap") is None:
        pytest.skip("needs newuidmap")
    (home / "run").mkdir(parents=True, mode=0o700)
    for path in (home, home / "run"):
        os.chown(path, user, user)
    (home / "passwd").write_text(f"{Path('/etc/passwd').read_text()}tester:x:{user}:{user}::{home}:/bin/bash\n")
    (home / "group").write_text(f"{Path('/etc/group').read_text()}tester:x:{user}:\n")
    for name in ("subuid", "subgid"):
        (home / name).write_text("tester:200000:65536\n")
    (home / "containers.conf").write_text(CONTAINERS.format(volumes="[]"))
    graph = CACHE / "storage"
    (home / "storage.conf").write_text(OF_ROOTS_STORE.format(graph=graph))
    (home / "bin").mkdir()
    program = home / "bin" / "podman"
    program.write_text(ROOTLESS.format(home=home, user=user, podman=shutil.which("podman")))
    program.chmod(0o755)
    layers = [path for part in ("overlay-images", "overlay-layers") for path in (graph / part).rglob("*")]
    for path in (*layers, *(graph / "overlay").glob("*"), *graph.glob("overlay*"), graph):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    try:
        yield program.parent
    finally:
        graph.chmod(0o700)
        # it holds the user's namespace, and would for ever
        for pause in home.rglob("pause.pid"):
            os.kill(int(pause.read_text()), signal.SIGKILL)


def kept(name: str, content: str) -> Path:
    """Give a file of the cache with this content, untouched where it has it: another Podman may be reading it."""
    path = CACHE / name
    if not path.is_file() or path.read_text() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return path


def run(*command: object, **options: object) -> subprocess.CompletedProcess:
    """Run a command with the image's storage; stdout and stderr together, as text."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "env": environment()} | options
    return subprocess.run([str(word) for word in command], text=True, check=False, **options)


def build() -> str:
    """Build the image as users do, and give its digest."""
    if run("podman", "image", "exists", BASE).returncode:
        make_base()
    done = run("make", "image", "ENGINE=podman", f"BASE={BASE}", cwd=ROOT, env=environment(building=True))
    assert done.returncode == 0, done.stdout[-5000:]
    # what this build has replaced
    run("podman", "image", "prune", "--force")
    return re.findall(r"^chestgan (\w+)$", done.stdout, flags=re.MULTILINE)[-1]


def make_base() -> None:
    """Make a stand-in for Python's slim image from Debian's own Python of that version."""
    sources = debian_sources()
    if not sources:
        pytest.skip("needs Debian 12's package sources to make the base image")
    # as in the real image, `python` and `pip` are in /usr/local/bin and install without a virtual environment
    finish = (
        'ln -s /usr/bin/python3 "$1/usr/local/bin/python"; ln -s /usr/bin/python3 "$1/usr/local/bin/python3"; '
        'ln -s /usr/bin/pip3 "$1/usr/local/bin/pip"; rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED; '
        f'cp {apt_settings()} "$1/etc/apt/apt.conf.d/99host"'
    )
    command = ["mmdebstrap", "--variant=minbase", "--mode=root", f"--customize-hook={finish}"]
    command += ["--include=python3,python3-pip,python3-venv,ca-certificates,netbase,tzdata"]
    command += ["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"]
    with subprocess.Popen([*command, "bookworm", "-", *sources], stdout=subprocess.PIPE) as debian:
        search = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        changes = ["--change", f"ENV {search}", "--change", "ENV LANG=C.UTF-8"]
        done = run("podman", "import", *changes, "-", BASE, stdin=debian.stdout)
    if debian.returncode or done.returncode:
        # half a base would be taken for one the next time
        run("podman", "rmi", "--force", BASE)
        pytest.fail(f"the base image can't be made: mmdebstrap ended with {debian.returncode}; {done.stdout}")


def debian_sources() -> list[str]:
    """List where this machine's apt gets Debian 12's packages, as lines of a sources.list."""
    wanted = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({line for line in lines if line.split()[2].startswith("bookworm") and line.endswith(" main")})


def apt_settings() -> Path:
    """Give a file with this machine's settings of apt: how it reaches Debian's packages."""
    command = ["apt-config", "dump", "Acquire::Check-Valid-Until", "Acquire::Check-Date"]
    return kept("apt.conf", subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def pip_mounts() -> dict[Path, str]:
    """Give what a build needs of this machine's pip: a configuration and the files and folders that it names."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    named = {key: ast.literal_eval(value).split() for key, value in (line.split("=", 1) for line in listed)}
    for bundle in filter(None, map(os.environ.get, ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"))):
        named.setdefault("global.cert", [bundle])
    # ":env:.cert", which pip puts first, comes last here and wins
    settings = {key.rsplit(".", 1)[1]: words for key, words in sorted(named.items(), reverse=True)}
    lines = [f"{key} = {' '.join(words)}\n" for key, words in settings.items()]
    mounts = {kept("pip.conf", "".join(["[global]\n", *lines])): "/etc/pip.conf"}
    for key, words in settings.items():
        for word in words:
            path = Path(word.removeprefix("file://"))
            # an index refers to files beside it
            path = path.parent if key.endswith("index-url") else path
            if path.is_absolute() and path.exists():
                mounts[path] = str(path)
    return mounts
