"""JSON as bytes on their way to the parser: without a byte order mark, without half characters, never endless."""

import re
from typing import Protocol

from app.errors import Invalid
from app.services.imports import limits

CHUNK_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\0")
_HEX = rb"[0-9a-fA-F]"
# whole characters and whole escapes; the first half of a pair only together with what follows it
_WHOLE = re.compile(
    rb"(?:[^\\]++|\\[^u]|\\u(?![dD][89abAB])%(hex)s{4}"
    rb"|\\u[dD][89abAB]%(hex)s{2}(?=[^\\]|\\[^u]|\\u%(hex)s{4}))*+" % {b"hex": _HEX},
    re.DOTALL,
)
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB]%(hex)s{2}\\u[dD][c-fC-F]%(hex)s{2})|(?P<half>u[dD][89a-fA-F]%(hex)s{2})|.)"
    % {b"hex": _HEX},
    re.DOTALL,
)


class NotReadable(Invalid):
    """The file is not the JSON we read; the message says where it breaks, and what to do."""


class Readable(Protocol):
    """What there is to read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class JsonText:
    """The text as the parser may have it. Half of a surrogate pair becomes U+FFFD; `replaced` counts them.

    `given` is how many bytes of the file have been given out, the byte order mark (left out) among them.
    """

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._held = b""
        self._since_post = 0
        self._is_begun = self._is_over = False
        self.given = self.replaced = 0

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """About `size` bytes, all of them whole characters and escapes; none at the end, and for a size of 0."""
        if size == 0:
            return b""
        whole = b""
        while not whole and not self._is_over:
            whole = self._next(size)
        self.given += len(whole)
        self._since_post += len(whole)
        if self._since_post > limits.BETWEEN_POSTS_BYTES:
            raise NotReadable(f"Near byte {self.given:,} one thing alone is over 16 MB: that is no post.")
        return whole

    def passed_post(self) -> None:
        """A post has come out of the parser."""
        self._since_post = 0

    def _next(self, size: int) -> bytes:
        chunk = self._file.read(size)
        self._is_over = not chunk
        text = self._held + chunk
        if not self._is_begun and (len(text) >= len(_BOM) or self._is_over):
            bare = _without_mark(text)
            self.given += len(text) - len(bare)
            text, self._is_begun = bare, True
        end = len(text) if self._is_over else self._whole_length(text)
        whole, self._held = text[:end], text[end:]
        return _ESCAPE.sub(self._mended, whole) if _HALVES.search(whole) else whole

    @staticmethod
    def _whole_length(text: bytes) -> int:
        found = _WHOLE.match(text)
        end = found.end() if found else 0
        # what is held back is the beginning of an escape or two; more is no JSON, and the parser shall say so
        return end if len(text) - end < 12 else len(text)

    def _mended(self, escape: re.Match[bytes]) -> bytes:
        if escape["half"] is None:
            return escape[0]
        self.replaced += 1
        return b"\\ufffd"


def _without_mark(text: bytes) -> bytes:
    if text.startswith(_OTHER_ENCODINGS) or b"\0" in text[:4]:
        raise NotReadable("This file is not UTF-8 but another encoding. Save it again as UTF-8.")
    return text.removeprefix(_BOM)
