"""Words from outside (an error's text, an item's name) made fit to be stored and shown."""

import re

_UNPRINTABLE = re.compile("[\x00\ud800-\udfff]")


def printable(text: str, limit: int | None = None) -> str:
    """The text without NUL and half surrogates, which databases and UTF-8 refuse, cut to `limit` characters."""
    return _UNPRINTABLE.sub("\ufffd", text)[:limit]
