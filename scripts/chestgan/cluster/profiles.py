"""A profile of Snakemake: the file of settings that says where and how jobs run."""

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from chestgan.base import yaml_files
from chestgan.base.errors import UserError, unknown_name

# the file's name may say from which major version of Snakemake on it is meant
_FILE = re.compile(r"(?:profile|config)(?:\.v(\d+)\+)?\.yaml")
# what jobs ask Slurm for; Snakemake lets any other name pass, as a resource of one's own
_RESOURCES = (
    "constraint",
    "cpus_per_task",
    "gpu",
    "gpu_model",
    "gres",
    "mem_mb",
    "mem_mib",
    "nodes",
    "qos",
    "runtime",
    "slurm_account",
    "slurm_extra",
    "slurm_partition",
    "tasks",
)


@dataclass(frozen=True)
class Profile:
    """A profile.

    Attributes:
        file: where it was read from.
        settings: as they stand there, by the names of Snakemake's flags.
        defaults: resources of every rule.
        of_rules: resources by rule, which win.
    """

    file: Path
    settings: dict[str, Any]
    defaults: dict[str, Any]
    of_rules: dict[str, dict[str, Any]]

    @property
    def on_slurm(self) -> bool:
        """Whether jobs go to Slurm."""
        return self.settings.get("executor") == "slurm"

    @property
    def in_apptainer(self) -> bool:
        """Whether jobs run in the image by Apptainer."""
        methods = self.settings.get("software-deployment-method") or self.settings.get("sdm") or []
        return "apptainer" in (methods if isinstance(methods, list) else str(methods).split())

    def resources(self, rule: str) -> dict[str, Any]:
        """Return the resources that the profile sets for a rule."""
        return self.defaults | self.of_rules.get(rule, {})


def read(path: Path) -> Profile:
    """Read a profile from its file or its folder.

    Raises:
        UserError: there is none, or it isn't YAML of settings.
    """
    file = _file_of(path)
    settings = yaml_files.read(file)
    try:
        defaults = _pairs("default-resources", settings.get("default-resources"), "=")
        of_rules = _pairs("set-resources", settings.get("set-resources"), ":")
        own = {rule: _plain(_pairs(f"set-resources.{rule}", value, "=")) for rule, value in of_rules.items()}
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    return Profile(file, settings, _plain(defaults), own)


def named(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Find the profile that a command of Snakemake names; of several it is the last."""
    found = environment.get("SNAKEMAKE_PROFILE", "").rpartition(",")[2]
    for flag, value in itertools.pairwise([*arguments, ""]):
        if flag == "--profile":
            found = value
        elif flag.startswith("--profile="):
            found = flag.partition("=")[2]
    return found or None


def mistakes(profile: Profile, rules: Iterable[str]) -> Iterator[str]:
    """List rules and resources that look mistyped, which Snakemake would accept silently."""
    for rule in profile.of_rules:
        if rule not in rules:
            yield f"set-resources in {profile.file}: {unknown_name('rule', rule, rules)}"
    for name in sorted({*profile.defaults, *(name for own in profile.of_rules.values() for name in own)}):
        nearest = difflib.get_close_matches(name, _RESOURCES, n=1, cutoff=0.8)
        if name not in _RESOURCES and nearest:
            yield f"resource {name!r} in {profile.file}: did you mean {nearest[0]!r}?"


def _file_of(path: Path) -> Path:
    if path.is_file():
        return path
    here = int(metadata.version("snakemake").partition(".")[0])
    names = [file.name for file in path.iterdir()] if path.is_dir() else []
    majors = {name: int(match[1] or 0) for name in names if (match := _FILE.fullmatch(name))}
    meant = {name: major for name, major in majors.items() if major <= here}
    if not meant:
        raise UserError(f"there is no profile {path.absolute()}; expected a folder with a config.yaml, or such a file")
    # as Snakemake chooses: the newest that it is new enough for
    return path / max(meant, key=meant.__getitem__)


def _pairs(key: str, value: Any, separator: str) -> dict[str, Any]:
    """Read what Snakemake takes as a mapping, and as one text or a list of texts too."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | None):
        raise UserError(f"{key} is {value!r:.100}; expected lines such as `name: value`")
    pairs: dict[str, Any] = {}
    for text in value or []:
        name, _, rest = str(text).partition(separator)
        pairs[name] = [*pairs.get(name, []), rest] if separator == ":" else yaml_files.value_of(rest)
    return pairs


def _plain(resources: dict[str, Any]) -> dict[str, Any]:
    """Remove the quotes that keep a text from being evaluated."""
    return {name: value.strip("'\"") if isinstance(value, str) else value for name, value in resources.items()}
