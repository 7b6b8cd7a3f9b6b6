"""From what people type to the words an index holds: the same rule for posts and for questions, on every database."""

import re
from functools import lru_cache
from unicodedata import normalize

MAX_WORD_LENGTH = 64
_BEGINNING = 3
# written without blanks (Thai, Japanese, Chinese, Korean), and pictures: each character is a word of its own, and a
# question's characters must stand side by side
_ALONE = (
    "\u0e00-\u0e7f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0002fa1f\u2600-\u27bf\U0001f300-\U0001faff"
)
_WORD = re.compile(f"[{_ALONE}]|(?:(?![{_ALONE}])[^\\W_])+")
_ACCENTS = re.compile("[\u0300-\u036f]")


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words in order, without case, accents and punctuation; of letters, digits and pictures alone."""
    return tuple(word[:MAX_WORD_LENGTH] for word in _WORD.findall(_folded(text)))


def phrases(question: str, most: int = 20) -> list[tuple[str, ...]]:
    """What a post must hold, each a run of neighbouring words: `e-mail` asks for "e" before "mail". Empty: nothing."""
    asked = (words(part) for part in question.split())
    return [phrase for phrase in asked if phrase][:most]


def may_go_on(word: str) -> bool:
    """True for the beginning of a word: three letters, as shorter ones begin too many to look them all up."""
    return len(word) >= _BEGINNING


def _folded(text: str) -> str:
    return normalize("NFKC", _ACCENTS.sub("", normalize("NFKD", text.casefold())))
