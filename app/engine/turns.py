"""SQLite has one writer, and who waits for it asks now and then: tasks take turns, so that pages find it free.

A turn lasts from a batch's first write to the end of the pause after it, across all processes of this machine: a lock
on a file beside the database, which the kernel releases with the process. Other databases need none.
"""

import time
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy.orm import Session

from app.extensions import is_writing

try:
    import fcntl
except ImportError:  # not a Unix: tasks meet at the database's own lock
    fcntl = None  # type: ignore[assignment]  # the name stays, its module is not there

PATIENCE_SECONDS = 1.0
_ASK_SECONDS = 0.002
_PAUSE_SECONDS = 0.010
_LONGEST_PAUSE_SECONDS = 0.5  # a batch that waited for a lock held seconds long was not writing all that time


class Turns(Protocol):
    """Whose turn it is to write."""

    def take(self, session: Session) -> None:
        """Wait for the turn, once a batch."""

    def pause_and_pass(self) -> None:
        """After the commit: let others write first."""

    def drop(self) -> None:
        """Give the turn back without a pause: nothing was written."""


class FreeForAll:
    """A database with many writers."""

    def take(self, session: Session) -> None:
        """Nobody waits."""

    def pause_and_pass(self) -> None:
        """Nobody pauses."""

    def drop(self) -> None:
        """There is none."""


class OneWriter:
    """SQLite: one task writes at a time, and after it the database is free for as long as it was held."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.file: IO[bytes] | None = None
        self.since: float | None = None

    def take(self, session: Session) -> None:
        """Wait for the turn, at most a second: a task frozen in its turn must not stop the others for good.

        Who writes already has the database's own lock, and asks for no turn while holding it.
        """
        if self.since is not None:
            return
        if self.path is not None and fcntl is not None and not is_writing(session.connection()):
            self._lock(self.path)
        self.since = time.monotonic()

    def pause_and_pass(self) -> None:
        """Sleep for as long as the batch was written, from 10 ms to half a second; then another task may."""
        if self.since is not None:
            time.sleep(min(max(time.monotonic() - self.since, _PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS))
        self.drop()

    def drop(self) -> None:
        """Give the turn back."""
        self.since = None
        if self.file is not None:
            self.file.close()
            self.file = None

    def _lock(self, path: Path) -> None:
        try:
            file = path.open("ab")
        except OSError:  # a folder without leave to write: the database will say so itself
            return
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_ASK_SECONDS)
            else:
                self.file = file
                return
        file.close()


def of(session: Session) -> Turns:
    """The turns of the session's database."""
    url = session.get_bind().engine.url
    if url.get_backend_name() != "sqlite":
        return FreeForAll()
    is_file = bool(url.database) and url.database != ":memory:" and not str(url.database).startswith("file:")
    return OneWriter(Path(f"{url.database}-turns") if is_file else None)
