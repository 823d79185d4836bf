"""Where the synthetic sets of a study come from: trained here or imported, of each seed or one for all; and caveats."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from chestgan.base import files

COLUMNS = ["generator", "seed", "imported", "same_for_all_seeds", "warnings"]


def read_origins(folders: Sequence[Path]) -> pd.DataFrame:
    """Read what made each synthetic set, and what was warned of: `COLUMNS`, in the order of the folders."""
    rows = []
    for folder in folders:
        made = files.read_json(folder / "settings.json")
        rows.append(
            {
                "generator": str(made["generator"]),
                "seed": int(made["seed"]),
                "imported": made.get("script") == "import_images",
                "same_for_all_seeds": bool(made.get("same_for_all_seeds", False)),
                "warnings": tuple(made.get("warnings", ())),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def without_spread(origins: pd.DataFrame) -> set[str]:
    """List the generators whose images are the same for every seed, so that their spread over trainings isn't known."""
    return set(origins.loc[origins["same_for_all_seeds"], "generator"])


def caveats(origins: pd.DataFrame) -> list[str]:
    """List what speaks against relying on synthetic sets: what was warned of, and spreads that aren't known."""
    reasons = []
    for generator, group in origins.groupby("generator", sort=False):
        if group["same_for_all_seeds"].any() and len(group) > 1:
            reasons.append(
                f"Images of {generator} are the same for every seed: its spread over trainings is unknown, and no "
                "interval holds it."
            )
        seeds_of: dict[str, list[int]] = {}
        for seed, warnings in zip(group["seed"], group["warnings"], strict=True):
            for warning in warnings:
                seeds_of.setdefault(warning, []).append(seed)
        for warning, seeds in seeds_of.items():
            whose = generator if len(seeds) == len(group) else f"{generator}, seed {', '.join(map(str, seeds))}"
            reasons.append(f"Images of {whose}: {warning}.")
    return reasons
