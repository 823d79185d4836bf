"""What a check of the setup finds: fine, missing or wrong, what it is about, and what to do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chestgan.base.errors import UserError

STATES = ("fine", "missing", "wrong")


@dataclass(frozen=True)
class Finding:
    """One line of the answer.

    Attributes:
        state: one of `STATES`.
        subject: what was looked at.
        text: what was found, and what to do where it isn't fine.
    """

    state: str
    subject: str
    text: str

    def __str__(self) -> str:
        # one line, whatever a program answered
        return f"{self.state:<8} {self.subject}: {' '.join(self.text.split())}"


def fine(subject: str, text: str) -> Finding:
    """Find it as it should be."""
    return Finding("fine", subject, text)


def missing(subject: str, text: str) -> Finding:
    """Find that it isn't there."""
    return Finding("missing", subject, text)


def wrong(subject: str, text: str) -> Finding:
    """Find it other than it should be."""
    return Finding("wrong", subject, text)


def collect(subject: str, check: Iterable[Finding]) -> Iterator[Finding]:
    """Pass on what a check finds; a mistake that stops it is one more finding, and no other check suffers."""
    try:
        yield from check
    except UserError as error:
        yield wrong(subject, str(error))
