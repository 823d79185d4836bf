"""The running starts of a study's generators: what each training began from, and why that calls for care."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from chestgan.study import input_checks

# what results of trainings say where something isn't known
UNKNOWN = "not told"


def read_starts(folders: Sequence[Path]) -> dict[str, dict[int, dict[str, Any]]]:
    """Read from results of train_acgan what each training began from: by generator and seed, of those with a start."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for folder in folders:
        told = input_checks.read_keys(folder / "settings.json", ("name", "seed"), "train_acgan")
        if start := start_of(told):
            found.setdefault(str(told["name"]), {})[int(told["seed"])] = start
    return found


def start_of(training: Mapping[str, Any]) -> dict[str, Any] | None:
    """Find the start in the settings.json of a training; None where it began from random weights."""
    return (training.get("origin") or {}).get("start")


def chain(start: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Go from a start to what it began from itself, and so on."""
    while start:
        yield start
        start = start_of(start)


def described(start: Mapping[str, Any]) -> str:
    """Describe a start and what it began from: name, data, patients, licence, images shown."""
    return ", which began from ".join(map(_one, chain(start)))


def caveats(starts: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> list[str]:
    """List what speaks against relying on generators that had a start.

    Args:
        starts: from `read_starts`.
    """
    reasons = []
    for generator, by_seed in starts.items():
        first = by_seed[min(by_seed)]
        reasons.append(
            f"The training of {generator} began from {described(first)}. Its images hold what other patients taught "
            "it, so a comparison with real images alone isn't one of the same patients."
        )
        if not all(start["patients_known"] for start in by_seed.values()):
            reasons.append(
                f"The files don't say which patients the start of {generator} has seen, so it can't be excluded that "
                "some are among the test patients."
            )
        if any(start["discriminator_share"] == 0 for start in by_seed.values()):
            reasons.append(f"The start of {generator} has no discriminator that fits, so the discriminator began anew.")
        if len(by_seed) > 1 and len({start["sha256"] for start in by_seed.values()}) == 1:
            reasons.append(
                f"All seeds of {generator} began from one file: the spread over trainings of the start is unknown, and "
                "no interval holds it."
            )
    return reasons


def _one(start: Mapping[str, Any]) -> str:
    origin = start.get("origin") or {}
    n_patients = origin.get("n_patients")
    patients = "patients not counted" if n_patients is None else f"{n_patients} patients"
    return (
        f"{start['name']} (data {origin.get('dataset') or UNKNOWN}, {patients}, licence "
        f"{origin.get('licence') or UNKNOWN}, {start['kimg']:g} thousand images shown)"
    )
