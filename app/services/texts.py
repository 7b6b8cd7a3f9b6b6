"""What people type: cleaned of what no page or database should meet, and counted as a person counts."""

import re
import unicodedata

import regex

from app.errors import Invalid

# controls but for line end and tab, and halves of surrogate pairs
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CHARACTER = regex.compile(r"\X")  # an extended grapheme cluster (UAX #29)
_UNSEEN = regex.compile(r"[\p{Mn}\p{Me}\p{Cf}]+")
# a character may be many code points, but nobody's honest thousand are more than these
_WORTH_COUNTING = 50_000


def clean(text: str) -> str:
    """The text in normal form C, line ends as `\\n`, without control characters and the blanks around it."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _FORBIDDEN.sub("", text).strip()


def checked(text: str, what: str, at_most: int) -> str:
    """The text as it is kept; `what` it is ("post"). Raises Invalid when there are no words, or too many."""
    text = clean(text[:_WORTH_COUNTING])
    count = length(text)
    if count == 0:
        raise Invalid("Write something first.")
    if count > at_most:
        raise Invalid(f"A {what} has at most {at_most:,} characters; this one has {count:,}.")
    return text


def length(text: str) -> int:
    """Characters as a person counts them: a letter with its accents, a flag or a family is one; what is unseen, none.

    static/js/lib/count.js counts by the same rule.
    """
    if text.isascii():
        return len(text)
    found = _CHARACTER.findall(unicodedata.normalize("NFC", text))
    return sum(_UNSEEN.fullmatch(character) is None for character in found)
