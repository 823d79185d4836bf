"""Feed every script with damaged and hostile input, and count tracebacks, hangs and writes outside.

make fuzz INPUTS=2000 IMAGES=2000 SEED=0

All happens in a new folder, which is removed; what was found stays there with `--keep FOLDER`. A case is known by its
seed and its number: `--only 17` runs it alone.
"""

import argparse
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cases

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# generous, for the machine may have other work: no case takes a tenth of it
SECONDS = 300.0
FAULTS = ("traceback", "hang", "outside", "silent", "left")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the cases, print what was found, and return 1 where it was anything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=2000, help="configurations, flags, tables, results, networks")
    parser.add_argument("--images", type=int, default=2000, help="damaged images")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of the cases to run; default: all")
    parser.add_argument("--keep", type=Path, help="new folder to work in, which stays")
    arguments = parser.parse_args(argv)
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="chestgan-fuzz-"))
    try:
        return fuzz(folder.resolve(), arguments)
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder)


def fuzz(folder: Path, arguments: argparse.Namespace) -> int:
    """Make the stock, run the cases on it, and count."""
    (folder / "work").mkdir(parents=True)
    if not (folder / "stock").is_dir():
        make = f"import stock, pathlib; stock.make(pathlib.Path({str(folder / 'stock')!r}))"
        with (folder / "stock.log").open("w") as log:
            subprocess.run([sys.executable, "-c", make], check=True, env=environment(folder), stderr=log, stdout=log)
    n_batches = -(-arguments.images // cases.IMAGES_AT_ONCE)
    faults = 0
    for what, numbers in (("inputs", range(arguments.inputs)), ("images", range(n_batches))):
        counts, n = Counter(), 0
        chosen = [number for number in numbers if not arguments.only or number in arguments.only]
        for told in answers(folder, arguments.seed, what, chosen):
            n += 1 if what == "inputs" else cases.IMAGES_AT_ONCE
            found = [fault for fault in FAULTS if told.get(fault)]
            counts.update(found)
            counts.update([f"exit {told['code']}"])
            for fault in found:
                shown = str(told[fault]).strip()
                print(f"{what} {told['number']}: {fault}: {told['command']}\n{shown}\n", flush=True)
            faults += len(found)
        listed = ", ".join(f"{counts[fault]} {fault}" for fault in FAULTS)
        codes = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if name.startswith("exit"))
        print(f"{n} {what}: {listed}; {codes}", flush=True)
    return min(1, faults)


def environment(folder: Path) -> dict[str, str]:
    """Make the environment of a worker: nothing is written outside the folder, nor displayed."""
    paths = [ROOT / "scripts", ROOT / "tests", HERE, ROOT / "workflow" / "schemas"]
    own = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    return (
        os.environ | own | {"MPLBACKEND": "agg", "HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "home")}
    )


def answers(folder: Path, seed: int, what: str, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Run cases in a worker, and yield what each did; one that ends or blocks the worker too."""
    worker, sound = None, snapshot(folder)
    for number in numbers:
        if worker is None:
            command = [sys.executable, HERE / "worker.py", folder, str(seed), what]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            worker = subprocess.Popen(command, env=environment(folder), start_new_session=True, **pipes)
        worker.stdin.write(f"{number}\n")
        worker.stdin.flush()
        is_done = bool(select.select([worker.stdout], [], [], SECONDS)[0])
        line = worker.stdout.readline() if is_done else ""
        told = json.loads(line) if line else {"number": number, "command": "", "code": "none"}
        if not line:
            fault = "traceback" if is_done else "hang"
            told[fault] = f"the process ended: {worker.wait()}" if is_done else f"no answer in {SECONDS:g} s"
            os.killpg(worker.pid, 9) if not is_done else None
            worker.wait()
            worker = None
        now = snapshot(folder)
        changed = sorted({name for name, _ in now ^ sound})
        if changed:
            told["outside"] = [*told.get("outside", []), *changed]
            sound = now
        place = folder / "work" / f"case-{number}"
        shutil.rmtree(place, ignore_errors=True)
        place.with_name(f"{place.name}.log").unlink(missing_ok=True)
        yield told
    if worker is not None:
        worker.stdin.close()
        worker.wait()


def snapshot(folder: Path) -> set[tuple[str, tuple[int, int]]]:
    """List all files but those of cases, with their sizes and times."""
    found = set()
    for parent, folders, names in os.walk(folder):
        if Path(parent) == folder:
            folders[:] = [name for name in folders if name != "home"]
        if Path(parent) == folder / "work":
            folders[:] = [name for name in folders if not name.startswith("case-")]
            names = [name for name in names if not name.startswith("case-")]
        for name in (*names, *folders):
            state = Path(parent, name).lstat()
            known = (state.st_size, state.st_mtime_ns) if name in names else (0, 0)
            found.add((str(Path(parent, name)), known))
    return found


if __name__ == "__main__":
    sys.exit(main())
