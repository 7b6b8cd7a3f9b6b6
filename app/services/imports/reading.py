"""An upload opened for reading: which of the formats it is, and its posts as rows."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import BinaryIO

from app import clock
from app.services.imports import archives, microblog, rows
from app.services.imports.archives import Refused
from app.services.imports.json_text import JsonText, Readable
from app.services.imports.rows import Row

_LOOKED_AT_BYTES = 512
_BLANK = b" \t\r\n"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class Reading:
    """The posts of an open upload. `done` of `total` bytes of JSON are read; both only move for the bar."""

    def __init__(self, file: BinaryIO, member: Readable, total: int, is_zip: bool) -> None:
        self.total = total
        self._file, self._is_zip = file, is_zip
        self._text = JsonText(member)

    @property
    def done(self) -> int:
        """Bytes read so far."""
        return min(self._text.given, self.total)

    @property
    def replaced(self) -> int:
        """Half characters that became U+FFFD so far."""
        return self._text.replaced

    def rows(self) -> Iterator[Row]:
        """Every entry once, in the file's order, the same each time. Raises Refused, NotReadable."""
        return rows.read(microblog.posts_in(self._text, self._again), clock.now())

    def _again(self) -> AbstractContextManager[Readable]:
        self._file.seek(0)
        if self._is_zip:
            return _member(self._file)
        return nullcontext(self._file)


@contextmanager
def opened(file: BinaryIO) -> Iterator[Reading]:
    """The upload as a zip with posts.json, or as that JSON itself. Raises Refused for anything else."""
    start = file.read(_LOOKED_AT_BYTES)
    length = file.seek(0, 2)
    file.seek(0)
    if start.startswith(b"PK"):
        with archives.opened(file, microblog.MEMBER) as (member, total):
            yield Reading(file, member, total, is_zip=True)
    elif start.startswith(_MARKS) or start.strip(_BLANK)[:1] in (b"{", b"["):
        yield Reading(file, file, length, is_zip=False)
    else:
        raise Refused(
            "This is neither a zip nor JSON. Give the zip that “Export posts” makes, or the posts.json in it."
        )


@contextmanager
def _member(file: BinaryIO) -> Iterator[Readable]:
    with archives.opened(file, microblog.MEMBER) as (member, _total):
        yield member
