"""The process that runs the cases of a fuzz one after another, and tells what each did."""

import contextlib
import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import cases

_WRITES = {"os.mkdir": 0, "os.remove": 0, "os.rmdir": 0, "os.truncate": 0, "os.chmod": 0, "os.symlink": 1, "os.link": 1}
_STARTS = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen")
# what scripts ask on purpose
_PROGRAMS = {"git", "nvidia-smi", "apptainer", "singularity", "podman", "docker", "rocm-smi"}
_PROGRAMS.add(Path(sys.executable).name)
_PROGRAMS |= {"scontrol", "sinfo", "squeue", "sacct", "sacctmgr", "sbatch", "scancel"}
_MEMORY = 12 << 30


class Watch:
    """Note what is written outside a folder and which programs are started, as Python tells its audit hooks."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.found: list[str] = []
        sys.addaudithook(self.see)

    def see(self, event: str, arguments: tuple) -> None:
        """Look at one event."""
        if self.folder is None:
            return
        if event == "open" and _is_writing(*arguments):
            self.require_inside(event, arguments[0], -1)
        elif event in _WRITES:
            links = event in ("os.symlink", "os.link")
            self.require_inside(event, arguments[_WRITES[event]], -1 if links else arguments[-1])
        elif event == "os.rename":
            self.require_inside(event, arguments[0], arguments[2])
            self.require_inside(event, arguments[1], arguments[3])
        elif event in _STARTS:
            name = os.fspath(arguments[0]) if event != "subprocess.Popen" else os.fspath(arguments[0] or "")
            if Path(os.fsdecode(name)).name not in _PROGRAMS:
                self.found.append(f"starts {name!r}")

    def require_inside(self, event: str, path: Any, folder: Any) -> None:
        """Note a path outside."""
        if isinstance(path, int) or path is None:
            return
        name = os.fsdecode(path)
        place = Path(name).absolute()
        if isinstance(folder, int) and folder >= 0 and event != "os.chmod":
            place = Path(f"/proc/self/fd/{folder}").readlink() / name
        # a link itself lies where it lies, wherever it leads
        place = place.parent.resolve() / place.name if place.name != ".." else place.resolve()
        if str(place) != os.devnull and not place.is_relative_to(self.folder):
            self.found.append(f"{event} of {place}")


def _is_writing(path: Any, mode: str | None, flags: int | None) -> bool:
    if mode:
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))


def run(number: int, seed: int, of_images: bool, stored: Path, folder: Path, watch: Watch) -> dict[str, Any]:
    """Run a case in its folder, and tell what happened."""
    folder.mkdir()
    script, flags = cases.make(number, seed, of_images, stored, folder)
    told: dict[str, Any] = {"number": number, "command": [script, *flags], "traceback": "", "code": None}
    before = listing(folder)
    os.environ["TMPDIR"] = str(folder / "tmp")
    (folder / "tmp").mkdir()
    importlib.import_module("tempfile").tempdir = None
    # torch names its folder of temporary files there once, for this process and for all that it starts
    os.environ.pop("TORCHINDUCTOR_CACHE_DIR", None)
    main = snakemake if script == "snakemake" else importlib.import_module(script).main
    started = time.process_time()
    log = folder.with_name(f"{folder.name}.log")
    with log.open("wb") as file, _redirected(file.fileno()), contextlib.chdir(folder), warnings.catch_warnings():
        watch.folder, watch.found = str(folder.resolve()), []
        try:
            told["code"] = main(flags)
        except SystemExit as stop:
            told["code"] = stop.code
        except BaseException:
            told["traceback"] = traceback.format_exc()
        finally:
            watch.folder = None
            sys.stdout.flush()
            sys.stderr.flush()
    text = log.read_text(errors="replace")
    if "Traceback (most recent call last)" in text:
        told["traceback"] = told["traceback"] or text
    told |= {"outside": watch.found, "seconds": time.process_time() - started, "said": text[-500:]}
    told["silent"] = told["code"] == 1 and "error: " not in text
    shutil.rmtree(folder / "tmp")
    left = sorted(listing(folder) - before)
    told["left"] = [name for name in left if ".partial" in name] if told["code"] else []
    forget()
    return told


def snakemake(flags: list[str]) -> int:
    """Run Snakemake in a process of its own, whose words come to where this one's go."""
    return subprocess.run([sys.executable, "-m", "snakemake", *flags], check=False).returncode


def forget() -> None:
    """Let go of what a script keeps for its whole process, which is one run of it in real life."""
    if "accelerate.state" in sys.modules:
        sys.modules["accelerate.state"].AcceleratorState._reset_state(reset_partial_state=True)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def listing(folder: Path) -> set[str]:
    """List all names below a folder."""
    return {
        str(Path(parent, name).relative_to(folder))
        for parent, folders, names in os.walk(folder)
        for name in (*folders, *names)
    }


@contextlib.contextmanager
def _redirected(descriptor: int) -> Any:
    """Send what is said, by libraries in C too, to a file."""
    kept = [os.dup(number) for number in (1, 2)]
    for number in (1, 2):
        os.dup2(descriptor, number)
    try:
        yield
    finally:
        for number, copy in zip((1, 2), kept, strict=True):
            sys.stdout.flush()
            os.dup2(copy, number)
            os.close(copy)


def main() -> None:
    """Run the cases whose numbers come in, one a line, and answer each with a line of JSON."""
    folder, seed, of_images = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "images"
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # answers go where no script and no library writes
    answers = os.fdopen(os.dup(1), "w")
    watch = Watch()
    for line in sys.stdin:
        number = int(line)
        told = run(number, seed, of_images, folder / "stock", folder / "work" / f"case-{number}", watch)
        print(json.dumps(told, default=repr), file=answers, flush=True)


if __name__ == "__main__":
    main()
