"""What people type: cleaned of what no page or database should meet, and counted as a person counts."""

import unicodedata

_KEPT_CONTROLS = {"\n", "\t"}
_UNSEEN = {"Mn", "Me", "Cf"}


def clean(text: str) -> str:
    """The text in normal form C, line ends as `\\n`, without control characters and the blanks around it."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(character for character in text if _is_allowed(character)).strip()


def length(text: str) -> int:
    """Characters as a person counts them, nearly: accents, joiners and variation marks do not count."""
    return sum(unicodedata.category(character) not in _UNSEEN for character in unicodedata.normalize("NFC", text))


def _is_allowed(character: str) -> bool:
    return character in _KEPT_CONTROLS or unicodedata.category(character) not in {"Cc", "Cs"}
