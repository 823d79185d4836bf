"""The plan of a study of a thousand jobs, against Snakemake's plan of as many jobs that nothing of us decides."""

import multiprocessing
import os
import re
import resource
import sys
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from alternation import Row, alternate, ratios, run
from sizes import SCRIPTS, Sizes

ROOT = SCRIPTS.parent
BARE = """rule all:
    input: expand("last-{{number}}", number=range({n_chains}))
rule first:
    output: "0-{{number}}"
    shell: "touch {{output}}"
rule next:
    input: lambda wildcards: f"{{int(wildcards.place) - 1}}-{{wildcards.number}}"
    output: "{{place,[1-9][0-9]*}}-{{number}}"
    shell: "touch {{output}}"
rule last:
    input: "{n_jobs}-{{number}}"
    output: "last-{{number}}"
    shell: "touch {{output}}"
"""
# links of a chain, about as many as a seed of the demo has jobs
N_LINKS = 11


def measure(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure dry runs of the demo with many seeds, and what each job adds to the plan of one seed."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    n_jobs = {}

    def plan(n_seeds: int) -> float:
        path = folder / f"{n_seeds}.yaml"
        path.write_text(yaml.safe_dump(config | {"seeds": list(range(n_seeds))}))
        seconds, said = dry_run(folder, ROOT / "workflow" / "Snakefile", "--configfile", path)
        n_jobs[n_seeds] = int(re.search(r"^total +(\d+)", said, re.MULTILINE)[1])
        return seconds

    def bare() -> float:
        return dry_run(folder, bare_snakefile(folder, n_jobs[sizes.n_seeds]))[0]

    sides = {"ours": lambda: plan(sizes.n_seeds), "small": lambda: plan(1), "bare": bare}
    seconds = alternate(sides, sizes.rounds)
    many = n_jobs[sizes.n_seeds]
    rate = (many - n_jobs[1]) / (median(seconds["ours"]) - median(seconds["small"]))
    measured = f"{median(seconds['ours']):.1f} and {median(seconds['bare']):.1f} s; {rate:.0f} jobs/s beyond the start"
    against = f"plan of {many} jobs of a bare Snakefile"
    return [Row(f"plan of {many} jobs", against, ratios(seconds["bare"], seconds["ours"]), measured)]


def scale(sizes: Sizes, folder: Path) -> list[list[str]]:
    """Measure the processor's seconds and the memory of plans of ever larger studies, a row each."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    rows = []
    for n_jobs in sizes.plan_jobs:
        path = folder / f"{n_jobs}.yaml"
        path.write_text(yaml.safe_dump(config | {"seeds": list(range(max(1, n_jobs // N_LINKS)))}))
        ours = dry_run_measured(folder, ROOT / "workflow" / "Snakefile", "--configfile", path)
        bare = dry_run_measured(folder, bare_snakefile(folder, n_jobs))
        (our_seconds, our_bytes), (seconds, n_bytes) = ours, bare
        each = f"{1000 * our_seconds / n_jobs:.1f} and {1000 * seconds / n_jobs:.1f}"
        memory = f"{our_bytes / 1e9:.2f} and {n_bytes / 1e9:.2f}"
        rows.append([f"{n_jobs:,}", f"{our_seconds:.0f} and {seconds:.0f}", each, memory])
    return rows


def dry_run_measured(folder: Path, snakefile: Path, *flags: object) -> tuple[float, int]:
    """Plan without running; give the processor's seconds and the most bytes that it held."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_usage, (folder, snakefile, *flags))


def _usage(*arguments: Any) -> tuple[float, int]:
    # in a process of its own: the most of its children counts all that there ever were
    dry_run(*arguments)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss


def bare_snakefile(folder: Path, n_jobs: int) -> Path:
    """Write a Snakefile of so many jobs in chains, that nothing of us decides."""
    path = folder / "Snakefile"
    path.write_text(BARE.format(n_chains=n_jobs // N_LINKS, n_jobs=N_LINKS - 2))
    return path


def dry_run(folder: Path, snakefile: Path, *flags: object) -> tuple[float, str]:
    """Plan without running; give the seconds, and what Snakemake said."""
    words = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--directory", folder]
    words += ["--snakefile", snakefile, "--cores", 1, *flags]
    return run(words, dict(os.environ))
