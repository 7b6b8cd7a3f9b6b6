"""The sweep: whatever was lost on the way is found and set going again. Runs in every long-lived process of ours.

Any number at once do no harm: each move is a compare-and-set. A sweep that finds nothing writes nothing.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased

from app import clock, logs
from app.engine import artifacts, lease, monitor, moves, notices, outbox, queues, registry, schedules, wanted
from app.engine.items import is_full_or_read_only
from app.extensions import db
from app.models import Run, run_state
from app.models.run import new_number

log = logging.getLogger(__name__)

SEND_GRACE_SECONDS = 1.0
HANGING_CANCEL_SECONDS = 30.0
MAX_STRIKES = 3
HUNG = "hung"
PER_SWEEP = 200
LOOKED_AFTER = 2000

_threads: dict[int, threading.Thread] = {}


def start_in_server(app: Flask) -> None:
    """Sweep from a thread of this process, unless it is a short command like `flask db upgrade`."""
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true" and "run" not in sys.argv:
        return
    logs.started(app, "Web")
    start(app)
    os.register_at_fork(after_in_child=lambda: start(app) if not app.extensions.get("microblog-is-worker") else None)


def start(app: Flask, quiet: AbstractContextManager[object] | None = None) -> None:
    """Sweep every SWEEP_SECONDS in a daemon thread, once per process. `quiet` is held during each sweep."""
    if os.getpid() in _threads:
        return
    quiet = quiet or nullcontext()
    thread = threading.Thread(target=_keep_sweeping, args=(app, quiet), name="housekeeping", daemon=True)
    _threads[os.getpid()] = thread
    thread.start()


def is_running() -> bool:
    """True if this process sweeps."""
    thread = _threads.get(os.getpid())
    return thread is not None and thread.is_alive()


def sweep() -> int:
    """Look once after everything; returns how many runs were set going."""
    monitor.refresh()
    steps: tuple[Callable[[], int], ...] = (
        _expired,
        _hanging,
        _back_off_over,
        _due,
        wanted.ask,
        _over,
        _in_no_queue,
        _unsent,
        _unheard,
    )
    return sum(_take(step) for step in steps)


def _take(step: Callable[[], int]) -> int:
    """One step in trouble does not keep the others from their work."""
    try:
        return step()
    except SQLAlchemyError:
        raise
    except Exception:
        db.session.rollback()
        log.exception("housekeeping: %s stumbled", step.__name__.strip("_"))
        return 0


def release(run_id: str, claim: int) -> bool:
    """A worker saw its own horse die under this claim: do not wait for the lease. True if the run was set going."""
    row = db.session.get(Run, run_id, populate_existing=True)
    if row is None or row.claim != claim or row.state not in run_state.CLAIMED or lease.is_alive(row.worker):
        db.session.rollback()
        return False
    return _revive(row, notices.WORKER_LOST, "The worker died")


def _keep_sweeping(app: Flask, quiet: AbstractContextManager[object]) -> None:
    is_troubled = False
    while True:
        try:
            with quiet, app.app_context():
                try:
                    _examine_redis()
                    sweep()
                finally:
                    db.session.remove()
                    if app.extensions.get("microblog-is-worker"):
                        db.engine.dispose()
            if is_troubled:
                log.warning("housekeeping works again")
            is_troubled = False
        except Exception as error:
            if not is_troubled:
                log.warning("housekeeping cannot work: %s", _first_line(error))
            is_troubled = True
        time.sleep(app.config["SWEEP_SECONDS"])


def _examine_redis() -> None:
    try:
        queues.examine()
    except queues.RedisAway:
        pass


def _expired() -> int:
    """Leases that ran out: the holder is dead or frozen; kill it if it is here, and go on at the cursor."""
    return _each(
        and_(Run.state.in_(run_state.CLAIMED), Run.lease_until < lease.database_now()),
        lambda row: _revive(row, notices.WORKER_LOST, "The worker was lost"),
    )


def _hanging() -> int:
    """Runs that hold their lease but do not advance, or do not react to a cancel."""
    now = clock.now()
    suspects = or_(
        and_(Run.state == run_state.CANCELLING, Run.cancel_asked_at < now - timedelta(seconds=HANGING_CANCEL_SECONDS)),
        and_(Run.state == run_state.RUNNING, Run.advanced_at < now - timedelta(seconds=2 * _shortest_patience())),
    )
    return _each(suspects, _stop_if_hanging)


def _stop_if_hanging(row: Run) -> bool:
    if row.state == run_state.RUNNING:
        found = registry.find(row.task)
        patience = 2 * (found.stall_after if found else 300)
        if row.advanced_at is None or clock.now() - row.advanced_at < timedelta(seconds=patience):
            return False
    return _revive(row, HUNG, "It hung and was stopped")


def _shortest_patience() -> float:
    return min((task.stall_after for task in registry.all_tasks()), default=300)


def _back_off_over() -> int:
    return _each(
        and_(Run.state == run_state.RETRYING, Run.due_at < clock.now()),
        lambda row: _requeue(row, notices.BACK_OFF_OVER, f"Attempt {row.attempt}"),
    )


def _due() -> int:
    return schedules.ask_for_due(clock.now()) if current_app.config["SCHEDULES"] == "on" else 0


def _unsent() -> int:
    """Allowed to be sent, but no word that it was; and members who have a free place and a run that waits for one."""
    before = clock.now() - timedelta(seconds=SEND_GRACE_SECONDS)
    is_reserved = and_(Run.state == run_state.QUEUED, Run.sent_at < before, Run.sent_to.is_(None))
    reserved = db.session.scalars(select(Run.id).where(is_reserved).order_by(Run.line).limit(PER_SWEEP)).all()
    other = aliased(Run)
    sent = select(func.count()).where(
        other.user_id == Run.user_id, other.state.in_(run_state.ACTIVE), other.sent_at.is_not(None)
    )
    has_place = or_(Run.user_id.is_(None), sent.scalar_subquery() < outbox.SENT_PER_MEMBER)
    waiting = select(Run.user_id).where(Run.state == run_state.QUEUED, Run.sent_at.is_(None), has_place).distinct()
    owners = db.session.scalars(waiting.limit(PER_SWEEP)).all()
    db.session.rollback()
    outbox.dispatch(list(reserved))
    for user_id in owners:
        outbox.send_waiting(user_id)
    return len(reserved)


def _over() -> int:
    """Its job is gone or has ended, and nobody took the claim: Redis came back empty, or with what it had saved before;
    a worker gave up waiting for the database. Sent again, under the same claim number.
    """
    is_sent = and_(Run.state == run_state.QUEUED, Run.sent_to.is_not(None), Run.sent_to != outbox.HERE)
    query = select(Run.id, Run.claim, Run.send).where(is_sent).order_by(Run.line).limit(LOOKED_AFTER)
    envelopes = [(row.id, row.claim, row.send) for row in db.session.execute(query)]
    db.session.rollback()
    if not envelopes:
        return 0
    try:
        over = [one for one, is_over in zip(envelopes, queues.are_over(envelopes), strict=True) if is_over]
        lost = [one for one in over[:PER_SWEEP] if outbox.take_back(*one)]
        for one in lost:
            queues.forget(*one)
    except queues.RedisAway:
        return 0
    outbox.dispatch([run_id for run_id, _, _ in lost])
    return len(lost)


def _in_no_queue() -> int:
    """Sent a lease ago, no longer in its queue and not begun: a worker died, or froze, with the job in its hands. Sent
    again, under the same claim number.
    """
    before = clock.now() - timedelta(seconds=current_app.config["LEASE_SECONDS"])
    return _each(
        and_(Run.state == run_state.QUEUED, Run.sent_to.is_not(None), Run.sent_at < before), _send_again_if_lost
    )


def _unheard() -> int:
    """Queued where nobody listens any more (its last worker left), while somebody does elsewhere: sent there."""
    listeners = {queue for worker in monitor.known_workers() for queue in worker.queues}
    if registry.DEFAULT_QUEUE not in listeners:
        return 0
    is_unheard = and_(Run.state == run_state.QUEUED, Run.sent_to == Run.queue, Run.queue.not_in(listeners))
    return _each(is_unheard, _send_elsewhere)


def _send_elsewhere(row: Run) -> bool:
    try:
        queues.forget(row.id, row.claim, row.send)
    except queues.RedisAway:
        return False
    return _send_again(row)


def _send_again_if_lost(row: Run) -> bool:
    try:
        if queues.is_waiting(row.id, row.claim, row.send, row.sent_to or row.queue):
            row.sent_at = clock.now()
            db.session.commit()
            return False
    except queues.RedisAway:
        return False
    return _send_again(row)


def _send_again(row: Run) -> bool:
    row.sent_at, row.sent_to = clock.now(), None
    db.session.commit()
    outbox.dispatch([row.id])
    return True


def _each(condition: ColumnElement[bool], act: Callable[[Run], bool]) -> int:
    """Act on every run that matches, one run a transaction; what another process locks is skipped."""
    ids = db.session.scalars(select(Run.id).where(condition).order_by(Run.line).limit(PER_SWEEP)).all()
    db.session.rollback()
    acted = 0
    for run_id in ids:
        row = db.session.scalar(
            select(Run).where(Run.id == run_id, condition).with_for_update(skip_locked=True),
            execution_options={"populate_existing": True},
        )
        try:
            acted += row is not None and act(row)
        except SQLAlchemyError as error:
            if is_full_or_read_only(error):
                raise  # so are all the others, and it is told once
            log.warning("run %s: %s", run_id, _first_line(error))
        finally:
            db.session.rollback()
    return acted


def _revive(row: Run, reason: str, why: str) -> bool:
    """A claim is dead: kill what is left of it, count a strike if it got nowhere, and queue the run at its cursor."""
    killed = lease.end(row.worker)
    dead_job = (row.id, row.claim - 1, row.send)
    if row.state == run_state.CANCELLING:
        moved = moves.move(row, run_state.CANCELLED, why=f"{why}; it was being cancelled")
    else:
        strikes = 0 if _has_advanced(row) else row.strikes + 1
        if strikes >= MAX_STRIKES:
            moved = moves.move(
                row,
                run_state.FAILED,
                why=f"{why} for the third time without advancing",
                reason=notices.CRASHED,
                strikes=strikes,
                error="It crashed three times at the same place, so it was stopped.",
            )
        else:
            moved = _requeue(row, reason, f"{why}{' (killed)' if killed else ''}; going on", strikes=strikes)
    if not moved:
        db.session.rollback()
        return False
    user_id, state = row.user_id, row.state
    db.session.commit()
    if state == run_state.CANCELLED:
        artifacts.remove(dead_job[0])
    try:
        queues.forget(*dead_job)
    except queues.RedisAway:
        pass
    if state in run_state.FINISHED:
        outbox.send_waiting(user_id)
    return True


def _has_advanced(row: Run) -> bool:
    """Did the claim get anywhere: was a batch with an item or a report committed after it began?"""
    return row.advanced_at is not None and row.claimed_at is not None and row.advanced_at > row.claimed_at


def _requeue(row: Run, reason: str, why: str, **changes: Any) -> bool:
    if reason == HUNG:
        changes["line"] = new_number()  # it may hold a worker for minutes again: others first
    if not moves.move(row, run_state.QUEUED, why=why, reason=reason, sent_at=clock.now(), **changes):
        return False
    outbox.send_after_commit(row.id)
    db.session.commit()
    return True


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
