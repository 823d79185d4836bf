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
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return UserError(f"unknown {kind} {name!r}; known: {', '.join(known)}{hint}")
