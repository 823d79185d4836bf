"""Check what this machine or cluster has and lacks for a study: one line each, fine, missing or wrong.

    python scripts/check_setup.py --profile profiles/slurm --configfile config/cxr.yaml

Exits with 1 if anything is missing or wrong. Run it where Snakemake is started; in a job of Slurm it looks at the node.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chestgan.base import commandline, configuration, files, settings, yaml_files
from chestgan.base.errors import UserError
from chestgan.base.settings import setting
from chestgan.cluster import profiles
from chestgan.cluster.profiles import Profile
from chestgan.cluster.stages import STAGES
from chestgan.doctor import cluster, container, machine
from chestgan.doctor.findings import STATES, Finding, collect, fine, wrong

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
LOCK = ROOT / "envs" / "chestgan.lock"


@dataclass(frozen=True)
class Config:
    """The flags of this script."""

    profile: Path = setting("profile of Snakemake: its folder or its file", Path("profiles/local"))
    configfile: Path = setting("configuration of the study", Path("config/config.yaml"))
    output: Path | None = setting("file to write the lines to as well", None)

    def __post_init__(self) -> None:
        settings.check(self)


def run(config: Config) -> None:
    """Check everything, and print each line as it is known.

    Raises:
        UserError: something is missing or wrong.
    """
    if config.output is not None:
        require_own(config.output)
    findings = []
    for finding in check(config.profile, config.configfile, Path.cwd()):
        print(finding, flush=True)
        findings.append(finding)
    if config.output is not None:
        with files.new_file(config.output) as partial:
            partial.write_text("".join(f"{finding}\n" for finding in findings))
    bad = sum(finding.state != "fine" for finding in findings)
    if bad:
        raise UserError(f"{bad} of {len(findings)} lines are missing or wrong; each of them says what to do")


def require_own(path: Path) -> None:
    """Refuse to replace anything but what this script wrote before."""
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_file() or not written_by_us(path):
        raise UserError(f"output is {path}, which this script didn't write; name a new file")


def written_by_us(path: Path) -> bool:
    """Check whether every line of a file begins as a finding does."""
    lines = path.read_bytes().splitlines()
    return all(line.startswith(tuple(f"{state:<8} ".encode() for state in STATES)) for line in lines)


def check(profile_path: Path, configfile: Path, folder: Path) -> Iterator[Finding]:
    """Check all that a study needs; a broken part hides no other.

    Args:
        profile_path: Snakemake's profile.
        configfile: the study's configuration.
        folder: where Snakemake runs.
    """
    profile, problems = read_profile(profile_path)
    yield from problems
    config, problems = read_configuration(configfile)
    yield from problems
    if config.get("nodes", 1) > 1 and not profile.on_slurm:
        yield wrong("configuration", f"nodes is {config['nodes']}, which takes a profile for Slurm; set it to 1")
    engine = config.get("container_engine")
    in_image = bool(engine or profile.in_apptainer) and "CHESTGAN_IMAGE" not in os.environ
    yield from machine.python()
    yield from collect("packages", machine.packages(LOCK.with_suffix(".in"), LOCK, in_image))
    if in_image and engine:
        yield from collect("image", container.engine(config, LOCK, folder))
    elif in_image:
        yield from collect("image", container.apptainer(config, LOCK, folder))
    if profile.on_slurm:
        yield from cluster.check(profile, config, STAGES, folder)
    enter = container.enter(config, folder, gpus=True) if in_image else []
    yield from collect("GPUs", machine.gpus(config, profile.on_slurm, enter))
    yield from collect("weights", machine.weights(config, in_image))
    data = list(collect("data", machine.data(config)))
    yield from data
    if all(finding.state == "fine" for finding in (*problems, *data)):
        yield from collect("study", look_ahead(config, folder))
    yield from collect("disk", machine.disk(config, folder))


def look_ahead(config: dict[str, Any], folder: Path) -> Iterator[Finding]:
    """Look at the data and the settings as a plan does, and say what the study takes."""
    try:
        import split_data
        from chestgan.doctor import forecast, study
    except ImportError as error:
        # where jobs run in an image, the environment outside it may only submit them
        yield fine("study", f"its data can't be opened here ({error}); split_data will in the image")
        return
    known = forecast.read_known(SCHEMA.with_name("networks.json"))
    for line in study.look_ahead(config, known, folder, split_data.inspect):
        yield fine("study", line)


def read_profile(path: Path) -> tuple[Profile, list[Finding]]:
    """Read the profile; one that can't be read counts as one without settings."""
    try:
        profile = profiles.read(path)
    except UserError as error:
        return Profile(path, {}, {}, {}), [wrong("profile", str(error))]
    rules = [script.stem for script in (ROOT / "scripts").glob("*.py")]
    mistakes = [wrong("profile", mistake) for mistake in profiles.mistakes(profile, rules)]
    where = f"jobs go to {profile.settings['executor']}" if "executor" in profile.settings else "jobs run here"
    return profile, mistakes or [fine("profile", f"{profile.file}: {where}")]


def read_configuration(path: Path) -> tuple[dict[str, Any], list[Finding]]:
    """Read the configuration; sections with mistakes in them count as absent."""
    try:
        config = yaml_files.read(path)
    except UserError as error:
        return {}, [wrong("configuration", f"{error}; configurations are config/*.yaml")]
    try:
        configuration.check(config, SCHEMA)
        configuration.device({"gpus": 0} | config)
    except UserError as error:
        mistakes = str(error).splitlines()
        told = [wrong("configuration", f"{path}: {line}") for line in mistakes[1:] or mistakes]
        return configuration.sound_sections(config, SCHEMA), told
    return config, [fine("configuration", f"{path}: dataset {config['dataset']}")]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
