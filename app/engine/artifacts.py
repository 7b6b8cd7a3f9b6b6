"""Files that survive a `kill -9`: each claim writes parts of its own, and the cursor keeps how much of each is valid.

No claim writes into a file another one opened, so a zombie can spoil nothing; the parts are joined at the end.
"""

import errno
import glob
import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote

from flask import current_app
from sqlalchemy import or_, select

from app.adapters.storage import Storage, open_storage
from app.engine.book import Book
from app.extensions import db
from app.models import Artifact, Run, run_state

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
NAME_BYTES = 200  # a file system takes 255, and a part's name is longer
CHUNK_BYTES = 256 * 1024
FIXED_DATE = (1980, 1, 1, 0, 0, 0)


class PartFile:
    """A file in the making: append with `write`; `tell` is its whole valid length, over all claims."""

    def __init__(self, book: Book, name: str) -> None:
        self.name = name
        self._folder = storage().parts(book.row.id)
        self._state = book.row.cursor.setdefault("files", {}).setdefault(name, {"parts": []})
        self._own = f"{name}.{book.row.claim}.{book.passes}"
        self._before: int = sum(length for part, length in self._state["parts"] if part != self._own)
        self._file: IO[bytes] | None = None
        self._length = 0

    @property
    def is_finished(self) -> bool:
        """True if an earlier claim closed it."""
        return bool(self._state.get("finished"))

    def write(self, data: str | bytes) -> None:
        """Append text (as UTF-8) or bytes."""
        if self.is_finished:
            return  # by an earlier claim: this body only passes it again
        raw = data.encode() if isinstance(data, str) else data
        if self._file is None:
            self._file = (self._folder / self._own).open("wb", buffering=CHUNK_BYTES)
        self._file.write(raw)
        self._length += len(raw)

    def tell(self) -> int:
        """Bytes so far."""
        return self._before + self._length

    def note_length(self) -> None:
        """Hand the bytes to the system and remember how many are valid, for the batch that is about to commit."""
        if self._file is None:
            return
        self._file.flush()
        parts = [entry for entry in self._state["parts"] if entry[0] != self._own]
        self._state["parts"] = [*parts, [self._own, self._length]]

    def finish(self) -> None:
        """No more will be written."""
        self.note_length()
        self.close()
        self._state["finished"] = True

    def close(self) -> None:
        """Let go of the file; bytes past the last batch's length do not count."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def chunks(self) -> Iterator[bytes]:
        """The valid bytes of all claims, in order."""
        for part, length in self._state["parts"]:
            left = length
            with open(self._folder / part, "rb") as file:
                while left and (chunk := file.read(min(CHUNK_BYTES, left))):
                    left -= len(chunk)
                    yield chunk
            if left:
                raise FileNotFoundError(f"{self.name}: a part is shorter than its cursor says.")


def storage() -> Storage:
    """The application's storage."""
    return open_storage(current_app.config["STORAGE_URL"])


@contextmanager
def part(book: Book, name: str, keep: bool) -> Iterator[PartFile]:
    """A file that goes on where its valid bytes end. An exception inside leaves its parts for the next claim."""
    if name in book.finished_files:
        raise ValueError(f"{name} is finished: open it once, around all that is written to it.")
    file = PartFile(book, _checked(name))
    book.files.append(file)
    try:
        yield file
        if not file.is_finished:
            file.finish()
            if not book.is_walking:
                book.commit()
    finally:
        file.close()
        book.files.remove(file)
    book.finished_files.add(name)
    if keep:
        hand_over(book, name, file.chunks())


def hand_over(book: Book, name: str, chunks: Iterator[bytes]) -> None:
    """Write the finished file in one piece and give it to the run's owner."""
    with _whole(book, name) as whole:
        with open(whole, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
        _keep(book, name, whole)


def pack(
    book: Book, name: str, members: Sequence[PartFile], items: int, report: Callable[[int, int | None], None]
) -> None:
    """A zip of finished files: fixed order and dates, so the same rows give the same bytes.

    Reports how many of the `items` inside are packed, taking each to be equally long.
    """
    total = sum(member.tell() for member in members)
    done = 0
    with _whole(book, _checked(name)) as whole:
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for member in members:
                entry = zipfile.ZipInfo(member.name, FIXED_DATE)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                entry.file_size = member.tell()
                with archive.open(entry, "w") as target:
                    for chunk in member.chunks():
                        target.write(chunk)
                        done += len(chunk)
                        report(items * done // total, items)
        _keep(book, name, whole)


def remove(run_id: str) -> None:
    """Remove all of a run's files, finished or not; the rows are the caller's."""
    place = storage()
    place.remove_all(f"runs/{run_id}")
    shutil.rmtree(place.parts(run_id), ignore_errors=True)


def remove_parts(run_id: str) -> None:
    """Remove what is left of a run's unfinished files, or of another folder of parts."""
    shutil.rmtree(storage().parts(run_id), ignore_errors=True)


def abandoned_parts(before: datetime) -> list[str]:
    """Names of folders that nobody has added to since `before`, and that no run goes on from: a process died there."""
    names = storage().parts_older_than(before)
    goes_on = or_(Run.state.in_(run_state.ACTIVE), Run.state == run_state.FAILED)
    needed = set(db.session.scalars(select(Run.id).where(Run.id.in_(names), goes_on))) if names else set()
    return [name for name in names if name not in needed]


@contextmanager
def _whole(book: Book, name: str) -> Iterator[Path]:
    """Where to write the whole file. A disk may be full because of it: what an attempt leaves unfinished goes."""
    folder = storage().parts(book.row.id)
    for left in folder.glob(f"{glob.escape(name)}.*.whole"):
        left.unlink(missing_ok=True)
    whole = folder / f"{name}.{book.row.claim}.whole"
    try:
        yield whole
    except BaseException:
        whole.unlink(missing_ok=True)
        raise


def _keep(book: Book, name: str, whole: Path) -> None:
    with open(whole, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = whole.stat().st_size
    key = f"runs/{book.row.id}/{book.row.claim}/{name}"
    storage().put(key, whole)
    book.session.merge(Artifact(run_id=book.row.id, name=name, storage_key=key, size_bytes=size, sha256=digest))
    book.row.result_url = f"/runs/{book.row.id}/files/{quote(name, safe='')}"


def _checked(name: str) -> str:
    is_name = name.isprintable() and not name.startswith(".") and "/" not in name and "\\" not in name
    if not name or not is_name or len(name) > 100 or len(name.encode()) > NAME_BYTES:
        raise ValueError(f"{name!r} is not a file's name.")
    return name
