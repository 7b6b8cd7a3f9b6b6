"""Runs worked off inside the test's process, by RQ's own simple worker; and small ways to look at a run."""

import time
from collections.abc import Callable

import pytest
import rq
from flask import Flask
from rq.job import Job
from rq.worker import SimpleWorker
from sqlalchemy import func, select

from app import clock
from app.adapters import redis
from app.engine import outbox
from app.extensions import db
from app.models import Post, Run, RunEvent, User
from tests.processes import PATIENCE_SECONDS


class _InThisProcess(SimpleWorker):
    def _install_signal_handlers(self) -> None:
        """The test keeps its own."""

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, rq.Queue] | None:
        """RQ's own waits for a Redis that is away. Here it never is, so whatever goes wrong is the test's to show."""
        if self.should_run_maintenance_tasks:
            self.run_maintenance_tasks()
        return rq.Queue.dequeue_any(self._ordered_queues, timeout, connection=self.connection)


class InProcessWorker:
    """Commits what the test asked for, then works off both queues."""

    def __init__(self, app: Flask) -> None:
        self.connection = redis.connect(app.config["REDIS_URL"])

    def work(self) -> None:
        db.session.commit()
        queues = [rq.Queue(name, connection=self.connection) for name in ("microblog-high", "microblog-tasks")]
        _InThisProcess(queues, connection=self.connection).work(burst=True, logging_level="ERROR")
        db.session.expire_all()


@pytest.fixture
def worker(app: Flask) -> InProcessWorker:
    return InProcessWorker(app)


def start(name: str, by: User | None, **args: object) -> Run:
    """Ask for a run of the task, and commit: it is on its way."""
    run = outbox.request(name, by=by, args=args)
    db.session.commit()
    return run


def numbers_written(run: Run) -> int:
    """How many items of the trial task `slow` have left their post, over all claims."""
    is_of_run = (Post.source == "slow") & Post.source_id.startswith(run.id)
    return db.session.scalar(select(func.count()).where(is_of_run)) or 0


def fresh(run: Run | str) -> Run:
    """The run as the database has it now."""
    run_id = run if isinstance(run, str) else run.id
    db.session.rollback()
    found = db.session.get(Run, run_id, populate_existing=True)
    assert found is not None
    return found


def wait_for(run: Run | str, is_so: Callable[[Run], object], seconds: float = PATIENCE_SECONDS) -> Run:
    """The run, as soon as `is_so(run)`; fails after `seconds`."""
    run_id = run if isinstance(run, str) else run.id
    until = time.monotonic() + seconds
    while not is_so(found := fresh(run_id)):
        assert time.monotonic() < until, (found.state, found.reason, found.done, timeline(run_id))
        time.sleep(0.02)
    return found


def end_back_off(run: Run) -> None:
    """The run waits after an error: the next attempt is due now."""
    fresh(run).due_at = clock.now()
    db.session.commit()


def timeline(run_id: str) -> list[str]:
    """The kinds of the run's time-line, batches left out."""
    is_of_run = (RunEvent.run_id == run_id) & (RunEvent.kind != "batch")
    query = db.select(RunEvent.kind).where(is_of_run).order_by(RunEvent.id)
    return list(db.session.scalars(query))
