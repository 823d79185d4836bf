"""Run a study for each source of the images, such as a hospital: it tests, and the others train; and tabulate them.

    python scripts/leave_one_source_out.py --configfile config/mine.yaml

Each is a study of its own with split_data.test_source, in results/<dataset>-without-<source>. The table of all is
results/<dataset>/sources.csv.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import split_data
from chestgan.base import commandline, configuration, files, settings, yaml_files
from chestgan.base.errors import UserError
from chestgan.base.settings import setting
from chestgan.base.tables import write_table
from chestgan.data import splits

SCHEMA = Path(__file__).resolve().parent.parent / "workflow" / "schemas" / "config.schema.json"
ALL = "all sources"
COLUMNS = ["tested_on", "test_images", "test_patients", "arm", "generator", "score", "mean", "low", "high"]
DIFFERENCE = ["difference", "family_low", "family_high", "outcome"]


@dataclass(frozen=True)
class Config:
    """The flags of this script."""

    configfile: Path = setting("configuration of the study")
    profile: Path = setting("profile of Snakemake", Path("profiles/local"))
    dry_run: bool = setting("only say what would run", False)

    def __post_init__(self) -> None:
        settings.check(self)


def run(config: Config) -> None:
    """Run the study of every source that can be held out, then write and print the table.

    Raises:
        UserError: no source can be held out, or Snakemake failed.
    """
    study = read_study(config.configfile)
    sources = held_out_sources(study["split_data"])
    names = studies(study["dataset"], sources)
    for source, name in names.items():
        print(f"testing on {source}: results/{name}", flush=True)
        command = [sys.executable, "-m", "snakemake", "--profile", config.profile, "--configfile", config.configfile]
        command += ["--config", f"dataset={name}", f"split_data={json.dumps({'test_source': source})}"]
        if subprocess.run([*command, *(["--dry-run"] if config.dry_run else [])], check=False).returncode:
            raise UserError(
                f"the study that tests on {source} failed; what is done stays, and the same command goes on"
            )
    if not config.dry_run:
        table = tabulate({ALL: study["dataset"]} | names, Path("results"))
        write_table(Path("results") / study["dataset"] / "sources.csv", table)
        print(table.round(3).to_string(index=False))


def read_study(configfile: Path) -> dict[str, Any]:
    """Read and check a configuration, as the workflow does."""
    study = yaml_files.read(configfile)
    configuration.check(study, SCHEMA)
    configuration.normalise(study, SCHEMA)
    return study


def held_out_sources(section: dict[str, Any]) -> list[str]:
    """List the sources that can be held out, and say of the others why not.

    Args:
        section: split_data of the configuration.

    Raises:
        UserError: there is none.
    """
    section = {key: value for key, value in section.items() if key != "test_source"}
    config = commandline.from_settings(split_data.Config, {**section, "output": "none"})
    table, held_out, refused = split_data.select(config).table, [], []
    for source in sorted(set(table["source"]) - {""}):
        try:
            in_test = table["patient"].isin(splits.require_source(table, source))
            placed = table.assign(split=in_test.map({True: "test", False: "train"}))
            splits.require_test_patients(placed, config.parts._replace(test_source=source))
            held_out.append(source)
        except UserError as error:
            refused.append(f"not tested on {source}: {error}")
    for line in refused:
        print(line, flush=True)
    if not held_out:
        found = "none of the sources can be held out" if refused else "no image has a source"
        raise UserError(f"split_data.source_column is {config.source_column!r}, and {found}")
    return held_out


def studies(dataset: str, sources: Sequence[str]) -> dict[str, str]:
    """Name the study of each source.

    Raises:
        UserError: two would have one name.
    """
    names = {source: f"{dataset}-without-{re.sub(r'[^A-Za-z0-9_-]+', '-', source)}" for source in sources}
    if len(set(names.values())) < len(names):
        raise UserError(f"of the sources {', '.join(names)} two differ in no letter or digit; rename one in the table")
    return names


def tabulate(names: dict[str, str], results: Path) -> pd.DataFrame:
    """Tabulate every arm of finished studies by what they tested on: `COLUMNS`, then `DIFFERENCE` to the arm real.

    Args:
        names: of the studies, by what they tested on; one that isn't finished is left out.
        results: the folder that they lie in.
    """
    rows = []
    for tested_on, name in names.items():
        path = results / name / "study" / "study.json"
        if not path.is_file():
            continue
        told = files.read_json(path)
        score = told["settings"]["primary_score"]
        for arm in told["arms"]:
            counted = [tested_on, arm["n_test_images"], arm["n_test_patients"], arm["arm"], arm["generator"], score]
            scored = [arm[f"{score}_{end}"] for end in ("mean", "low", "high")]
            rows.append([*counted, *scored, *(arm[column] for column in DIFFERENCE)])
    return pd.DataFrame(rows, columns=[*COLUMNS, *DIFFERENCE])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
