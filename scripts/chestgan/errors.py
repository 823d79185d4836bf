"""What a user can mend: errors that are told in one line, without a traceback."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Report a user's mistake: what was found, what was expected, where, and what to do."""


class Unfinished(Exception):
    """Report that work was stopped in time: nothing is lost, and another attempt goes on from there."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """Make the error for a name that isn't known, with the nearest one that is."""
    known = sorted(known)
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return UserError(f"unknown {kind} {name!r}; known: {', '.join(known)}{hint}")
