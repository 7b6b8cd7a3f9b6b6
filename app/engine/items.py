"""One item in a SAVEPOINT, opened by the item's first write: a failed item leaves nothing, the others stay."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from app.engine import artifacts
from app.engine.book import book_of
from app.models import notification

_ITEM = "run_item"
_NO_WRITES = ("disk is full", "No space left", "readonly database", "read-only transaction")


class Item:
    """The SAVEPOINT around one item, opened by the item's first write."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.savepoint: SessionTransaction | None = None
        self.collected = notification.waiting_count(self.session)
        self.is_open = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While watched, the session's first write opens the SAVEPOINT."""
        outer: Item | None = self.session.info.get(_ITEM)
        if outer is not None:
            outer.first_write()
        self.is_open = True
        self.session.info[_ITEM] = self
        try:
            yield
        finally:
            self.is_open = False
            self.session.info[_ITEM] = outer

    def first_write(self) -> None:
        """Open the SAVEPOINT, once."""
        if not self.is_open or self.savepoint is not None:
            return
        self.is_open = False
        book = book_of(self.session)
        if book is not None:
            book.begin_writing()
        self.savepoint = self.session.begin_nested()

    def keep(self) -> None:
        """The item is good."""
        self.session.flush()
        if self.savepoint is not None:
            self.savepoint.commit()

    def undo(self) -> None:
        """The item is bad: nothing of it stays, in the database or in the session."""
        if self.savepoint is not None:
            self.savepoint.rollback()
        for new in list(self.session.new):
            self.session.expunge(new)
        for gone in list(self.session.deleted):
            self.session.add(gone)
        for changed in list(self.session.dirty):
            self.session.expire(changed)
        notification.forget_after(self.session, self.collected)


@event.listens_for(Session, "before_flush")
def _open_before_flush(session: Session, _context: Any, _instances: Any) -> None:
    item = session.info.get(_ITEM)
    if item is not None:
        item.first_write()


@event.listens_for(Session, "do_orm_execute")
def _open_before_statement(state: ORMExecuteState) -> None:
    """An item's own INSERT, UPDATE or DELETE: what it changed on objects goes first, both inside the SAVEPOINT."""
    item = state.session.info.get(_ITEM)
    if item is not None and not state.is_select:
        state.session.flush()
        item.first_write()


def is_environment(error: BaseException) -> bool:
    """True for trouble that is not one item's: the database is away, the disk is full or gone, no memory is left."""
    return is_full_or_read_only(error) or isinstance(error, (OperationalError, InterfaceError, MemoryError))


def is_full_or_read_only(error: BaseException) -> bool:
    """True if there is an answer, and no room to write, or no leave to: a disk's, or the database's."""
    if isinstance(error, DBAPIError):
        return any(words in str(error.orig) for words in _NO_WRITES)
    return isinstance(error, OSError) and error.errno in artifacts.DISK_ERRORS


def is_database_away(error: BaseException) -> bool:
    """True if the database may be back in a moment: the connection broke, or a lock was held too long."""
    return isinstance(error, (OperationalError, InterfaceError)) and not is_full_or_read_only(error)
