"""Checks of the container image: it must be there, and made from this project's lock file."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chestgan.base import files
from chestgan.base.errors import UserError
from chestgan.cluster import programs
from chestgan.doctor.findings import Finding, fine, missing, wrong

_NAME = "chestgan"
_FILE = Path("containers") / "chestgan.sif"
_GPUS = {"docker": ["--gpus", "all"], "podman": ["--device", "nvidia.com/gpu=all"]}
# a first start unpacks gigabytes
_SECONDS = 120
_LOOK_INSIDE = """
import hashlib, json, os, pathlib, sys
lock = pathlib.Path(sys.prefix, "chestgan.lock")
weights = pathlib.Path(os.environ.get("CHESTGAN_WEIGHTS", "/opt/chestgan/weights"))
digest = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None
print(json.dumps({"lock": digest, "weights": [path.name for path in weights.glob("*")]}))
"""


def enter(config: dict[str, Any], folder: Path, gpus: bool) -> list[str]:
    """Make the command that runs another one in the image: with the configuration's engine, else with Apptainer."""
    program = config.get("container_engine")
    if program is None:
        return [_apptainer() or "apptainer", "exec", *(["--nv"] if gpus else []), str(folder / _FILE)]
    given = ["--env", "CUDA_VISIBLE_DEVICES", *_GPUS[program]] if gpus else []
    return [program, "run", "--rm", "--pull", "never", "--network", "none", *given, _NAME]


def apptainer(config: dict[str, Any], lock: Path, folder: Path) -> Iterator[Finding]:
    """Check Apptainer and the image file in the project's folder."""
    program = _apptainer()
    if program:
        yield fine("apptainer", program)
    else:
        advice = "load or install it, or take software-deployment-method out of the profile to use this environment"
        yield missing("apptainer", f"it isn't on the PATH; {advice}")
    if not (folder / _FILE).is_file():
        yield missing("image", f"there is no {_FILE} in {folder}; `make sif` builds it")
    elif program:
        yield _digest(folder / _FILE)
        yield from _inside(str(_FILE), enter(config, folder, gpus=False), "make sif", config, lock)
    else:
        yield wrong("image", f"{_FILE} can't be looked into without apptainer")


def _apptainer() -> str | None:
    """Find Apptainer, or SingularityCE, which has the same commands."""
    return shutil.which("apptainer") or shutil.which("singularity")


def _digest(image: Path) -> Finding:
    """Compare the image file with the checksum beside it, which results name."""
    path = image.with_name(f"{image.name}.sha256")
    words = path.read_text().split() if path.is_file() else []
    if not words:
        return missing("image", f"there is no checksum in {path}; write it: sha256sum {image} > {path}")
    if files.sha256(image) != words[0]:
        return wrong("image", f"{path} is of another image; write it anew: sha256sum {image} > {path}")
    return fine("image", f"sha256 {words[0][:12]}, as {path.name} says")


def engine(config: dict[str, Any], lock: Path, folder: Path) -> Iterator[Finding]:
    """Check the engine that `container_engine` names, and its image."""
    program = config["container_engine"]
    try:
        programs.ask([program, "ps", "--quiet"])
    except UserError as error:
        yield wrong(program, f"{error}; start it, or set container_engine to one that runs")
        return
    yield fine(program, "it answers")
    try:
        programs.ask([program, "image", "inspect", _NAME])
    except UserError:
        yield missing("image", f"{program} has no image {_NAME}; `make image` builds it")
        return
    yield from _inside(f"{program}'s {_NAME}", enter(config, folder, gpus=False), "make image", config, lock)


def _inside(image: str, run: Sequence[str], build: str, config: dict[str, Any], lock: Path) -> Iterator[Finding]:
    """Ask an image for the lock that it was made from, and for the weights that it brings along."""
    answer = programs.ask([*run, "python", "-c", _LOOK_INSIDE], _SECONDS)
    held = json.loads(answer.splitlines()[-1])
    if held["lock"] == files.sha256(lock):
        yield fine("image", f"{image} was made from {lock.name}, sha256 {held['lock'][:12]}")
    else:
        made_from = f"another {lock.name}, sha256 {held['lock'][:12]}" if held["lock"] else f"no {lock.name}"
        yield wrong("image", f"{image} is an old one, made from {made_from}; `{build}` builds it anew")
    distances = config.get("compute_fid", {})
    if "fid" in distances.get("extractors", []) and not distances.get("inception_weights"):
        if any(name.startswith("pt_inception-") for name in held["weights"]):
            yield fine("weights", f"Inception, verified when {image} was built")
        else:
            yield missing("weights", f"{image} holds no Inception weights; set compute_fid.inception_weights to a file")
