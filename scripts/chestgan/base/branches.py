"""What a study trains: its arms, by generator and by fraction of the real training patients, and where each lies."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chestgan.base import imported
from chestgan.base.errors import UserError
from chestgan.base.real_fraction import WHOLE, part
from chestgan.base.seeds import in_path

# they are what the other arms are compared with, so they are trained at every fraction
_REFERENCES = ("real", "real_augmented")


def arms(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Name the branches of a study's arms: one with synthetic images has one for each generator, real ones have one.

    Raises:
        UserError: an arm names a generator that isn't there, or names some and needs none.
    """
    generators_of = imported.arms_with(config["arms"], sorted(config["generators"]))
    return {
        name if generator is None else f"{name}-{generator}": {"arm": name, "generator": generator} | dict(arm)
        for name, arm in sorted(config["arms"].items())
        for generator in generators_of[name]
    }


def real_fractions(config: Mapping[str, Any]) -> dict[str, list[float]]:
    """List the fractions of the real training patients that each arm is trained with, the largest first.

    Raises:
        UserError: the study has no arm of all patients, or an arm has a fraction that the study hasn't.
    """
    of_study = config.get("real_fraction") or [WHOLE]
    if WHOLE not in of_study:
        raise UserError(
            f"real_fraction is {_listed(of_study)}, without 1: the answer of a study is that of all its patients; add 1"
        )
    if len(of_study) > 1 and "real" not in config["arms"]:
        raise UserError(
            f"real_fraction is {_listed(of_study)}, but the study has no arm real, whose score over the number of "
            "patients the others are held to; add it"
        )
    return {name: _of_arm(name, arm.get("real_fraction"), of_study) for name, arm in config["arms"].items()}


def parts(config: Mapping[str, Any]) -> list[str]:
    """Name the parts of a study's results in which fractions of the patients lie."""
    found = {fraction for fractions in real_fractions(config).values() for fraction in fractions}
    return [part(fraction) for fraction in sorted(found - {WHOLE}, reverse=True)]


def classifiers(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the part and the branch of each arm's classifiers, those of all patients first."""
    fractions_of, named = real_fractions(config), arms(config)
    pairs = [(fraction, name) for name, arm in named.items() for fraction in fractions_of[arm["arm"]]]
    return [(part(fraction), name) for fraction, name in sorted(pairs, key=lambda pair: (-pair[0], pair[1]))]


def trainings(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the part and the name of each generator that is trained, those of all patients first.

    A fraction's generator sees its patients alone, and is trained where an arm takes its images.
    """
    named = arms(config)
    taken = {(of, generator) for of, name in classifiers(config) if (generator := named[name]["generator"])}
    trained = [name for name, settings in sorted(config["generators"].items()) if not imported.is_imported(settings)]
    return [("", name) for name in trained] + [
        (of, name) for of in parts(config) for name in trained if (of, name) in taken
    ]


def starts(config: Mapping[str, Any]) -> dict[tuple[str, int], Path]:
    """Name the generator file that each training begins from, by generator and seed; of those that begin from one."""
    found = {}
    for name, settings in config["generators"].items():
        given = {**(config.get("train_acgan") or {}), **(settings or {})}.get("start_from")
        if given is not None and not imported.is_imported(settings):
            found |= {(name, seed): in_path(given, seed) for seed in config["seeds"]}
    return found


def _of_arm(name: str, own: Sequence[float] | None, of_study: Sequence[float]) -> list[float]:
    if own is None:
        return sorted(of_study, reverse=True)
    if name in _REFERENCES:
        raise UserError(
            f"arms.{name}.real_fraction is {_listed(own)}, but others are compared with this arm at every fraction; "
            "leave it out"
        )
    unknown = [fraction for fraction in own if fraction not in of_study]
    if unknown:
        raise UserError(
            f"arms.{name}.real_fraction has {unknown[0]:g}, with which no arm real is trained; expected some of "
            f"{_listed(of_study)}, or {unknown[0]:g} in real_fraction"
        )
    return sorted(own, reverse=True)


def _listed(fractions: Sequence[float]) -> str:
    return ", ".join(f"{fraction:g}" for fraction in fractions)
