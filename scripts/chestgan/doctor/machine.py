"""Checks of one machine: the environment, GPUs, weights, data and disk."""

import functools
import inspect
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from chestgan.base import branches, configuration, files, provenance
from chestgan.base.errors import UserError
from chestgan.cluster import programs
from chestgan.doctor.findings import Finding, fine, missing, wrong

_PYTHON = (3, 11)
# at the published size: checkpoint, generators and synthetic set, and the classifiers trained with it
BYTES_PER_TRAINING = 500_000_000
_LEAST_BYTES = 2_000_000_000
# to start an image and import torch in it
_SECONDS = 120
# what is used outside the image when jobs run in one
_OUTSIDE = ("snakemake", "snakemake-executor-plugin-slurm", "pyyaml")
_PIN = re.compile(r"^([\w.-]+)==([^\s;#]+)", flags=re.MULTILINE)


def python() -> Iterator[Finding]:
    """Check Python's version."""
    found, wanted = (".".join(map(str, version)) for version in (sys.version_info[:3], _PYTHON))
    if sys.version_info < _PYTHON:
        yield wrong("python", f"{found}; expected {wanted} or later: give one to make, PYTHON=python{wanted}")
    else:
        yield fine("python", f"{found} in {sys.prefix}")


def packages(asked: Path, lock: Path, in_image: bool) -> Iterator[Finding]:
    """Compare the environment with the pinned packages and with the lock file.

    Args:
        asked: the file of pinned packages.
        lock: the lock file made from it.
        in_image: whether jobs compute in an image, and this environment only submits them.
    """
    pins = [pin for pin in _PIN.findall(asked.read_text()) if not in_image or pin[0] in _OUTSIDE]
    others = [f"{name} {found} for {version}" for name, version in pins if (found := _version(name)) != version]
    if others:
        mend = f"pip install --require-hashes --requirement {lock}"
        yield wrong("packages", f"not the versions of {asked.name}: {', '.join(others)}; install them: {mend}")
    else:
        beyond = "; all others are in the image" if in_image else ""
        yield fine("packages", f"{len(pins)} in the versions of {asked.name}{beyond}")
    if not in_image:
        yield _lock(lock)


def _version(package: str) -> str:
    """Return the version of a package without its build tag, such as +cpu."""
    try:
        return metadata.version(package).partition("+")[0]
    except metadata.PackageNotFoundError:
        return "none"


def _lock(lock: Path) -> Finding:
    found, wanted = provenance.versions()["lock_sha256"], files.sha256(lock)
    if found is None:
        mend = f"if its packages were installed from it: cp {shlex.quote(str(lock))} {shlex.quote(sys.prefix)}"
        return missing("lock", f"no {lock.name} in {sys.prefix}, so results can't name theirs; {mend}")
    if found != wanted:
        return wrong("lock", f"this environment was made from another {lock.name}; remove it and make it anew")
    return fine("lock", f"this environment was made from {lock.name}, sha256 {wanted[:12]}")


def gpus(config: dict[str, Any], on_slurm: bool, enter: Sequence[str]) -> Iterator[Finding]:
    """Check the GPUs that are asked for where jobs find them: here, or in a Slurm job that has any.

    Args:
        config: the study's configuration.
        on_slurm: whether jobs go to Slurm.
        enter: the command that runs another in the image that jobs compute in, with GPUs; empty where there is none.
    """
    wanted = config.get("gpus", 0)
    given = os.getenv("CUDA_VISIBLE_DEVICES") if "SLURM_JOB_ID" in os.environ else None
    if not wanted or config.get("device") == "cpu":
        yield fine("GPUs", f"none is to compute: {'device is cpu' if wanted else 'gpus is 0'}; {_listed(_seen_gpus())}")
        return
    if on_slurm and not given:
        yield fine("GPUs", f"jobs get theirs from the scheduler; {_listed(_seen_gpus())}")
        return
    build, seen = _seen_in_image(enter) if enter else _seen_gpus()
    where = f"{_listed((build, seen))}{' in the image' if enter else ''}"
    if given and not seen:
        yield wrong("GPUs", f"this job was given GPU {given}, but {where}; does `nvidia-smi` see it on this node?")
    elif not given and len(seen) < wanted:
        yield wrong("GPUs", f"gpus is {wanted}, but {where}; lower it, or see what `nvidia-smi` says")
    else:
        yield fine("GPUs", where)


def _listed(found: tuple[str, list[str]]) -> str:
    build, seen = found
    return f"{build} sees {', '.join(seen) or 'no GPU'} here"


def _seen_gpus() -> tuple[str, list[str]]:
    """Return torch's version, and the GPUs that it sees, with their memory."""
    try:
        import torch
    # a library that torch needs may be missing too
    except (ImportError, OSError) as error:
        return f"torch can't be imported ({error}) and", []
    found = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    build = f"torch {torch.__version__}" + ("" if torch.version.cuda else ", a build without CUDA,")
    # a GPU of a generation that this build has no code for is seen, and fails at the first computation
    known = [int(name.removeprefix("sm_")) for name in torch.cuda.get_arch_list() if name.startswith("sm_")]
    old = [gpu for gpu in found if known and 10 * gpu.major + gpu.minor < min(known)]
    if old:
        names = ", ".join(f"{gpu.name} (compute capability {gpu.major}.{gpu.minor})" for gpu in old)
        build += f", for which {names} is too old: it starts at {min(known) / 10},"
    return build, [f"{gpu.name} with {gpu.total_memory / 2**30:.0f} GiB" for gpu in found if gpu not in old]


def _seen_in_image(enter: Sequence[str]) -> tuple[str, list[str]]:
    # the image may hold older scripts than these
    code = f"import json\n{inspect.getsource(_seen_gpus)}\nprint(json.dumps(_seen_gpus()))"
    build, seen = json.loads(programs.ask([*enter, "python", "-c", code], _SECONDS).splitlines()[-1])
    return build, seen


def weights(config: dict[str, Any], in_image: bool) -> Iterator[Finding]:
    """Load every pretrained network that the study names, with the code that its stages use."""
    distances = config.get("compute_fid", {})
    inception = distances.get("inception_weights")
    common = config.get("evaluate_classifier", {})
    classifiers = [common | arm for arm in config.get("arms", {}).values()]
    named = sorted({(each.get("backbone", "convnet"), each["weights"]) for each in classifiers if each.get("weights")})
    try:
        from chestgan.classifier import networks
        from chestgan.metrics import efficientnet, features
    except (ImportError, OSError) as error:
        yield from _unread_weights([inception, *(path for _, path in named)], in_image, str(error))
        return
    yield _loaded("EfficientNet-Lite0 has its published checksum", efficientnet.load_network)
    # without a path it is the image's own
    if "fid" in distances.get("extractors", []) and (inception or not in_image):
        path, any_checksum = inception and Path(inception), distances.get("allow_unverified_weights", False)
        loaded = "Inception can be loaded" + ("" if any_checksum else " and has its published checksum")
        yield _loaded(loaded, lambda: features.load_extractor("fid", path, "cpu", any_checksum))
    size = config.get("split_data", {}).get("image_size", 64)
    for backbone, path in named:
        load = functools.partial(networks.build, backbone, 2, size, Path(path))
        yield _loaded(f"{backbone} can be loaded from {path}", load)


def _loaded(text: str, load: Callable[[], object]) -> Finding:
    try:
        load()
    except UserError as error:
        return wrong("weights", str(error))
    return fine("weights", text)


def _unread_weights(paths: list[str | None], in_image: bool, reason: str) -> Iterator[Finding]:
    """Check at least whether weights are there that can't be loaded here."""
    for path in filter(None, paths):
        if not Path(path).is_file():
            yield missing("weights", f"there is no file {Path(path).absolute()}; bring it there, or name another")
    if in_image:
        yield fine("weights", "the image's own were verified when it was built; none can be loaded here")
    else:
        yield missing("weights", f"they can't be loaded: {reason}; install the packages")


def data(config: dict[str, Any]) -> Iterator[Finding]:
    """Check the images."""
    section = config.get("split_data", {})
    folder, names = section.get("folder"), section.get("metadata", [])
    if folder is None:
        yield missing("data", "split_data.folder names no folder")
    elif folder == configuration.DEMO_FOLDER:
        yield fine("data", f"{folder}, which the demo draws itself")
    else:
        try:
            found = configuration.data_files(folder, names)
            tables = files.locate(Path(folder), names, "split_data.metadata")
        except UserError as error:
            yield missing("data", f"{error}; bring the images there, or name their folder")
            return
        named = f", and the table {', '.join(names)}" if names else ""
        n_images = len(set(found) - set(tables))
        if n_images:
            yield fine("data", f"{n_images} files in {folder}{named}")
        else:
            yield missing("data", f"{folder} holds the table {', '.join(names)} and no image; bring the images there")


def _n_trainings(config: dict[str, Any]) -> int:
    """Count the trainings of a study; none where its configuration has mistakes, of which others tell."""
    try:
        return len(branches.trainings(config)) * len(config["seeds"])
    except (KeyError, UserError):
        return 0


def disk(config: dict[str, Any], folder: Path) -> Iterator[Finding]:
    """Try to write where the results go, and compare the free space with a rough need."""
    place = folder / "results" if (folder / "results").is_dir() else folder
    trainings = _n_trainings(config)
    needed = max(_LEAST_BYTES, trainings * BYTES_PER_TRAINING)
    free = shutil.disk_usage(place).free
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(1))
    except OSError as error:
        yield wrong(
            "disk", f"{place} can't be written to: {error.strerror}; work in a folder of your own with space left"
        )
        return
    space = f"{free / 1e9:.1f} GB free in {place}; {trainings} trainings may fill {needed / 1e9:.1f} GB"
    if free < needed:
        yield wrong("disk", f"{space} (0.5 GB each, and 2 GB at least); make room, or link results to a larger disk")
    else:
        yield fine("disk", f"{space}; a quota isn't seen from here")
