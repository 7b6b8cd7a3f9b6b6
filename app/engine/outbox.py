"""Asking for a run: the row is the outbox. It is sent after the commit that wrote it, or by housekeeping.

Only a member's first two active runs are sent; the one that ends sends the next. So nobody's hundred runs hold up
another's one, and a queue on which nobody listens is sent to the default one.
"""

import hashlib
import json
import logging
from typing import Any

from flask import current_app
from sqlalchemy import Connection, Label, Select, and_, case, event, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.engine import faults, monitor, notices, queues, registry
from app.engine.registry import DEFAULT_QUEUE, Task
from app.engine.signals import ArgumentsTooLarge
from app.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from app.extensions import begin_writing, db
from app.models import Run, RunKey, User, run_state
from app.models.run import new_number

log = logging.getLogger(__name__)

ARGUMENTS_BYTES = 8 * 1024
SENT_PER_MEMBER = 2
ACTIVE_PER_MEMBER = 200
HERE = "here"  # in the place of a queue: done by the process that asked for it
_ASKED = "runs_asked"


def request(
    name: str,
    *,
    by: User | None,
    args: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
    retry_of: str | None = None,
    fault: dict[str, Any] | None = None,
) -> Run:
    """Ask for a run of the task `name`; it is sent once the caller commits.

    `by` is its owner, None for the house's own work. An active run with the same unique key, or any with the same
    idempotency key, is returned instead. `fault` is what shall go wrong (faults.py). Raises NotFound, NotAllowed,
    TooMany, Invalid (arguments that do not fit, or the key was used with others), ArgumentsTooLarge.
    """
    task = _open_task(name, by)
    values = checked_arguments(task, args or {})
    digest = _digest(task, values)
    if by is not None:
        lock_member(db.session.connection(), by.id)
        known = _same_key(by, idempotency_key, digest)
        if known is not None:
            return known
    unique_key = _unique_key(task, by, values)
    active = _active(unique_key)
    if active is not None:
        if by is not None and idempotency_key:
            db.session.add(RunKey(user_id=by.id, key=idempotency_key, run_id=active.id, args_hash=digest))
        return active
    if by is not None:
        _check_limits(task, by)
    row = Run(
        id=new_number(),
        user_id=by.id if by else None,
        task=task.name,
        title=task.title,
        unit=task.unit,
        queue=task.queue,
        step_count=len(task.step_names),
        step_name=task.step_names[0],
        args=values,
        args_hash=digest,
        idempotency_key=idempotency_key,
        unique_key=unique_key,
        active_key=unique_key,
        retry_of=retry_of,
        fault=fault,
        state=run_state.QUEUED,
        cursor={"steps": task.step_names} | ({"owner": by.id} if by else {}),
        saved={},
        created_at=clock.now(),
        sent_at=clock.now() if _may_be_sent(by) else None,
    )
    return _insert(row)


def checked_arguments(task: Task, args: dict[str, Any]) -> dict[str, Any]:
    """The arguments as they will be stored. Raises Invalid if they do not fit the task, ArgumentsTooLarge over 8 KB."""
    try:
        task.parameters.bind(None, **args)
        text = json.dumps(args)
    except TypeError as error:
        raise Invalid(f"{task.title} cannot be started like this: {error}.") from error
    if len(text.encode()) > ARGUMENTS_BYTES:
        raise ArgumentsTooLarge(f"The arguments of {task.name} are over 8 KB of JSON: pass ids, not things.")
    return args


def send_waiting(user_id: int | None) -> None:
    """Send the member's oldest unsent runs up to the limit; commits nothing of the caller's."""
    with db.engine.begin() as connection:
        if user_id is not None:
            lock_member(connection, user_id)
        free = SENT_PER_MEMBER if user_id is not None else 10
        sent = connection.scalar(_sent_and_active(user_id))
        free = free - (sent or 0) if user_id is not None else free
        if free <= 0:
            return
        ids = connection.scalars(
            select(Run.id)
            .where(Run.user_id == user_id, Run.state == run_state.QUEUED, Run.sent_at.is_(None))
            .order_by(Run.line)
            .limit(free)
        ).all()
        if not ids:
            return
        for run_id in ids:  # behind those of members who came later, and did not have to wait
            of_it = update(Run).where(Run.id == run_id, Run.sent_at.is_(None))
            connection.execute(of_it.values(sent_at=clock.now(), line=new_number()))
    dispatch(list(ids))


def dispatch(run_ids: list[str]) -> None:
    """Ring the bell for queued runs that may be sent; what Redis cannot take now housekeeping sends later."""
    if not run_ids:
        return
    with db.engine.connect() as connection:
        rows = connection.execute(
            select(Run.id, Run.claim, Run.send, Run.queue, Run.task, _had_its_turn())
            .where(Run.id.in_(run_ids), Run.state == run_state.QUEUED, Run.sent_at.is_not(None), Run.sent_to.is_(None))
            .order_by(Run.line)
        ).all()
    for row in rows:
        _send(row.id, row.claim, row.send + 1, row.queue, row.task, row.had_its_turn)


def _had_its_turn() -> Label[bool]:
    """It had begun, and lost its worker or waited after an error: it goes on before others begin, who asked later.

    Nobody waits for ever: there are three strikes, and so many attempts. One that hung goes to the end, for it holds a
    worker for minutes, and so does one that a person retries: these take a new place in the line.
    """
    return Run.reason.in_((notices.WORKER_LOST, notices.DEPLOY, notices.BACK_OFF_OVER)).label("had_its_turn")


def take_back(run_id: str, claim: int, number: int) -> bool:
    """The run's `number`-th job is lost, and nobody took its claim: housekeeping sends another with its next sweep.

    Its sender may not have written yet that it was sent, and a later one may be under way: the number tells. True for
    the first who says so.
    """
    is_news = or_(Run.send < number, and_(Run.send == number, Run.sent_to.is_not(None)))
    with db.engine.begin() as connection:
        found = connection.execute(
            update(Run)
            .where(Run.id == run_id, Run.claim == claim, Run.state == run_state.QUEUED, is_news)
            .values(send=number, sent_to=None, sent_at=clock.now())
        )
    return found.rowcount > 0


def _send(run_id: str, claim: int, number: int, queue: str, task_name: str, at_front: bool) -> None:
    target = queue if queue == DEFAULT_QUEUE or monitor.listens(queue) else DEFAULT_QUEUE
    try:
        queues.send(run_id, claim, number, target, at_front)
    except queues.RedisAway:
        _fall_back(run_id, claim, task_name)
        return
    with db.engine.begin() as connection:
        connection.execute(
            update(Run)
            .where(Run.id == run_id, Run.send == number - 1)
            .values(
                send=number,
                sent_to=case((Run.claim == claim, target), else_=Run.sent_to),
                sent_at=case((Run.claim == claim, clock.now()), else_=Run.sent_at),
            )
        )


def _fall_back(run_id: str, claim: int, task_name: str) -> None:
    """Without Redis: hold (housekeeping sends later), or run here, under the same claim a worker would take."""
    from app.engine import fallback

    found = registry.find(task_name)
    fallback.start(current_app, run_id, claim, is_short=found is not None and found.short)


def lock_member(connection: Connection, user_id: int) -> None:
    """So that two starts at one instant count each other; the first lock in the house's order."""
    begin_writing(connection)
    connection.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def _open_task(name: str, by: User | None) -> Task:
    task = registry.find(name)
    if task is None:
        raise NotFound("There is no such task.")
    if not task.is_open_to(by):
        raise NotAllowed(f"Only {'an admin' if task.role == 'admin' else 'a moderator'} can start this.")
    return task


def _same_key(by: User, idempotency_key: str | None, digest: str) -> Run | None:
    if not idempotency_key:
        return None
    if len(idempotency_key) > 128:
        raise Invalid("An Idempotency-Key has at most 128 characters.")
    first = select(Run, Run.args_hash).where(Run.user_id == by.id, Run.idempotency_key == idempotency_key)
    later = select(Run, RunKey.args_hash).join(RunKey, RunKey.run_id == Run.id)
    later = later.where(RunKey.user_id == by.id, RunKey.key == idempotency_key)
    known = db.session.execute(first).first() or db.session.execute(later).first()
    if known is not None and known.args_hash != digest:
        raise Invalid("This Idempotency-Key was used for another request; use a new one.")
    return known[0] if known is not None else None


def _digest(task: Task, values: dict[str, Any]) -> str:
    text = json.dumps([task.name, values], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _unique_key(task: Task, by: User | None, values: dict[str, Any]) -> str | None:
    owner = by.id if by is not None else "house"
    if task.unique is None:
        return None
    if task.unique == "user":
        return f"{task.name}:{owner}"
    if task.unique == "args":
        return f"{task.name}:{owner}:{_digest(task, values)}"
    if callable(task.unique):
        return f"{task.name}::{task.unique(by, **values)}"[:255]
    raise Invalid(f"{task.name}: unique must be 'user', 'args', a function or None.")


def _active(unique_key: str | None) -> Run | None:
    return db.session.scalar(select(Run).where(Run.active_key == unique_key)) if unique_key else None


def _check_limits(task: Task, by: User) -> None:
    active = db.session.scalar(select(func.count()).where(Run.user_id == by.id, Run.state.in_(run_state.ACTIVE))) or 0
    if active >= ACTIVE_PER_MEMBER:
        raise TooMany(f"You have {active} runs waiting or running: let some end, or cancel them.", 60)
    wait = monitor.quota_wait_seconds(by, task)
    if wait is not None and task.quota is not None:
        count, period = task.quota
        per = {60: "a minute", 3600: "an hour", 86400: "a day"}[period]
        raise TooMany(f"{task.title}: {count} {per} are allowed. Try again in {wait // 60 + 1} minutes.", wait)


def _may_be_sent(by: User | None) -> bool:
    if by is None:
        return True
    return (db.session.scalar(_sent_and_active(by.id)) or 0) < SENT_PER_MEMBER


def _sent_and_active(user_id: int | None) -> Select[int]:
    return select(func.count()).where(Run.user_id == user_id, Run.state.in_(run_state.ACTIVE), Run.sent_at.is_not(None))


def _insert(row: Run) -> Run:
    for is_last in (False, True):
        try:
            with db.session.begin_nested():
                db.session.add(row)
            break
        except IntegrityError as error:
            active = _active(row.unique_key)
            if active is not None:
                return active
            if is_last:  # else the other one has ended in this very moment: whoever writes a letter must not hear of it
                raise Conflict("This was just started elsewhere; look at your tasks.") from error
    notices.record(row, run_state.QUEUED, "Asked for")
    faults.foretell(row)
    notices.announce(row)
    db.session.info.setdefault(_ASKED, []).append(row.id)
    return row


@event.listens_for(Session, "after_commit")
def _send_after_commit(session: Session) -> None:
    if session.in_nested_transaction():
        return
    asked = session.info.pop(_ASKED, None)
    if asked:
        dispatch(asked)


@event.listens_for(Session, "after_soft_rollback")
def _forget_after_rollback(session: Session, transaction: Any) -> None:
    if not transaction.nested:
        session.info.pop(_ASKED, None)


def send_after_commit(run_id: str) -> None:
    """Have a run that a move brought back to queued sent when the caller commits."""
    db.session.info.setdefault(_ASKED, []).append(run_id)


def is_new(row: Run) -> bool:
    """True if the run was asked for in this very transaction; False for one that was there before."""
    return row.id in db.session.info.get(_ASKED, [])


def keep_from_sending(row: Run) -> bool:
    """Take back the sending of a run asked for just now: the caller does it here. False if it was asked for before."""
    if not is_new(row):
        return False
    db.session.info[_ASKED].remove(row.id)
    row.sent_at, row.sent_to = clock.now(), HERE
    return True
