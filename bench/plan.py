"""The plan of a study of a thousand jobs, against Snakemake's plan of as many jobs that nothing of us decides."""

import os
import re
import sys
from pathlib import Path
from statistics import median

import yaml

from alternation import Row, alternate, measured, ratios, run
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
    found = f"{median(seconds['ours']):.1f} and {median(seconds['bare']):.1f} s; {rate:.0f} jobs/s beyond the start"
    against = f"plan of {many} jobs of a bare Snakefile"
    return [Row(f"plan of {many} jobs", against, ratios(seconds["bare"], seconds["ours"]), found)]


def scale(sizes: Sizes, folder: Path) -> list[list[str]]:
    """Measure the processor's seconds and the memory of plans of ever larger studies, a row each."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    rows = []
    for n_jobs in sizes.plan_jobs:
        path = folder / f"{n_jobs}.yaml"
        path.write_text(yaml.safe_dump(config | {"seeds": list(range(max(1, n_jobs // N_LINKS)))}))
        words = dry_run_words(folder, ROOT / "workflow" / "Snakefile", "--configfile", path)
        _, our_seconds, our_bytes = measured(words)
        _, seconds, n_bytes = measured(dry_run_words(folder, bare_snakefile(folder, n_jobs)))
        each = f"{1000 * our_seconds / n_jobs:.1f} and {1000 * seconds / n_jobs:.1f}"
        memory = f"{our_bytes / 1e9:.2f} and {n_bytes / 1e9:.2f}"
        rows.append([f"{n_jobs:,}", f"{our_seconds:.0f} and {seconds:.0f}", each, memory])
    return rows


def bare_snakefile(folder: Path, n_jobs: int) -> Path:
    """Write a Snakefile of so many jobs in chains, that nothing of us decides."""
    path = folder / "Snakefile"
    path.write_text(BARE.format(n_chains=n_jobs // N_LINKS, n_jobs=N_LINKS - 2))
    return path


def dry_run(folder: Path, snakefile: Path, *flags: object) -> tuple[float, str]:
    """Plan without running; give the seconds, and what Snakemake said."""
    return run(dry_run_words(folder, snakefile, *flags), dict(os.environ))


def dry_run_words(folder: Path, snakefile: Path, *flags: object) -> list[object]:
    """Make the command that plans without running."""
    words = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--directory", folder]
    return [*words, "--snakefile", snakefile, "--cores", 1, *flags]
