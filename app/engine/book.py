"""The book a claim keeps of its run: one short transaction per batch writes items, counts, cursor and lease together.

The claim stands in the WHERE of every batch: who has lost the lease meets no row, and nothing it did is kept.
"""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, event, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from app import clock
from app.engine import lease, notices, progress, turns
from app.engine.gathering import Gathering
from app.engine.pulse import Pulse
from app.engine.registry import Task
from app.engine.signals import Cancelled, CommitInTask, LeaseLost, RollbackInTask
from app.extensions import db
from app.models import Run, notification, run_state

_NOT_THE_CALLER = ("sqlalchemy", "engine/book.py", "contextlib")
NOTICE_SECONDS = 0.25
SAYS_PER_RUN = 200
RECONNECT_SECONDS = 0.5
BATCH_LINE_SECONDS = 2.0
_BOOK = "run_book"
_COLUMNS = (
    "step_index",
    "step_name",
    "unit",
    "done",
    "total",
    "percent",
    "is_restarted",
    "ok_count",
    "failed_count",
    "skipped_count",
    "eta_seconds",
    "message",
    "cursor",
    "saved",
    "result_text",
    "result_url",
)


class Book:
    """The run's row as this claim believes it (detached), and the only way to commit while the task runs."""

    def __init__(self, row: Run, task: Task, pulse: Pulse) -> None:
        self.row, self.task, self.pulse = row, task, pulse
        self.session: Session = db.session()
        self.names = [(step[0], step[2] if len(step) > 2 else task.unit) for step in task.steps] or [("", task.unit)]
        self.weights = [step[1] for step in task.steps] or [1.0]
        self.pace = progress.Pace()
        self.wrote_since: float | None = None
        self.last_commit = self.last_notice = time.monotonic()
        self.turns = turns.of(self.session)
        self.files: list[Any] = []
        self.finished_files: set[str] = set()
        self.gatherings: list[Gathering] = []
        self.passes = 0
        self.careful_until: tuple[str, Any] | None = None
        self.said = self.batch_lines = 0
        self.next_batch_line = 0.0
        self.last_said: str | None = row.message
        self.is_walking = False
        self.broken: str | None = None
        self._may_commit = self._may_roll_back = False
        self._is_told = True

    @contextmanager
    def open(self) -> Iterator[None]:
        """While open, the session is the task's: no autoflush, objects outlive a batch, only the book commits."""
        before = self.session.autoflush, self.session.expire_on_commit
        self.session.autoflush, self.session.expire_on_commit = False, False
        self.session.info[_BOOK] = self
        try:
            yield
        finally:
            self.turns.drop()
            self.session.info.pop(_BOOK, None)
            self.session.autoflush, self.session.expire_on_commit = before

    @property
    def has_writes(self) -> bool:
        """True if this batch wrote, or will when it is flushed."""
        session = self.session
        # what flush() asks itself: new, dirty and deleted build a set each, and this is asked between chunks
        return self.wrote_since is not None or not session._is_clean() or notification.waiting_count(session) > 0

    def begin_writing(self) -> None:
        """The batch's first write is next: wait for the turn, then its clock starts."""
        self.turns.take(self.session)
        if self.wrote_since is None:
            self.wrote_since = time.monotonic()

    def advance(self) -> None:
        """Work was done just now (an item, a report): the clock of hangs starts anew."""
        self.pulse.advanced = time.monotonic()

    def tell_soon(self) -> None:
        """A change the member should see with the next batch, whatever the rhythm."""
        self._is_told = False

    def reached(self, is_restarted: bool = False) -> None:
        """Work out percent and time left from the counts. `is_restarted`: this step has no cursor to go on from."""
        row = self.row
        part = progress.fraction(self.weights, row.step_index, row.done, row.total)
        at_mark = part is not None and int(part * 100) >= (row.percent or 0)
        row.is_restarted = (row.is_restarted or is_restarted) and not at_mark
        row.percent = progress.percent(part, row.percent)
        self.pace.note(part, time.monotonic())
        row.eta_seconds = self.pace.left()

    def commit(self) -> None:
        """Write the batch. Raises LeaseLost, with all of it rolled back, if the run is another claim's by now."""
        self._check_session()
        session, row = self.session, self.row
        for gathering in self.gatherings:
            gathering.hand_over()
        now = time.monotonic()
        if self.has_writes:
            self.turns.take(session)
        session.flush()
        for file in self.files:
            file.note_length()
        found = self._write()
        if found is None:
            self.roll_back()
            self.pulse.interrupt(LeaseLost)
            raise LeaseLost
        if found != row.state:
            row.state = found
            self._is_told = False
        self._note_batch(now)
        if not self._is_told or now - self.last_notice >= NOTICE_SECONDS:
            self._say()
            notices.announce(row)
            self.last_notice, self._is_told = now, True
        self.end_transaction()
        self.last_commit = time.monotonic()
        self.wrote_since = None
        self.pulse.committed(found)
        self.turns.pause_and_pass()

    def end_transaction(self) -> None:
        """Commit what the engine itself opened; the task's own commit() raises CommitInTask."""
        self._check_session()
        self._may_commit = True
        try:
            self.session.commit()
        finally:
            self._may_commit = False

    def end_reading(self) -> None:
        """Let go of the snapshot a page was read from, if nothing is written yet."""
        if self.session.in_transaction() and not self.has_writes:
            self.end_transaction()

    def roll_back(self) -> None:
        """Drop what is not committed; the task's own rollback() raises RollbackInTask at the next batch."""
        self._may_roll_back = True
        try:
            self.session.rollback()
        finally:
            self._may_roll_back, self.broken = False, None
            self.turns.drop()

    def _check_session(self) -> None:
        if self.broken is not None or db.session() is not self.session:
            line = self.broken or "that calls db.session.remove()"
            raise RollbackInTask(
                f"Delete the line {line}: it drops items that are finished but not committed. "
                "Put what may fail into `with run.item(key):`."
            )

    def begin_again(self, careful_until: tuple[str, Any] | None = None) -> None:
        """Back to the last commit, in the same claim: after a broken batch (its items up to `careful_until` one by one,
        so that the good are kept and the bad one stands alone), or after the database was away.

        Waits for the database as long as the lease lasts. Raises LeaseLost when it is over or another's.
        """
        while True:
            try:
                self.roll_back()
                self.session.info[_BOOK] = self
                committed = self.session.get(Run, self.row.id, populate_existing=True)
                if committed is not None:
                    self.session.expunge(committed)
                self.end_transaction()
                break
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() > self.pulse.renewed + self.pulse.lease_seconds:
                    raise LeaseLost from error
                time.sleep(RECONNECT_SECONDS)
        if committed is None or committed.claim != self.row.claim or committed.state not in run_state.CLAIMED:
            raise LeaseLost
        self.row = committed
        self.wrote_since = None
        self.gatherings.clear()
        self.is_walking = False
        self.finished_files.clear()
        self.passes += 1
        self.careful_until = careful_until

    def _write(self) -> str | None:
        """The run's row: progress, cursor, lease. Its state, or None where this claim has the run no more."""
        connection = self.session.connection()
        values = {name: getattr(self.row, name) for name in _COLUMNS}
        age = timedelta(seconds=max(time.monotonic() - self.pulse.advanced, 0))
        values |= {"run_id": self.row.id, "own_claim": self.row.claim, "advanced_at": clock.now() - age}
        values |= lease.values(self.pulse.lease_seconds)
        found = connection.execute(_statement(connection.dialect.name), values).first()
        if found is not None and found.user_id is None and self.row.user_id is not None:
            self.roll_back()
            self.row.user_id = None
            raise Cancelled
        return found.state if found is not None else None

    def _note_batch(self, now: float) -> None:
        """The time-line shows a claim's first batch, then others, longer apart as it goes on."""
        if now < self.next_batch_line:
            return
        self.batch_lines += 1
        self.next_batch_line = now + BATCH_LINE_SECONDS * self.batch_lines
        amount = progress.amount(notices.standing_of(self.row))
        notices.record(self.row, "batch", f"Saved with its cursor: {amount or 'nothing yet'}")

    def _say(self) -> None:
        """The newest word of the task joins the time-line, a limited number of times."""
        if self.row.message and self.row.message != self.last_said and self.said < SAYS_PER_RUN:
            notices.record(self.row, "say", self.row.message)
            self.last_said = self.row.message
            self.said += 1


@cache
def _statement(dialect: str) -> Update:
    """Built once: it runs with every batch, and building it took longer than running it."""
    table = Run.__table__
    return (
        update(table)
        .where(
            table.c.id == bindparam("run_id"),
            table.c.claim == bindparam("own_claim"),
            table.c.state.in_(sorted(run_state.CLAIMED)),
        )
        .values({name: bindparam(name) for name in (*_COLUMNS, "advanced_at")})
        .values(lease_until=lease.expression(dialect))
        .returning(table.c.state, table.c.user_id)
    )


def book_of(session: Session) -> Book | None:
    """The book the session belongs to while a task runs in it."""
    book: Book | None = session.info.get(_BOOK)
    return book


@event.listens_for(Session, "before_commit")
def _refuse_task_commit(session: Session) -> None:
    book = book_of(session)
    if book is None or book._may_commit or session.in_nested_transaction():
        return
    raise CommitInTask(f"Delete the line {_caller()}: the engine commits a task's work, together with its cursor.")


@event.listens_for(Session, "after_soft_rollback")
def _note_rollback(session: Session, transaction: SessionTransaction) -> None:
    book = book_of(session)
    if book is not None and transaction.parent is None and not book._may_roll_back:
        book.broken = _caller()


@event.listens_for(Session, "before_flush")
def _note_flush(session: Session, _context: Any, _instances: Any) -> None:
    book = book_of(session)
    if book is not None and not book._may_commit:  # else the engine's own line of the time-line: no turn, no pause
        book.begin_writing()


@event.listens_for(Session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    book = book_of(state.session)
    if book is not None and not state.is_select:
        book.begin_writing()


def _caller() -> str:
    for frame in reversed(traceback.extract_stack()):
        if not any(part in frame.filename for part in _NOT_THE_CALLER):
            return f"{frame.filename}:{frame.lineno} ({frame.line})"
    return "that calls commit()"
