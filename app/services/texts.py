"""What people type: cleaned of what no page or database should meet, and counted as a person counts."""

import re
import unicodedata

# controls but for line end and tab, and halves of surrogate pairs
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSEEN = {"Mn", "Me", "Cf"}


def clean(text: str) -> str:
    """The text in normal form C, line ends as `\\n`, without control characters and the blanks around it."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _FORBIDDEN.sub("", text).strip()


def length(text: str) -> int:
    """Characters as a person counts them, nearly: accents, joiners and variation marks do not count."""
    return sum(unicodedata.category(character) not in _UNSEEN for character in unicodedata.normalize("NFC", text))
