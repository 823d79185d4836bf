"""The plan of a study of a thousand jobs, against Snakemake's plan of as many jobs that nothing of us decides."""

import os
import re
import sys
from pathlib import Path
from statistics import median

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
        path = folder / "Snakefile"
        path.write_text(BARE.format(n_chains=n_jobs[sizes.n_seeds] // N_LINKS, n_jobs=N_LINKS - 2))
        return dry_run(folder, path)[0]

    sides = {"ours": lambda: plan(sizes.n_seeds), "small": lambda: plan(1), "bare": bare}
    seconds = alternate(sides, sizes.rounds)
    many = n_jobs[sizes.n_seeds]
    rate = (many - n_jobs[1]) / (median(seconds["ours"]) - median(seconds["small"]))
    measured = f"{median(seconds['ours']):.1f} and {median(seconds['bare']):.1f} s; {rate:.0f} jobs/s beyond the start"
    against = f"plan of {many} jobs of a bare Snakefile"
    return [Row(f"plan of {many} jobs", against, ratios(seconds["bare"], seconds["ours"]), measured)]


def dry_run(folder: Path, snakefile: Path, *flags: object) -> tuple[float, str]:
    """Plan without running; give the seconds, and what Snakemake said."""
    words = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--directory", folder]
    words += ["--snakefile", snakefile, "--cores", 1, *flags]
    return run(words, dict(os.environ))
