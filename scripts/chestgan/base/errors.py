"""Errors that a user can mend: one line each, without a traceback."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Report a user's mistake: what was found, what was expected, where, and what to do."""


class Unfinished(Exception):
    """Report that work was stopped in time: nothing is lost, and another attempt resumes from there."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """Make the error for an unknown name, with the nearest known one."""
    known = sorted(known)
    return UserError(f"unknown {kind} {name!r}; known: {', '.join(known)}{did_you_mean(name, known)}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that is nearest to this one, whatever its case; nothing where none is near."""
    by_case = {other.casefold(): other for other in sorted(known, reverse=True)}
    nearest = difflib.get_close_matches(name.casefold(), by_case, n=1, cutoff=0.5)
    # a part of a name, such as patient of patient_id, may be far from the whole
    nearest = nearest or sorted(other for other in by_case if name and name.casefold() in other)
    return f"; did you mean {by_case[nearest[0]]!r}?" if nearest else ""
