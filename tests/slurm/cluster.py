"""A real Slurm on this machine: three nodes, four GPUs that are only device files, and an accounting database.

All of it lies in a folder of its own, its configuration too, and nothing of it in the system's places: Slurm's programs
are found through small ones in front of them, which name that configuration and can be made to fail.
"""

import fcntl
import os
import shutil
import signal
import socket
import string
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

TEMPLATES = Path(__file__).parent
ACCOUNT = "laboratory"
NODES = ("cpu1", "gpu1", "gpu2")
DAEMONS = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd")
PROGRAMS = (*DAEMONS, "mariadb-install-db")
COMMANDS = ("sacct", "sacctmgr", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun", "sshare")
# begins the name of a cluster's folder below the system's temporary one
PREFIX = "chestgan-slurm-"


def obstacle() -> str:
    """Say why no cluster can be started here; empty if one can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"Slurm isn't installed: there is no {', '.join(missing)}"
    return "" if os.geteuid() == 0 else "a cluster of its own is started by root alone"


class Cluster:
    """A cluster whose daemons write below the folder `run`."""

    def __init__(self, run: Path) -> None:
        self.run, self.commands = run, run / "bin"
        self.path = os.environ["PATH"]

    def start(self) -> None:
        """Start the daemons, and wait until every node is idle."""
        run, host = self.run, socket.gethostname().split(".")[0]
        folders = ("bin", "broken", "database", "log", "munge", "state", *(f"spool.{node}" for node in NODES))
        for folder in folders:
            (run / folder).mkdir()
        # each daemon's own user writes its pid file and its socket here
        run.chmod(0o777)
        for index in (0, 1):
            os.mknod(run / f"gpu{index}", 0o020666, os.makedev(1, 5))
        resolve(host, *NODES)
        ports = dict(zip(("slurmctld", "slurmdbd", *NODES), free_ports(2 + len(NODES)), strict=True))
        for name in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
            text = string.Template((TEMPLATES / name).read_text()).substitute(run=run, host=host, **ports)
            (run / name).write_text(text)
        (run / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        (run / "slurmdbd.conf").chmod(0o600)
        for path in (run / "slurmdbd.conf", run / "log", run / "state"):
            shutil.chown(path, "slurm")
        self.write_commands()
        os.environ["PATH"] = f"{self.commands}:{self.path}"
        self.start_munge()
        self.start_database()
        self.start_daemon("slurmctld")
        for node in NODES:
            self.start_daemon("slurmd", "-N", node)
        wait_for(lambda: states() == {"idle"}, "the nodes aren't idle")

    def stop(self) -> None:
        """Stop the daemons in the opposite order, whichever of them run."""
        os.environ["PATH"] = self.path
        for name in (*(f"slurmd.{node}" for node in NODES), "slurmctld", "slurmdbd", "mariadbd", "munge/munged"):
            self.end(name)
        self.kill_jobs()

    def kill_jobs(self) -> None:
        """Kill what jobs have left behind: a Snakemake in a job that Slurm has killed may wait for ever."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                variables = process.environ()
                if "SLURM_JOB_ID" in variables and variables.get("SLURM_CONF") == str(self.run / "slurm.conf"):
                    process.kill()

    def write_commands(self) -> None:
        """Write the programs that stand before Slurm's: they name its configuration, and fail on demand.

        In the environment alone it wouldn't do: Snakemake's job step takes SLURM_CONF out of it.
        """
        for name in COMMANDS:
            program = self.commands / name
            program.write_text(
                f"""#!/bin/sh
export SLURM_CONF={self.run}/slurm.conf
[ ! -e {self.run}/broken/{name} ] || exec sh {self.run}/broken/{name} {shutil.which(name)} "$@"
exec {shutil.which(name)} "$@"
"""
            )
            program.chmod(0o755)

    def start_daemon(self, name: str, *flags: str, **environment: str) -> None:
        """Start one of Slurm's daemons."""
        call(name, *flags, environment={"SLURM_CONF": str(self.run / "slurm.conf")} | environment)

    def start_munge(self) -> None:
        """Start what signs Slurm's messages, with a key of its own."""
        folder = self.run / "munge"
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o600)
        for path in (folder, folder / "key"):
            shutil.chown(path, "munge", "munge")
        folder.chmod(0o755)
        files = {
            "socket": "socket",
            "key-file": "key",
            "pid-file": "munged.pid",
            "log-file": "log",
            "seed-file": "seed",
        }
        flags = [f"--{flag}={folder / name}" for flag, name in files.items()]
        call("runuser", "--user", "munge", "--", "munged", "--force", *flags)

    def start_database(self) -> None:
        """Start a database and the daemon of accounting on it, with one account that root may use."""
        folder, socket_file = self.run / "database", self.run / "mariadbd.sock"
        shutil.chown(folder, "mysql")
        install = ["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={folder}", "--skip-test-db"]
        call(*install, "--auth-root-authentication-method=socket")
        files = [f"--datadir={folder}", f"--socket={socket_file}", f"--pid-file={self.run}/mariadbd.pid"]
        with (self.run / "log" / "mariadbd.log").open("w") as log:
            command = ["setsid", "--fork", "mariadbd", "--no-defaults", "--user=mysql", *files, "--skip-networking"]
            subprocess.run(command, stdout=log, stderr=log, check=True)
        client = ["mariadb", "--no-defaults", f"--socket={socket_file}", "--execute"]
        wait_for(lambda: subprocess.run([*client, "select 1"], capture_output=True).returncode == 0, "no database")
        call(*client, "create user slurm@localhost identified by 'slurm'; grant all on slurm.* to slurm@localhost")
        self.start_accounting()
        manager = ["sacctmgr", "--immediate"]
        call(*manager, "add", "cluster", "chestgan")
        call(*manager, "add", "account", ACCOUNT)
        call(*manager, "add", "user", "root", f"account={ACCOUNT}")

    def start_accounting(self) -> None:
        """Start the daemon of accounting, and wait until it answers."""
        environment = {"MYSQL_UNIX_PORT": str(self.run / "mariadbd.sock"), "SLURM_CONF": str(self.run / "slurm.conf")}
        call("runuser", "--user", "slurm", "--", "slurmdbd", environment=environment)
        show = [self.commands / "sacctmgr", "show", "cluster"]
        wait_for(lambda: subprocess.run(show, capture_output=True).returncode == 0, "no slurmdbd")

    def end(self, daemon: str, signal_number: signal.Signals = signal.SIGTERM) -> None:
        """End a daemon and wait until it has; nothing where it doesn't run."""
        file = self.run / f"{daemon}.pid"
        pid = int(file.read_text() or 0) if file.is_file() else 0
        if running(pid) in DAEMONS:
            with suppress(ProcessLookupError):
                os.kill(pid, signal_number)
            wait_for(lambda: running(pid) not in DAEMONS, f"{daemon} doesn't end")
        file.unlink(missing_ok=True)

    @contextmanager
    def broken(self, command: str, script: str) -> Iterator[None]:
        """Run a script of the shell in the place of one of Slurm's commands; its arguments are the command's."""
        file = self.run / "broken" / command
        file.with_suffix(".new").write_text(script)
        file.with_suffix(".new").rename(file)
        try:
            yield
        finally:
            file.unlink()


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster and stop it in the end; sweep first what sessions left behind that were killed."""
    sweep()
    # not among pytest's own folders, which it closes to the daemons' users
    run = Path(tempfile.mkdtemp(prefix=PREFIX))
    cluster = Cluster(run)
    # held as long as this process lives, whatever ends it; the daemons don't inherit it
    with (run / "session").open("w") as session:
        fcntl.flock(session, fcntl.LOCK_EX)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
            shutil.rmtree(run)


def sweep() -> None:
    """Stop the daemons of sessions that were killed, and remove their folders."""
    for run in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), (run / "session").open() as session:
            fcntl.flock(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Cluster(run).stop()
            shutil.rmtree(run)


def states() -> set[str]:
    """Give the states that nodes are in."""
    return set(output("sinfo", "--noheader", "--Node", "--format", "%T").split())


def output(*command: str) -> str:
    """Run a command and give what it prints; nothing if it fails."""
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False).stdout.strip()


def call(*command: str, environment: dict[str, str] | None = None) -> None:
    """Run a command that has to succeed."""
    done = subprocess.run(
        command, env=os.environ | (environment or {}), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"


def free_ports(count: int) -> list[int]:
    """Find ports that nothing listens at."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


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


def running(pid: int) -> str:
    """Give the name of the program that a process runs; nothing if it has ended."""
    try:
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    except OSError:
        return ""
    # a process that nobody waits for stays as a zombie
    return "" if status["State"].startswith("Z") else status["Name"]


def wait_for(condition: Callable[[], bool], otherwise: str, seconds: float = 600.0) -> None:
    """Wait until a condition holds; fail where it never does, however busy the machine is."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
