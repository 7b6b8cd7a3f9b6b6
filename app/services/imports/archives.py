"""Reading one member of a zip that a stranger made: by name, never unpacked, and counted while it is read.

What a zip says of itself is only believed when it says too much.
"""

import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from app.errors import Invalid
from app.services.imports import limits

_SHOWN_NAMES = 5
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError)


class Refused(Invalid):
    """The archive cannot be read, or is not safe to read; the message says which, and what to do."""


class Member:
    """A member's bytes. Raises Refused as soon as there are more than an honest archive holds."""

    def __init__(self, file: IO[bytes], entry: zipfile.ZipInfo) -> None:
        self._file, self._entry = file, entry
        self._count = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; none at the end."""
        try:
            chunk = self._file.read(size)
        except _BROKEN as error:
            raise Refused(f"{self._entry.filename} is damaged in this archive. Download it again.") from error
        self._count += len(chunk)
        _check_size(self._entry, self._count)
        return chunk


@contextmanager
def opened(file: BinaryIO, wanted: str) -> Iterator[tuple[Member, int]]:
    """The member called `wanted`, in whichever folder, and its length. Raises Refused."""
    try:
        archive = zipfile.ZipFile(_Bounded(file))
    except (*_BROKEN, NotImplementedError, ValueError, OSError) as error:
        raise Refused("This zip is not whole. An incomplete download? Fetch it again.") from error
    with archive:
        entries = archive.infolist()
        _check_entries(entries)
        entry = _find(entries, wanted)
        _check_size(entry, entry.file_size)
        try:
            member = archive.open(entry)
        except (*_BROKEN, NotImplementedError, RuntimeError, ValueError) as error:
            raise Refused(f"{entry.filename} cannot be read: {_reason(entry)}.") from error
        with member:
            yield Member(member, entry), entry.file_size


class _Bounded:
    """A file that is not read in huge pieces: a zip's table of contents is read whole, and may claim any length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek: Callable[..., int] = file.seek
        self.tell: Callable[[], int] = file.tell
        self.seekable: Callable[[], bool] = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > limits.DIRECTORY_BYTES:
            raise Refused(_TOO_MANY)
        return self._file.read(size)


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > limits.ENTRIES:
        raise Refused(_TOO_MANY)
    if sum(entry.file_size for entry in entries) > limits.TOTAL_BYTES:
        raise Refused("Unpacked, this archive would be larger than 4 GB, so it was not read.")
    for entry in entries:
        name = entry.orig_filename
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name.startswith(("/", "\\")) or "\0" in name or "\\" in name or ":" in parts[0]:
            raise Refused(f"This archive was not read: the name {name[:80]!r} in it leads elsewhere.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise Refused(f"This archive was not read: {name[:80]!r} in it is a link.")
    name, count = Counter(entry.filename for entry in entries).most_common(1)[0] if entries else ("", 0)
    if count > 1:
        raise Refused(f"This archive was not read: {name[:80]!r} stands in it {count} times.")


def _find(entries: list[zipfile.ZipInfo], wanted: str) -> zipfile.ZipInfo:
    """At the top, or in the one folder that has it: some systems pack a folder round everything."""
    files = [entry for entry in entries if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")]
    there = [entry for entry in files if entry.filename == wanted]
    there = there or [entry for entry in files if entry.filename.endswith(f"/{wanted}")]
    if len(there) == 1:
        return there[0]
    if there:
        raise Refused(f"There are {len(there)} files called {wanted} in it; leave the one you mean.")
    names = [entry.filename[:60] for entry in files]
    found = ", ".join(names[:_SHOWN_NAMES]) or "nothing"
    more = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
    raise Refused(f"No {wanted} in it; found: {found}{more}. Give the zip that “Export posts” makes.")


def _check_size(entry: zipfile.ZipInfo, count: int) -> None:
    """`count` bytes of the member, stated or read, against the caps."""
    if count > limits.MEMBER_BYTES:
        raise Refused(f"Unpacked, {entry.filename} is larger than 2 GB, so it was not read.")
    if count > limits.RATIO_FROM_BYTES and count > limits.RATIO * max(entry.compress_size, 1):
        raise Refused(f"{entry.filename} is packed far too tightly to be real, so it was not read.")


def _reason(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 0x1:
        return "it has a password. Pack it again without one"
    return "it is damaged, or packed in an unusual way. Download it again"


_TOO_MANY = f"There are more than {limits.ENTRIES:,} files in this archive, so it was not read."
