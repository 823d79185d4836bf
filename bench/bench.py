"""Measure how fast Chestgan is, in ratios to plain ways of doing the same, and write the tables of docs/performance.md.

python bench/bench.py                    # everything, on a quiet machine
python bench/bench.py --parts split plan # some parts, shown and not written
"""

import argparse
import datetime
import importlib
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from sizes import SCRIPTS, TINY, Sizes

PAGE = SCRIPTS.parent / "docs" / "performance.md"
COLUMNS = ["what", "against", "times as fast", "share of the convolution limit", "medians"]
WEIGHTS = ["generator, million", "discriminator, million"]
MEMORY_COLUMNS = ["preset", "px", "batch", *WEIGHTS, "GFLOP a step", "GB at most", "images/s"]
SCALE_COLUMNS = ["jobs", "processor's seconds", "ms a job", "GB at most"]
# the module and the function of each part; imported when it is its turn, for every worker imports this file again
PARTS = {
    "train": ("train", "speed"),
    "processes": ("train", "processes"),
    "distance": ("distance", "measure"),
    "split": ("split", "measure"),
    "start": ("start", "measure"),
    "plan": ("plan", "measure"),
    "memory": ("train", "memory"),
    "scale": ("plan", "scale"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="all, if not given")
    parser.add_argument("--tiny", action="store_true", help="measure next to nothing, to try the measuring itself")
    arguments = parser.parse_args(argv)
    sizes = TINY if arguments.tiny else Sizes(threads=len(os.sched_getaffinity(0)))
    rows_of = {"ratios": [], "memory": [], "scale": []}
    for part in arguments.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            module, function = PARTS[part]
            measured = getattr(importlib.import_module(module), function)(sizes, Path(folder))
        rows = measured if part in rows_of else [row.cells() for row in measured]
        rows_of[part if part in rows_of else "ratios"].extend(rows)
        for row in rows:
            print("  ".join(filter(None, row)), flush=True)
    if not arguments.parts and not arguments.tiny:
        columns = {"ratios": COLUMNS, "memory": MEMORY_COLUMNS, "scale": SCALE_COLUMNS}
        tables = {name: table(columns[name], rows) for name, rows in rows_of.items()}
        PAGE.write_text(with_tables(PAGE.read_text(), tables, machine(sizes)))
    return 0


def machine(sizes: Sizes) -> str:
    """Describe what was measured, with what and when."""
    described = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    names = [line.split(":")[1].strip() for line in described.splitlines() if line.startswith("model name")]
    versions = f"torch {metadata.version('torch')}, Python {platform.python_version()}"
    return (
        f"{names[0] if names else platform.machine()}, {sizes.threads} cores, {versions}, "
        f"{datetime.date.today().isoformat()}; medians of {sizes.rounds} alternations, with the least and the most."
    )


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Write rows as a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def with_tables(page: str, tables: dict[str, str], caption: str) -> str:
    """Replace what a page has between the comments that name each table."""
    for name, content in tables.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, rest = page.split(begin)
        page = f"{before}{begin}\n{caption}\n\n{content}\n{end}{rest.split(end)[1]}"
    return page


if __name__ == "__main__":
    sys.exit(main())
