"""What a section of the page is made of: prose, tables, figures, galleries, lists, boxes."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Prose:
    """A paragraph; `important` ones are set large."""

    text: str
    important: bool = False


@dataclass(frozen=True)
class Items:
    """A list with a line before it."""

    lead: str
    items: list[str]


@dataclass(frozen=True)
class Box:
    """A list that must not be overlooked."""

    title: str
    items: list[str]


@dataclass(frozen=True)
class Step:
    """A step of a flow: its name, what there is, and of what it consists or what was left out."""

    name: str
    left: str
    parts: list[str]


@dataclass(frozen=True)
class Flow:
    """Steps from above to below, and the branches side by side in which they end."""

    caption: str
    steps: list[Step]
    branches: list[Step]


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its heading.

    Attributes:
        caption: what it shows, with n and what an interval is.
        columns: the headings.
        rows: cells as text.
        of_text: whether the cells are words, set to the left, instead of numbers.
    """

    caption: str
    columns: list[str]
    rows: list[list[str]]
    of_text: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure as SVG.

    Attributes:
        svg: the element, with `title` and `desc`.
        caption: what stands below it.
        width: its natural width in CSS pixels.
    """

    svg: str
    caption: str
    width: int


@dataclass(frozen=True)
class Tile:
    """One image: its address as data, the text that stands for it, and a caption."""

    source: str
    text: str
    caption: str = ""


@dataclass(frozen=True)
class Gallery:
    """Rows of images, pixel by pixel, each row with its name; short ones may stand side by side."""

    caption: str
    rows: list[tuple[str, list[Tile]]]
    side_by_side: bool = False


@dataclass(frozen=True)
class Terms:
    """A list of terms and what they mean."""

    terms: dict[str, str]


@dataclass(frozen=True)
class Commands:
    """Lines for a shell."""

    text: str


@dataclass(frozen=True)
class Section:
    """A section of the page: an anchor, a heading, and its blocks in their order."""

    anchor: str
    title: str
    blocks: list[Any] = field(default_factory=list)
