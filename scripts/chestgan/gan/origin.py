"""What a generator was made from, as its file and the results of its training tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chestgan.base import settings
from chestgan.base.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The images that a generator was trained on; what is None isn't told.

    Attributes:
        dataset: the name of the data.
        licence: the licence of the images.
        n_patients: the training patients of these data; those of the start come on top.
        start: the generator that the training began from; None where it began from random weights.
    """

    dataset: str | None = None
    licence: str | None = None
    n_patients: int | None = None
    start: "Start | None" = None

    def __post_init__(self) -> None:
        settings.check(self)
        _require_plain(self.dataset, "dataset")
        _require_plain(self.licence, "licence")


@dataclass(frozen=True, kw_only=True)
class Start:
    """The generator that a training began from.

    Attributes:
        name: what tables and figures of its own study called it.
        seed: of its own training.
        kimg: thousand images that its own training had shown.
        sha256: of its file.
        generator_share: share of the new generator's weights that were taken over, in (0, 1].
        discriminator_share: the same of the discriminator, in [0, 1], 0 where the start has none that fits; None of
            models that have none.
        patients_known: whether every patient is known that it, and what it began from, has seen.
        origin: what it was made from itself; None where its file is of an earlier version.
    """

    name: str
    seed: int
    kimg: float
    sha256: str
    generator_share: float
    discriminator_share: float | None
    patients_known: bool
    origin: Origin | None

    def __post_init__(self) -> None:
        settings.check(self)
        _require_plain(self.name, "name")


def _require_plain(text: str | None, field: str) -> None:
    """Refuse what a page can't show as it is: several lines, and brackets, which stand for references there."""
    if text and (not text.isprintable() or set(text) & set("[]|")):
        raise UserError(f"{field} is {text!r:.100}; expected one line of text without [, ] and |")


def from_fields(fields: Mapping[str, Any] | None) -> Origin | None:
    """Read an origin from the mappings that JSON has of it; None from None.

    Raises:
        UserError: a field has a value that it can't have.
        TypeError: a field is missing or unknown.
    """
    if fields is None:
        return None
    start = fields.get("start")
    if start is not None:
        start = Start(**start | {"origin": from_fields(start["origin"])})
    return Origin(**fields | {"start": start})
