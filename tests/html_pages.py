"""A page taken apart, for tests: its elements with their attributes, and its text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br", "hr", "input", "path", "use"}


@dataclass
class Element:
    """An element: its attributes, and in their order its texts and the elements in it."""

    tag: str
    attributes: dict[str, str]
    content: list = field(default_factory=list)

    def all(self, *tags: str) -> list["Element"]:
        """List the elements within this one, of these tags or of any, in their order."""
        found = []
        for part in self.content:
            if isinstance(part, Element):
                found += ([part] if not tags or part.tag in tags else []) + part.all(*tags)
        return found

    def one(self, tag: str) -> "Element":
        """Give the only element of a tag."""
        (found,) = self.all(tag)
        return found

    def section(self, anchor: str) -> "Element":
        """Give the section with an anchor."""
        return next(element for element in self.all("section") if element.attributes["id"] == anchor)

    def text(self, *without: str) -> str:
        """Give the text as it is read, leaving out elements of some tags."""
        parts = (part if isinstance(part, str) else part.text(*without) for part in self.content)
        return "" if self.tag in without else " ".join(" ".join(parts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("page", {})]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].content.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        if tag not in _VOID:
            closed = self.open.pop()
            assert closed.tag == tag, f"</{tag}> closes <{closed.tag}>"

    def handle_data(self, data):
        self.open[-1].content.append(data)


def parse(text: str) -> Element:
    """Take a page apart; its tags must be well nested."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].tag}> isn't closed"
    return reader.open[0]
