"""The tests' own cluster leaves nothing behind, even where its session was killed."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import cluster
from cluster import Cluster


@pytest.fixture
def left() -> Iterator[Cluster]:
    """Start a daemon in a folder as a session does."""
    made = Cluster(Path(tempfile.mkdtemp(prefix=cluster.PREFIX)))
    made.run.chmod(0o755)
    (made.run / "munge").mkdir()
    (made.run / "session").touch()
    made.start_munge()
    yield made
    made.stop()
    shutil.rmtree(made.run, ignore_errors=True)


def test_a_killed_sessions_daemons_and_folder_are_swept(left: Cluster) -> None:
    pid = int((left.run / "munge" / "munged.pid").read_text())
    with (left.run / "session").open() as session:
        fcntl.flock(session, fcntl.LOCK_EX)
        cluster.sweep()
        assert cluster.running(pid) == "munged"
    cluster.sweep()
    assert cluster.running(pid) == ""
    assert not left.run.exists()


def test_a_process_that_took_over_a_daemons_number_is_left_alone(left: Cluster) -> None:
    left.end("munge/munged")
    (left.run / "munge" / "munged.pid").write_text("1")
    left.end("munge/munged")
    assert cluster.running(1)


def test_its_configuration_lies_in_its_own_folder(slurm: Cluster) -> None:
    (line,) = [line for line in cluster.output("scontrol", "show", "config").splitlines() if "SLURM_CONF" in line]
    assert line.split()[-1] == str(slurm.run / "slurm.conf")
