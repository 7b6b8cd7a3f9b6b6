"""From a job to a finished run: claim it, call the task, and write how it ended. One claim, one call of `perform`."""

import copy
import logging
import os
import random
import secrets
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask, current_app
from sqlalchemy import event, select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from app import clock
from app.engine import artifacts, faults, lease, moves, notices, outbox, registry, steps
from app.engine.book import Book
from app.engine.items import is_database_away, is_environment, is_full_or_read_only
from app.engine.pulse import Pulse
from app.engine.registry import Task
from app.engine.run_handle import Run as Handle
from app.engine.signals import Cancelled, LeaseLost, TimedOut, Yield
from app.engine.words import printable
from app.errors import ProductError
from app.extensions import db
from app.models import Run, User, run_state

log = logging.getLogger(__name__)

ERRORS = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit)
PATIENCE = 3  # times in a row that the database may go away without the run getting any further
CLAIM_AGAIN_SECONDS = 0.5
BACKOFF_SECONDS, BACKOFF_CAP_SECONDS = 5.0, 600.0


class RunFailed(Exception):
    """Tells RQ that the run ended failed; the run's row tells why."""


_OTHER_STEPS = (
    "The steps of this task changed in a new version, so it cannot go on where it stopped. Run it again from the start."
)
_current: list[Pulse] = []
_is_stopping = False


def perform(run_id: str, claim: int, *, in_thread: bool = False) -> None:
    """Claim the run and do it. A job that comes twice, or late, finds another claim number and does nothing.

    Raises RunFailed when the run ended failed, so that RQ lists the job as failed exactly then.
    """
    if not in_thread:
        _settle_in()
    with _listening(in_thread):
        _claim_and_do(run_id, claim, in_thread)


def _claim_and_do(run_id: str, claim: int, in_thread: bool) -> None:
    try:
        row = _claim_in_time(run_id, claim, in_thread)
    except DBAPIError as error:
        _leave(run_id, error)
        return
    if row is None:
        log.info("run %s: claim %s is not to be had any more", run_id, claim)
        return
    began = time.monotonic()
    task = registry.find(row.task)
    level = logging.DEBUG if task is not None and task.quiet else logging.INFO
    log.log(level, "run %s taken: %s, claim %s", run_id, row.task, row.claim)
    if row.is_orphaned:
        _end_cancelled(row, "Its owner is gone")
    elif task is None:
        _end(
            row, run_state.FAILED, f"The task {row.task!r} no longer exists in this version.", reason=notices.TASK_GONE
        )
    elif not steps.fit(row, task):
        _end(row, run_state.FAILED, _OTHER_STEPS, reason=notices.STEPS_CHANGED)
    else:
        try:
            row = _work(row, task, in_thread)
        except DBAPIError as error:
            _leave(run_id, error)
            return
    left = (run_id, row.task, row.claim, row.state, time.monotonic() - began)
    log.log(level, "run %s left: %s, claim %s, %s after %.1f s", *left)
    with suppress(OperationalError, InterfaceError):  # the database is away: housekeeping sends them when it is back
        outbox.send_waiting(row.user_id)
    if row.state == run_state.FAILED:
        raise RunFailed(row.error)


def call(task: Task, *args: Any, **kwargs: Any) -> Any:
    """A declared task called as a plain function: with a handle it runs; with a member's id it makes its own run."""
    if args and isinstance(args[0], Handle):
        return task.function(*args, **kwargs)
    owner = db.session.get(User, args[0]) if args and args[0] is not None else None
    if args and args[0] is not None and owner is None:
        raise LookupError(f"There is no member with the id {args[0]!r}.")
    row = outbox.request(task.name, by=owner, args=kwargs)
    is_new = outbox.keep_from_sending(row)
    run_id, claim = row.id, row.claim
    db.session.commit()
    if is_new:
        perform(run_id, claim)
    return run_id


def stop_here(_signal_number: int = 0, _frame: object = None) -> None:
    """SIGTERM: whatever this process has in hand, or is about to take, yields at its next batch."""
    global _is_stopping
    _is_stopping = True
    for pulse in list(_current):
        pulse.interrupt(Yield)


def is_stopping() -> bool:
    """True once this process was told to end: it takes up nothing more."""
    return _is_stopping


def _claim_in_time(run_id: str, claim: int, in_thread: bool) -> Run | None:
    """As `_claim`; a worker waits for a database that takes no writes until it is told to stop: nothing else can be
    done without it.
    """
    is_told = False
    while True:
        try:
            row = _claim(run_id, claim, in_thread)
            return _had_already(run_id, claim) if row is None and is_told else row
        except DBAPIError as error:
            if in_thread or _is_stopping or not is_environment(error):
                raise
            if not is_told:
                log.warning("run %s cannot be taken yet: %s", run_id, explain(error))
            is_told = True
        with suppress(DBAPIError):
            db.session.rollback()
        time.sleep(CLAIM_AGAIN_SECONDS)


def _claim(run_id: str, claim: int, in_thread: bool) -> Run | None:
    """Take the run: a compare-and-set on the claim number. None if another has it, or it is not queued."""
    holder = lease.holder() | ({"thread": True} if in_thread else {})
    now = clock.now()
    found = db.session.execute(
        update(Run)
        .where(Run.id == run_id, Run.claim == claim, Run.state == run_state.QUEUED)
        .values(
            state=run_state.RUNNING,
            claim=claim + 1,
            reason=None,
            worker=holder,
            claimed_at=now,
            advanced_at=now,
            lease_until=lease.until(current_app.config["LEASE_SECONDS"]),
        )
        .returning(Run.id)
        .execution_options(synchronize_session=False)
    ).first()
    if found is None:
        db.session.rollback()
        return None
    row = db.session.get(Run, run_id, populate_existing=True)
    assert row is not None
    is_first = row.started_at is None
    if is_first:
        row.started_at = now
    task = registry.find(row.task)
    if task is not None and steps.fit(row, task):
        steps.take_up(row, task)
    notices.record(row, "claim", f"Claim {row.claim} by {holder['host']}, process {holder['pid']}{_from(row)}")
    notices.announce(row)
    db.session.commit()
    db.session.refresh(row)
    db.session.expunge(row)
    return row


def _had_already(run_id: str, claim: int) -> Run | None:
    """The connection broke after the claim was committed, and before this process had word of it: it is ours."""
    query = select(Run).where(Run.id == run_id, Run.claim == claim + 1, Run.state.in_(run_state.CLAIMED))
    row: Run | None = db.session.scalar(query.execution_options(populate_existing=True))
    if row is not None:
        db.session.expunge(row)
    db.session.rollback()
    return row if row is not None and row.worker == lease.holder() else None


def _from(row: Run) -> str:
    return "" if row.claim == 1 else f", from {row.percent or 0} %"


def _leave(run_id: str, error: DBAPIError) -> None:
    """The database takes not even the run's state: housekeeping finds it, once the lease is over or the job is missed.

    Raises the error itself where it does not come from outside.
    """
    if not is_environment(error):
        raise error
    log.warning("run %s left as it is: %s It goes on when the database does.", run_id, explain(error))
    with suppress(DBAPIError):
        db.session.rollback()


def _work(row: Run, task: Task, in_thread: bool) -> Run:
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way out
    pulse = Pulse(
        run_id=row.id,
        claim=row.claim,
        lease_seconds=current_app.config["LEASE_SECONDS"],
        stall_after=task.stall_after,
        timeout=task.timeout,
        may_exit=not in_thread,
        overtime=partial(_overtime, app, row.id, row.claim, task),
    )
    book = Book(row, task, pulse)
    with _heard_by(pulse), book.open():
        dialect = db.engine.dialect.name
        pulse.start(db.engine, lambda seconds: lease.until(seconds, dialect))
        if _is_stopping:
            pulse.interrupt(Yield)
        try:
            _call_and_end(book, task)
        finally:
            pulse.end()
    return book.row


def _call_and_end(book: Book, task: Task) -> None:
    row = book.row
    try:
        task.parameters.bind(None, **row.args)
    except TypeError as error:
        _drop(book)
        _end(row, run_state.FAILED, f"What was asked for no longer fits the task: {error}.", reason="arguments")
        return
    try:
        _call(book, task)
    except LeaseLost:
        _drop(book)
        log.warning("run %s claim %s: the lease is another's; stopped without writing", row.id, row.claim)
    except Cancelled:
        _drop(book)
        _end_cancelled(book.row)
    except Yield:
        _yield(book)
    except TimedOut:
        _drop(book)
        _time_out(book.row, task)
    except ERRORS as error:
        _let_go(error)
        _drop(book)
        if _is_ownerless(book.row):
            _end_cancelled(book.row, "Its owner is gone")
        else:
            _fail(book.row, task, explain(error), error)


def _call(book: Book, task: Task) -> None:
    """The body and its end. When an item breaks, its batch is done again item by item, so what was finished before it
    is kept.

    When the database goes away the body goes on from its cursor once it is back, as long as the lease lasts.
    """
    is_careful, patience, reached = False, PATIENCE, copy.deepcopy(book.row.cursor)
    while True:
        handle = faults.handle(book)
        try:
            task.function(handle, **book.row.args)
            handle.settle()
            _finish(book)
            return
        except ERRORS as error:
            if is_database_away(error) and patience:
                log.warning("run %s: the database went away; waiting for it", book.row.id)
                book.begin_again()
                patience = PATIENCE if book.row.cursor != reached else patience - 1
                reached = copy.deepcopy(book.row.cursor)
                continue
            where = handle.where()
            if where is None or is_careful or is_environment(error):
                raise
            is_careful = True
            book.begin_again(where)


def _finish(book: Book) -> None:
    """The body came to its end: write its last batch, and that it is over."""
    if book.pulse.stop is LeaseLost:
        raise LeaseLost
    book.reached()
    book.commit()
    _drop(book)
    _end(book.row, run_state.PARTIAL if book.row.failed_count else run_state.SUCCEEDED)


def _drop(book: Book) -> None:
    """Roll back what is not committed, and let the engine itself write."""
    book.roll_back()
    book.session.info.pop("run_book", None)


def _let_go(error: BaseException) -> None:
    """The body is over, but the error's frames hold its variables: perhaps all the memory there is."""
    chained: BaseException | None = error
    seen = set()
    while chained is not None and id(chained) not in seen:
        seen.add(id(chained))
        traceback.clear_frames(chained.__traceback__)
        chained = chained.__cause__ or chained.__context__


def _yield(book: Book) -> None:
    """A deploy: what is committed stays, the run goes on at once elsewhere; no attempt, no strike."""
    _drop(book)
    row = book.row
    if row.state == run_state.CANCELLING:
        _end(row, run_state.CANCELLED)
        return
    why = "The worker is shutting down; another goes on"
    if not moves.move(row, run_state.QUEUED, why=why, reason=notices.DEPLOY, strikes=0, sent_at=clock.now()):
        _meet_cancel(row)
        return
    outbox.send_after_commit(row.id)
    db.session.commit()


def _is_ownerless(row: Run) -> bool:
    """The owner may have been deleted since the last batch, and an item broken for that: a key that leads nowhere."""
    if row.user_id is not None:
        row.user_id = db.session.scalar(select(Run.user_id).where(Run.id == row.id))
        db.session.rollback()
    return row.is_orphaned


def _end_cancelled(row: Run, why: str = "Stopping") -> None:
    """Asked for by the owner; or the owner is gone, and the run goes through cancelling by itself."""
    if row.state == run_state.RUNNING:
        moves.move(row, run_state.CANCELLING, why=why)
    _end(row, run_state.CANCELLED)


def _time_out(row: Run, task: Task) -> None:
    _fail(row, task, f"It took longer than {task.timeout or 0:g} seconds.", None, reason="timeout")


def _overtime(app: Flask, run_id: str, claim: int, task: Task) -> None:
    """In the heartbeat's thread: the body does not come back from its time limit, and the process is about to end."""
    with app.app_context():
        row = db.session.get(Run, run_id)
        if row is not None and row.claim == claim:
            _time_out(row, task)


def _meet_cancel(row: Run) -> None:
    """A cancel was asked for in this very moment, so the move met another state."""
    db.session.rollback()
    row.state = run_state.CANCELLING
    _end(row, run_state.CANCELLED)


def _fail(row: Run, task: Task, sentence: str, error: BaseException | None, reason: str = "error") -> None:
    """An error: try again after a back-off, while attempts are left and it could help."""
    trace = printable("".join(traceback.format_exception(error))) if error else None
    sentence = printable(sentence)
    is_ours = error is not None and not isinstance(error, ProductError) and not is_full_or_read_only(error)
    reference = secrets.token_hex(4) if is_ours else None
    if reference:
        log.error("run %s (%s) reference %s\n%s", row.id, row.task, reference, trace)
    told = {"error": sentence, "error_reference": reference, "error_trace": trace}
    if row.state == run_state.CANCELLING:
        _end(row, run_state.CANCELLED)
        return
    if isinstance(error, ProductError) or row.attempt > task.retries:
        _end(row, run_state.FAILED, sentence, reason=reason, **told)
        return
    wait = random.uniform(0, min(BACKOFF_SECONDS * 2 ** (row.attempt - 1), BACKOFF_CAP_SECONDS))
    moved = moves.move(
        row,
        run_state.RETRYING,
        why=f"{sentence} Trying again in {wait:.0f} s",
        reason=reason,
        due_at=clock.now() + timedelta(seconds=wait),
        attempt=row.attempt + 1,
        strikes=0,
        **told,
    )
    if not moved:
        _meet_cancel(row)
        return
    db.session.commit()


def _end(row: Run, target: str, sentence: str | None = None, *, reason: str | None = None, **changes: Any) -> None:
    """Write the final state. A cancel that was asked for in the last instant meets a run that is already over."""
    changes = {**changes, **({"error": sentence} if sentence else {})}
    for _ in range(2):
        if moves.move(row, target, why=sentence or _WHY[target], reason=reason, **changes):
            db.session.commit()
            _tidy(row)
            return
        db.session.rollback()
        row.state = run_state.CANCELLING if row.state == run_state.RUNNING else run_state.RUNNING
        if target == run_state.FAILED and row.state == run_state.CANCELLING:
            target, changes = run_state.CANCELLED, {}
    log.warning("run %s claim %s: over before its end could be written", row.id, row.claim)
    row.state = "lost"


_WHY = {
    run_state.SUCCEEDED: "Finished",
    run_state.PARTIAL: "Finished; some items failed",
    run_state.CANCELLED: "Cancelled",
    run_state.FAILED: "Failed",
}


def _tidy(row: Run) -> None:
    """Unfinished files are of no use to a run that is over; a failed one may be retried and keeps them."""
    if row.state == run_state.CANCELLED:
        artifacts.remove(row.id)
    elif row.state != run_state.FAILED:
        artifacts.remove_parts(row.id)


def explain(error: BaseException) -> str:
    """A sentence for the member; what is ours to mend stays in the log, under the reference."""
    if isinstance(error, ProductError):
        return error.message
    if isinstance(error, OSError) and error.errno in artifacts.DISK_ERRORS:
        return f"The disk cannot be written: {os.strerror(error.errno or 0)}."
    if isinstance(error, MemoryError):
        return "There is not enough memory."
    if is_full_or_read_only(error):
        return "The database takes no writes: it is read-only, or its disk is full."
    name = type(error).__name__
    if name in ("OperationalError", "InterfaceError"):
        return "The database did not answer."
    return "Something went wrong in our code."


@contextmanager
def _heard_by(pulse: Pulse) -> Iterator[None]:
    """While the task runs, `stop_here` makes it yield."""
    _current.append(pulse)
    try:
        yield
    finally:
        _current.remove(pulse)


@contextmanager
def _listening(in_thread: bool) -> Iterator[None]:
    """While a job is in hand, and waits to be claimed, SIGTERM is for it (in the main thread of a worker's process)."""
    is_main = not in_thread and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, stop_here) if is_main else None
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
            if _is_stopping and callable(before) and before is not stop_here:
                signal.raise_signal(signal.SIGTERM)  # a worker without horses: it was meant for both


def _settle_in() -> None:
    """First thing in a worker's process: connections inherited over a fork are the parent's, and stay unused.

    PostgreSQL cuts off a task that forgets an open transaction after half a lease, before it blocks others.
    """
    engine = db.engine
    if current_app.extensions.get("microblog-pid") != os.getpid():
        engine.dispose(close=False)
        current_app.extensions["microblog-pid"] = os.getpid()
    if engine.dialect.name == "postgresql" and not event.contains(engine, "connect", _limit_idle):
        event.listen(engine, "connect", _limit_idle)


def _limit_idle(connection: Any, _record: Any) -> None:
    half = int(current_app.config["LEASE_SECONDS"] * 500) if current_app else 15_000
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {half}")
    connection.commit()
