"""A real Slurm on this machine: three nodes, four GPUs that are only device files, and an accounting database."""

import os
import shutil
import signal
import socket
import string
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

TEMPLATES = Path(__file__).parent
# the job step of Snakemake's plugin takes SLURM_CONF out of the environment, so it has to be the system's own place
SYSTEM = Path("/etc/slurm")
MARK = "Made by Chestgan's tests"
ACCOUNT = "laboratory"
NODES = ("cpu1", "gpu1", "gpu2")
PROGRAMS = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd", "mariadb-install-db")


def obstacle() -> str:
    """Say why no cluster can be started here; empty if one can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"Slurm isn't installed: there is no {', '.join(missing)}"
    if os.geteuid() != 0:
        return "a cluster of its own is started by root alone"
    config = SYSTEM / "slurm.conf"
    if config.exists() and MARK not in config.read_text():
        return f"{config} is of another cluster, and is left as it is"
    return ""


def start(run: Path) -> None:
    """Start the daemons with all that they write below `run`, and wait until every node is idle."""
    names = {"run": run, "host": socket.gethostname().split(".")[0]}
    for folder in ("log", "state", "database", *(f"spool.{node}" for node in NODES)):
        (run / folder).mkdir(parents=True)
    # each daemon's own user writes its pid file and its socket here
    run.chmod(0o777)
    for index in (0, 1):
        os.mknod(run / f"gpu{index}", 0o020666, os.makedev(1, 5))
    resolve(names["host"], *NODES)
    SYSTEM.mkdir(exist_ok=True)
    for name in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
        (SYSTEM / name).write_text(string.Template((TEMPLATES / name).read_text()).substitute(names))
    (SYSTEM / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    (SYSTEM / "slurmdbd.conf").chmod(0o600)
    for path in (SYSTEM / "slurmdbd.conf", run / "log", run / "state"):
        shutil.chown(path, "slurm")
    start_munge()
    start_database(run)
    call("slurmctld")
    for node in NODES:
        call("slurmd", "-N", node)
    wait_for(lambda: states() == {"idle"}, "the nodes aren't idle")


def stop(run: Path) -> None:
    """Cancel what runs, and stop the daemons in the opposite order."""
    subprocess.run(["scancel", "--user", "root"], timeout=20, check=False)
    names = [*(f"slurmd.{node}" for node in NODES), "slurmctld", "slurmdbd", "mariadbd"]
    for pid_file in (run / f"{name}.pid" for name in names):
        if pid_file.is_file():
            end(int(pid_file.read_text()))
    for name in ("slurm.conf", "gres.conf", "slurmdbd.conf", "cgroup.conf"):
        (SYSTEM / name).unlink(missing_ok=True)


def start_munge() -> None:
    """Start what signs Slurm's messages, unless it runs already."""
    if subprocess.run(["munge", "--no-input"], capture_output=True, check=False).returncode == 0:
        return
    Path("/run/munge").mkdir(exist_ok=True)
    shutil.chown("/run/munge", "munge", "munge")
    call("runuser", "--user", "munge", "--", "munged", "--force", "--log-file=/var/log/munge/munged.log")


def start_database(run: Path) -> None:
    """Start a database and the daemon of accounting on it, with one account that root may use."""
    folder, socket_file = run / "database", run / "mariadbd.sock"
    shutil.chown(folder, "mysql")
    install = ["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={folder}", "--skip-test-db"]
    call(*install, "--auth-root-authentication-method=socket")
    options = [f"--datadir={folder}", f"--socket={socket_file}", f"--pid-file={run}/mariadbd.pid", "--skip-networking"]
    with (run / "log" / "mariadbd.log").open("w") as log:
        command = ["setsid", "--fork", "mariadbd", "--no-defaults", "--user=mysql", *options]
        subprocess.run(command, stdout=log, stderr=log, check=True)
    client = ["mariadb", "--no-defaults", f"--socket={socket_file}", "--execute"]
    wait_for(lambda: subprocess.run([*client, "select 1"], capture_output=True).returncode == 0, "no database")
    call(*client, "create user slurm@localhost identified by 'slurm'; grant all on slurm.* to slurm@localhost")
    call("runuser", "--user", "slurm", "--", "slurmdbd", environment={"MYSQL_UNIX_PORT": str(socket_file)})
    manager = ["sacctmgr", "--immediate"]
    wait_for(lambda: subprocess.run([*manager, "show", "cluster"], capture_output=True).returncode == 0, "no slurmdbd")
    call(*manager, "add", "cluster", "chestgan")
    call(*manager, "add", "account", ACCOUNT)
    call(*manager, "add", "user", "root", f"account={ACCOUNT}")


def states() -> set[str]:
    """Give the states that nodes are in."""
    return set(output("sinfo", "--noheader", "--Node", "--format", "%T").split())


def output(*command: str) -> str:
    """Run a command and give what it prints; nothing if it fails."""
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.strip()


def call(*command: str, environment: dict[str, str] | None = None) -> None:
    """Run a command that has to succeed."""
    done = subprocess.run(
        command, env=os.environ | (environment or {}), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"


def resolve(*names: str) -> None:
    """Let the names of the nodes mean this machine."""
    hosts = Path("/etc/hosts")
    lines = [f"127.0.0.1 {name}\n" for name in names if not can_resolve(name)]
    hosts.write_text(hosts.read_text() + "".join(lines))


def can_resolve(name: str) -> bool:
    """Say whether a name has an address."""
    try:
        socket.gethostbyname(name)
    except OSError:
        return False
    return True


def end(pid: int) -> None:
    """Terminate a process and wait for its end."""
    try:
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), f"process {pid} doesn't end")
    except ProcessLookupError:
        pass


def wait_for(condition: Callable[[], bool], otherwise: str, seconds: float = 60.0) -> None:
    """Wait until a condition holds; fail where it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
