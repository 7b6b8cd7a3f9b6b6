"""Our worker: RQ's own, with the app loaded before the fork, and a horse that yields, dies and is missed in time."""

import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
from typing import Any

import redis
from flask import Flask
from rq import Queue, Worker
from rq.job import Job

from app import logs
from app.adapters import redis as redis_adapter
from app.engine import housekeeping, queues, runner
from app.engine.registry import DEFAULT_QUEUE, HIGH_QUEUE
from app.extensions import db

log = logging.getLogger(__name__)

SERVED = (HIGH_QUEUE, DEFAULT_QUEUE)
PR_SET_PDEATHSIG = 1
OUR_ENTRY_POINTS = frozenset({queues.ENTRY_POINT, queues.PLAIN_ENTRY_POINT})


class OnlyOurJobs(Job):
    """RQ runs whatever a job names; ours names two doors and nothing else is let in."""

    def perform(self) -> Any:
        """Do the job. Raises PermissionError for any other function."""
        if self.func_name not in OUR_ENTRY_POINTS:
            raise PermissionError(f"{self.func_name} is not a job of this application.")
        return super().perform()


class MicroblogWorker(Worker):
    """SIGTERM reaches the task; the horse dies with its parent; a dead horse's run goes on at once."""

    max_connection_wait_time = 3

    def __init__(self, *args: Any, app: Flask, quiet: threading.Lock, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app, self.quiet = app, quiet
        self._killed_job: str | None = None

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork while housekeeping rests (an open SQLite connection must not cross) and with SIGTERM held back."""
        with self.quiet:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            super().fork_work_horse(job, queue)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def setup_work_horse_signals(self) -> None:
        """In the horse: die with the parent, and take SIGTERM as the word to yield."""
        parent = os.getppid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, runner.stop_here)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def handle_warm_shutdown_request(self) -> None:
        """Tell the horse: it commits its batch, sends the run on its way and ends."""
        super().handle_warm_shutdown_request()
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """The horse is dead (a kill, out of memory): its run goes on at its cursor without waiting for the lease."""
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)
        if job.func_name != queues.ENTRY_POINT:
            return
        self._killed_job = job.id
        with self.quiet, self.app.app_context():
            try:
                housekeeping.release(job.args[0])
            except Exception:
                log.exception("run %s: could not be released; it goes on after its lease", job.args[0])
            finally:
                db.session.remove()
                db.engine.dispose()

    def handle_job_failure(self, job: Job, *args: Any, **options: Any) -> None:
        """RQ lists a job as failed only when its run is: a killed claim's envelope is removed."""
        super().handle_job_failure(job, *args, **options)
        if self._killed_job == job.id:
            self._killed_job = None
            with contextlib.suppress(redis.RedisError):
                job.delete()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Redis may go away while the horse works: wait for the horse, then for Redis."""
        try:
            super().execute_job(job, queue)
        except redis.RedisError as error:
            log.warning("Redis went away during a job: %s", queues.explain(error))
            if self.horse_pid:
                self.wait_for_horse()
                self._horse_pid = 0
            self.executions.clear()

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """Redis away is no reason to leave the horse alone."""
        with contextlib.suppress(redis.RedisError):
            super().maintain_heartbeats(job, execution)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Register again after Redis was flushed or restarted empty; without Redis there is nobody to tell."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
            return
        with contextlib.suppress(redis.RedisError):
            if not self.is_horse and not self.connection.exists(self.key):
                with contextlib.suppress(ValueError):
                    self.register_birth()
            super().heartbeat(timeout)

    def set_state(self, state: str, pipeline: Any = None) -> None:
        """Redis away is no reason to quit: the loop waits for it where it takes the next job."""
        with contextlib.suppress(redis.RedisError):
            super().set_state(state, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """As `set_state`."""
        with contextlib.suppress(redis.RedisError):
            super().check_for_suspension(burst)


def work(app: Flask, queue_names: list[str], *, burst: bool = False) -> None:
    """Work on the queues, in their order, until SIGTERM (or, with `burst`, until they are empty)."""
    app.extensions["microblog-is-worker"] = True
    logs.started(app, f"Worker for {', '.join(queue_names)}")
    quiet = threading.Lock()
    connection = redis_adapter.connect(app.config["REDIS_URL"], fast=False)
    worker = MicroblogWorker(
        [Queue(name, connection=connection) for name in queue_names],
        connection=connection,
        job_class=OnlyOurJobs,
        app=app,
        quiet=quiet,
        default_worker_ttl=30,
        job_monitoring_interval=5,
        maintenance_interval=60,
    )
    housekeeping.start(app, quiet)
    worker.work(burst=burst, logging_level="WARNING")
