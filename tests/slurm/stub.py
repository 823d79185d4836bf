"""A study of short jobs on the cluster, that end when a test lets them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cluster
from laboratory import site_profile
from project import PROGRAMS, ROOT, heed_interrupts

SNAKEFILE = Path(__file__).with_name("stub.smk")


class Stub:
    """Chains of jobs, `a-0` before `a-1`, in a folder; the jobs that are held run until they are released."""

    def __init__(self, folder: Path, chains: str, links: int, held: Sequence[str] = (), partition: str = "cpu") -> None:
        self.folder, self.output = folder, folder / "output"
        self.chains, self.links, self.partition = chains, links, partition
        for name in ("attempts", "held", "profile"):
            (folder / name).mkdir()
        for job in held:
            (folder / "held" / job).touch()
        (folder / "profile" / "config.yaml").write_text(site_profile(ROOT / "profiles" / "slurm" / "config.yaml"))

    @contextmanager
    def running(self, *flags: str) -> Iterator[subprocess.Popen]:
        """Run Snakemake, with what it says in a file, and end it at the latest in the end."""
        config = [f"scripts={ROOT / 'scripts'}", f"chains={self.chains}", f"links={self.links}"]
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "--profile", "profile", *flags]
        environment = os.environ | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        with self.output.open("w") as output:
            process = subprocess.Popen(
                [*command, "--config", *config, f"partition={self.partition}"],
                cwd=self.folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=heed_interrupts,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def release(self, job: str) -> None:
        """Let a job end."""
        (self.folder / "held" / job).unlink()

    def wait_for(self, words: str, times: int = 1) -> float:
        """Wait until Snakemake has said something so many times, and return the seconds that it took."""
        start = time.monotonic()
        cluster.wait_for(lambda: self.output.read_text().count(words) >= times, f"{self.output} lacks {words!r}")
        return time.monotonic() - start

    def wait_for_attempt(self, job: str, attempt: int = 1) -> None:
        """Wait until a job runs, for the so manieth time."""
        cluster.wait_for(lambda: self.attempts(job) >= attempt, f"{job} doesn't start: {self.output}")

    def attempts(self, job: str) -> int:
        """Count how often a job was started."""
        file = self.folder / "attempts" / job
        return len(file.read_text().splitlines()) if file.is_file() else 0

    def number(self, job: str) -> str:
        """Give Slurm's number of a job that waits or runs."""
        comment = f"rule_stub_wildcards_{job.replace('-', '_')}"
        lines = cluster.output("squeue", "--noheader", "--format", "%i %k").splitlines()
        return next(line.split()[0] for line in lines if line.split()[1] == comment)

    def results(self) -> dict[str, str]:
        """Read what the jobs made."""
        return {file.name: file.read_text() for file in sorted((self.folder / "results").iterdir())}

    def expected(self) -> dict[str, str]:
        """Give what the jobs are to make."""
        jobs = [(chain, link) for chain in sorted(self.chains.split("+")) for link in range(self.links)]
        return {f"{chain}-{link}": f"{chain} {link}\n" for chain, link in jobs}
