"""A cluster that is away for a while, or takes jobs away, changes no result and costs no more than it must."""

import signal
from pathlib import Path

import cluster
from cluster import Cluster
from stub import Stub

AWAY, BACK = "Slurm is away", "Slurm is back"
NO_CONTACT = 'echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller" >&2; exit 1'
# the controller takes the job, and its answer is lost
NO_ANSWER = '"$@" > /dev/null; echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1'


def test_what_is_away_for_a_while_costs_no_attempt(slurm: Cluster, tmp_path: Path, record_property) -> None:
    stub = Stub(tmp_path, "a", links=4, held=["a-0", "a-1", "a-2"])
    slurm.end("slurmctld")
    with stub.running("--retries", "0") as snakemake:
        noticed = {"no controller at the start": stub.wait_for(AWAY)}
        slurm.start_daemon("slurmctld")
        noticed["the controller is back"] = stub.wait_for(BACK)
        stub.wait_for_attempt("a-0")
        with slurm.broken("sbatch", NO_CONTACT):
            with slurm.broken("squeue", "exit 1"):
                stub.release("a-0")
                noticed["squeue fails"] = stub.wait_for(AWAY, 2)
            noticed["squeue answers"] = stub.wait_for(BACK, 2)
            noticed["sbatch fails for a job that is due"] = stub.wait_for(AWAY, 3)
        noticed["sbatch works"] = stub.wait_for(BACK, 3)
        stub.wait_for_attempt("a-1")
        slurm.end("slurmdbd")
        with slurm.broken("sbatch", NO_ANSWER):
            stub.release("a-1")
            noticed["sbatch hears no answer"] = stub.wait_for(AWAY, 4)
        stub.wait_for_attempt("a-2")
        noticed["the job of the lost answer is found"] = stub.wait_for(BACK, 4)
        slurm.end("slurmctld")
        stub.release("a-2")
        noticed["the controller is lost while a job ends"] = stub.wait_for(AWAY, 5)
        slurm.start_daemon("slurmctld")
        noticed["the controller is back again"] = stub.wait_for(BACK, 5)
        assert snakemake.wait(timeout=3600) == 0, stub.output.read_text()
    slurm.start_accounting()
    record_property("seconds to notice", noticed)
    print(noticed)
    assert stub.results() == stub.expected()
    assert [stub.attempts(f"a-{link}") for link in range(4)] == [1, 1, 1, 1]


def test_what_takes_a_job_away_costs_one_attempt(slurm: Cluster, tmp_path: Path) -> None:
    stub = Stub(tmp_path, "a", links=4, held=["a-0", "a-1", "a-2"], partition="spare")
    with stub.running("--retries", "1") as snakemake:
        stub.wait_for_attempt("a-0")
        cluster.call("scancel", stub.number("a-0"))
        print(stub.wait_for("ended: CANCELLED"))
        stub.wait_for_attempt("a-0", 2)
        stub.release("a-0")
        # the only node of its partition is lost
        stub.wait_for_attempt("a-1")
        slurm.end("slurmd.cpu1", signal.SIGKILL)
        # Slurm itself would wait for it as long as SlurmdTimeout says
        cluster.call("scontrol", "update", "nodename=cpu1", "state=down", "reason=test")
        print(stub.wait_for("ended: NODE_FAIL"))
        cluster.wait_for(lambda: "PENDING" in cluster.output("squeue", "--noheader", "--format=%T"), "nothing waits")
        slurm.start_daemon("slurmd", "-N", "cpu1")
        stub.wait_for_attempt("a-1", 2)
        stub.release("a-1")
        # a job of more priority needs the node
        stub.wait_for_attempt("a-2")
        other = ["sbatch", f"--account={cluster.ACCOUNT}", "--partition=cpu", "--exclusive", "--output=/dev/null"]
        cluster.call(*other, "--wrap", f"while [ ! -e {tmp_path}/enough ]; do sleep 0.2; done")
        print(stub.wait_for("ended: PREEMPTED"))
        # a node that is drained ends what runs on it, and starts nothing
        cluster.call("scontrol", "update", "nodename=cpu1", "state=drain", "reason=test")
        (tmp_path / "enough").touch()
        cluster.wait_for(lambda: "drained" in cluster.states(), "the node isn't drained")
        cluster.call("scontrol", "update", "nodename=cpu1", "state=resume")
        stub.wait_for_attempt("a-2", 2)
        stub.release("a-2")
        assert snakemake.wait(timeout=3600) == 0, stub.output.read_text()
    assert stub.results() == stub.expected()
    assert [stub.attempts(f"a-{link}") for link in range(4)] == [2, 2, 2, 1]


def test_jobs_that_squeue_has_forgotten_are_looked_up_in_the_database(slurm: Cluster, tmp_path: Path) -> None:
    stub = Stub(tmp_path, "a+b", links=1, held=["a-0", "b-0"])
    with stub.running("--retries", "1") as snakemake:
        stub.wait_for_attempt("a-0")
        stub.wait_for_attempt("b-0")
        cancelled = stub.number("b-0")
        with slurm.broken("squeue", "exit 0"):
            stub.release("a-0")
            stub.wait_for("1 of 3 steps")
            cluster.call("scancel", cancelled)
            stub.wait_for("ended: CANCELLED")
        stub.wait_for_attempt("b-0", 2)
        stub.release("b-0")
        assert snakemake.wait(timeout=3600) == 0, stub.output.read_text()
    assert stub.results() == stub.expected()
    assert (stub.attempts("a-0"), stub.attempts("b-0")) == (1, 2)


def test_more_jobs_than_an_array_takes_are_all_run_and_their_logs_go_or_are_shown(
    slurm: Cluster, tmp_path: Path
) -> None:
    stub = Stub(tmp_path, "a+b+c", links=1)
    logs = tmp_path / "logs" / "slurm" / "rule_stub"
    (tmp_path / "failing").touch()
    for expected in (1, 0):
        with stub.running("--retries", "0", "--slurm-array-jobs", "all", "--jobs", "2") as snakemake:
            assert snakemake.wait(timeout=3600) == expected, stub.output.read_text()
        told = stub.output.read_text()
        assert told.count("Submitted array job") == 1
        assert "not found" not in told
        left = list(logs.rglob("*.log"))
        assert len(left) == 3 * expected
        for log in left:
            assert str(log) in told
            log.unlink()
        (tmp_path / "failing").unlink(missing_ok=True)
    assert stub.results() == stub.expected()
