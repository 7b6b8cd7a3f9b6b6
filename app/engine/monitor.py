"""Questions about tasks, runs, queues and workers. Read only; asks Redis at most every few seconds, never in a poll."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import aliased

from app import clock
from app.engine import registry
from app.engine.notices import describe
from app.engine.queues import ListeningWorker, RedisAway, is_away, listening, run_of
from app.engine.queues import waiting as waiting_jobs
from app.engine.registry import DEFAULT_QUEUE, HIGH_QUEUE, Task, open_to
from app.extensions import db
from app.models import Run, ScheduleDue, SchedulePause, User, run_state

__all__ = ["describe", "find_task", "live", "lives", "open_to", "queues", "quota_left", "workers"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueueReport:
    """A queue as the database and Redis see it; `oldest_seconds` is the longest wait, None when nothing waits."""

    name: str
    queued: int
    running: int
    workers: int
    oldest_seconds: float | None


@dataclass(frozen=True)
class WorkerReport:
    """A live worker; `current_run` is the id of the run in its hands."""

    name: str
    host: str
    pid: int
    queues: tuple[str, ...]
    state: str
    current_run: str | None
    last_heartbeat: datetime | None


@dataclass(frozen=True)
class ScheduleReport:
    """A task that starts by the clock; `line` is its cron line.

    `last_due_at` is None before the database first heard of it; `is_asked` says whether a run was asked for then (not
    where the time was passed over), and `run` is that run, None once it is tidied away. `pause` is None while it goes.
    """

    task: Task
    line: str
    last_due_at: datetime | None
    is_asked: bool
    run: Run | None
    next_at: datetime
    pause: SchedulePause | None


class _Known:
    """The workers as last seen by this process."""

    def __init__(self) -> None:
        self.workers: list[ListeningWorker] = []
        self.at = 0.0


def find_task(name: str) -> Task | None:
    """The task of that name, or None."""
    return registry.find(name)


def refresh() -> None:
    """Ask Redis who listens; when it is away nobody is known to."""
    known = _known()
    try:
        known.workers = listening()
    except RedisAway:
        known.workers = []
    known.at = time.monotonic()


def known_workers() -> list[ListeningWorker]:
    """The workers as of the last few seconds."""
    if time.monotonic() - _known().at > max(current_app.config["SWEEP_SECONDS"], 1.0):
        refresh()
    return _known().workers


def waiting(queue_names: Sequence[str]) -> int | None:
    """How many jobs nobody has taken yet from those queues; None while Redis is away."""
    try:
        return waiting_jobs(queue_names)
    except RedisAway:
        return None


def worker_count(queue: str) -> int:
    """How many live workers would take a run of that queue (one that nobody listens on is sent to the default)."""
    listeners = sum(queue in worker.queues for worker in known_workers())
    if listeners or queue == DEFAULT_QUEUE:
        return listeners
    return sum(DEFAULT_QUEUE in worker.queues for worker in known_workers())


def listens(queue: str) -> bool:
    """True if a live worker listens on exactly that queue."""
    return any(queue in worker.queues for worker in known_workers())


def workers() -> list[WorkerReport]:
    """Every live worker by name."""
    return [
        WorkerReport(
            name=worker.name,
            host=worker.host,
            pid=worker.pid,
            queues=worker.queues,
            state=worker.state,
            current_run=run_of(worker.current_job) if worker.current_job else None,
            last_heartbeat=worker.last_heartbeat,
        )
        for worker in known_workers()
    ]


def queues() -> list[QueueReport]:
    """Both queues, the default first."""
    counted = db.session.execute(
        select(Run.queue, Run.state, func.count(), func.min(Run.created_at))
        .where(Run.state.in_(run_state.ACTIVE))
        .group_by(Run.queue, Run.state)
    ).all()
    reports = []
    for name in (DEFAULT_QUEUE, HIGH_QUEUE):
        waiting = [row for row in counted if row[0] == name and row[1] in (run_state.QUEUED, run_state.RETRYING)]
        reports.append(
            QueueReport(
                name=name,
                queued=sum(row[2] for row in waiting),
                running=sum(row[2] for row in counted if row[0] == name and row[1] in run_state.CLAIMED),
                workers=sum(name in worker.queues for worker in known_workers()),
                oldest_seconds=max(((clock.now() - row[3]).total_seconds() for row in waiting), default=None),
            )
        )
    return reports


def live(run: Run) -> dict[str, Any]:
    """`health` and `queue` of one active run, as of now."""
    return lives([run])[run.id]


def lives(runs: Iterable[Run]) -> dict[str, dict[str, Any]]:
    """`health` and `queue` by run id for the active ones among `runs`, with at most one statement."""
    active = [run for run in runs if run.is_active]
    queued = [run.id for run in active if run.state == run_state.QUEUED]
    ahead = {row[0]: row[1] for row in db.session.execute(ahead_of(queued))} if queued else {}
    return {
        run.id: health(
            state=run.state,
            task=run.task,
            queue=run.queue,
            sent_to=run.sent_to,
            advanced_at=run.advanced_at,
            created_at=run.created_at,
            ahead=ahead.get(run.id, 0),
        )
        for run in active
    }


def ahead_of(run_ids: Sequence[str]) -> Select[str, int]:
    """Run id and how many queued runs of its queue have a place before its own."""
    other = aliased(Run)
    before = (
        select(func.count())
        .where(other.state == run_state.QUEUED, other.queue == Run.queue, other.line < Run.line)
        .correlate(Run)
        .scalar_subquery()
    )
    return select(Run.id, before).where(Run.id.in_(run_ids))


def health(
    *,
    state: str,
    task: str,
    queue: str,
    sent_to: str | None,
    advanced_at: datetime | None,
    created_at: datetime,
    ahead: int,
) -> dict[str, Any]:
    """What a person must know beside the state: ok, stalled, no_worker (nobody listens), delayed (Redis is away)."""
    if state == run_state.QUEUED:
        listeners = worker_count(queue)
        place = {"ahead": ahead, "workers": listeners}
        if is_away() and sent_to is None:
            return {"health": "delayed", "queue": place}
        return {"health": "ok" if listeners else "no_worker", "queue": place}
    found = registry.find(task)
    patience = timedelta(seconds=found.stall_after if found else 300)
    is_stalled = state in run_state.CLAIMED and advanced_at is not None and clock.now() - advanced_at > patience
    return {"health": "stalled" if is_stalled else "ok", "queue": None}


def quota_left(user: User, task: Task) -> int | None:
    """How many more runs of the task the member may start now; None when there is no quota."""
    if task.quota is None:
        return None
    return max(task.quota[0] - (db.session.scalar(_within_quota(user, task, task.quota[1])) or 0), 0)


def quota_wait_seconds(user: User, task: Task) -> int | None:
    """Seconds until the member may start the task again; None if they may now."""
    if task.quota is None or quota_left(user, task):
        return None
    period = timedelta(seconds=task.quota[1])
    oldest = db.session.scalar(
        select(Run.created_at)
        .where(Run.user_id == user.id, Run.task == task.name)
        .order_by(Run.created_at.desc())
        .offset(task.quota[0] - 1)
        .limit(1)
    )
    return max(int((oldest + period - clock.now()).total_seconds()) + 1, 1) if oldest else None


def failures(limit: int = 50) -> Sequence[Run]:
    """The newest failed runs of everybody."""
    return db.session.scalars(
        select(Run).where(Run.state == run_state.FAILED).order_by(Run.id.desc()).limit(limit)
    ).all()


def quiet_tasks() -> list[str]:
    """The names of the tasks whose runs are too many and too small to be listed."""
    return [task.name for task in registry.all_tasks() if task.quiet]


def schedules() -> list[ScheduleReport]:
    """The tasks that start by the clock, by title, in three statements."""
    from app.engine import schedules as due

    newest = select(ScheduleDue.task, func.max(ScheduleDue.due_at)).group_by(ScheduleDue.task)
    rows = db.session.scalars(select(ScheduleDue).where(tuple_(ScheduleDue.task, ScheduleDue.due_at).in_(newest)))
    last = {row.task: row for row in rows}
    runs = {run.id: run for run in db.session.scalars(select(Run).where(Run.id.in_(_run_ids(last.values()))))}
    pauses = {pause.task: pause for pause in db.session.scalars(select(SchedulePause))}
    reports = []
    for task, line in due.scheduled():
        row = last.get(task.name)
        run_id = row.run_id if row is not None else None
        reports.append(
            ScheduleReport(
                task=task,
                line=line,
                last_due_at=row.due_at if row is not None else None,
                is_asked=run_id is not None,
                run=runs.get(run_id or ""),
                next_at=due.next_after(line, clock.now()),
                pause=pauses.get(task.name),
            )
        )
    return reports


def _run_ids(rows: Iterable[ScheduleDue]) -> list[str]:
    return [row.run_id for row in rows if row.run_id]


def _within_quota(user: User, task: Task, period_seconds: int) -> Select[int]:
    since = clock.now() - timedelta(seconds=period_seconds)
    return select(func.count()).where(Run.user_id == user.id, Run.task == task.name, Run.created_at > since)


def _known() -> _Known:
    known: _Known = current_app.extensions.setdefault("microblog-workers", _Known())
    return known
