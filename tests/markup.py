"""A page as a browser takes it apart: its elements with their attributes, and what they have it fetch."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FETCHED = {"src", "srcset", "poster", "data", "background"}
IMPORTED = re.compile(r"""@import\s+(?:url\()?\s*["']?([^"')\s]+)|url\(\s*["']?([^"')]+)""")
MODULE = re.compile(r"""\b(?:import|from)\s*\(?\s*["']([^"']+)["']""")


@dataclass(frozen=True)
class Element:
    tag: str
    attributes: dict[str, str]


class Markup(HTMLParser):
    """`elements` in order, `comments`, and `pieces`: each text with its tags, `[dir]` at those that set one."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.comments: list[str] = []
        self.pieces: list[tuple[tuple[str, ...], str]] = []
        self._open = [""]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self._open.append(f"{tag}[dir]" if "dir" in self.elements[-1].attributes else tag)

    def handle_endtag(self, tag: str) -> None:
        tags = [name.removesuffix("[dir]") for name in self._open]
        if tag in tags:
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]

    def handle_comment(self, comment: str) -> None:
        self.comments.append(comment)

    def handle_data(self, data: str) -> None:
        self.pieces.append((tuple(self._open), data))

    @property
    def text(self) -> str:
        """What a person reads."""
        return "".join(words for _, words in self.pieces)

    def fetched(self) -> list[str]:
        """What the browser asks for by itself, as the page names it."""
        named = [value for each in self.elements for name, value in each.attributes.items() if name in FETCHED]
        named += [each.attributes["href"] for each in self.elements if _is_fetched(each)]
        return named


def _is_fetched(element: Element) -> bool:
    """True unless its address is only told: another form of the page, a feed say."""
    is_told = element.tag == "link" and "alternate" in element.attributes.get("rel", "").split()
    return element.tag in ("link", "use", "image") and not is_told


def fetched_by(address: str, mimetype: str, text: str) -> list[str]:
    """The whole addresses of what a page, stylesheet or module has the browser ask for; those inside it left out."""
    if mimetype == "text/html":
        named = Markup(text).fetched()
    elif mimetype == "text/css":
        named = [first or second for first, second in IMPORTED.findall(text)]
    else:
        named = MODULE.findall(text) if "javascript" in mimetype else []
    return [urldefrag(urljoin(address, name)).url for name in named if not name.startswith(("data:", "#"))]
