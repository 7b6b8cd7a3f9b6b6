"""What the words of a post refer to: addresses, members by @name, and #hashtags. Pure text: no database is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

import regex

TAG_LENGTH = 64
# an address is taken whole, so that nothing inside it is a name or a hashtag
_REFERENCE = regex.compile(
    r"(?P<address>(?:https?://|www\.)\S+)"
    r"|(?<![\w.@/+-])@(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})(?![\w@])"
    r"|(?<![\p{L}\p{M}\p{N}_/&#])[#＃](?P<tag>[\p{L}\p{M}\p{N}_\u200c\u200d]+)",
    regex.IGNORECASE,
)
_LETTER = regex.compile(r"\p{L}")


@dataclass(frozen=True)
class Piece:
    """A stretch of a text. With a `name` or a folded `tag` it is a mention or a hashtag, else only words."""

    text: str
    name: str | None = None
    tag: str | None = None


def pieces(text: str) -> Iterator[Piece]:
    """The whole text, in order."""
    end = 0
    for found in _REFERENCE.finditer(text):
        name, tag = found["name"], found["tag"] and fold(found["tag"])
        if name is not None:
            name = name.rstrip(".-")
            stop = found.start() + 1 + len(name)
        elif tag:
            stop = found.end()
        else:
            continue
        if found.start() > end:
            yield Piece(text[end : found.start()])
        yield Piece(text[found.start() : stop], name, tag or None)
        end = stop
    if end < len(text):
        yield Piece(text[end:])


def names(text: str) -> set[str]:
    """The names after an @, in lower case; whether somebody is called so is another question."""
    return {piece.name.lower() for piece in pieces(text) if piece.name} if "@" in text else set()


def tags(text: str) -> frozenset[str]:
    """The hashtags, folded."""
    return _tags(text) if "#" in text or "＃" in text else frozenset()


@lru_cache(maxsize=4096)
def _tags(text: str) -> frozenset[str]:
    return frozenset(piece.tag for piece in pieces(text) if piece.tag)


def fold(tag: str) -> str | None:
    """The hashtag as it is kept, the same in any case and form; None for what is none, a number say."""
    folded = normalize("NFC", normalize("NFKC", tag).casefold())
    return folded if len(folded) <= TAG_LENGTH and _LETTER.search(folded) else None
