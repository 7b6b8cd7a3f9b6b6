"""Our worker: RQ's own, with the app loaded before the fork, and a horse that yields, dies and is missed in time."""

import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from flask import Flask
from rq import Queue
from rq.exceptions import InvalidJobOperation, NoSuchJobError, StopRequested
from rq.job import Job
from rq.utils import now

from app import logs
from app.adapters import redis as redis_adapter
from app.engine import housekeeping, outbox, queues, reload, runner
from app.engine.registry import DEFAULT_QUEUE, HIGH_QUEUE
from app.engine.steadfast import SteadfastWorker
from app.extensions import db

log = logging.getLogger(__name__)

SERVED = (HIGH_QUEUE, DEFAULT_QUEUE)
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
REPLACE = signal.SIGUSR1
OUR_ENTRY_POINTS = frozenset({queues.ENTRY_POINT, queues.PLAIN_ENTRY_POINT})


@dataclass(frozen=True)
class Limits:
    """After so many jobs, or above so many resident megabytes, a worker replaces itself; None is no limit."""

    jobs: int | None = None
    megabytes: int | None = None


class OnlyOurJobs(Job):
    """RQ runs whatever a job names; ours names two doors and nothing else is let in."""

    def perform(self) -> Any:
        """Do the job. Raises PermissionError for any other function."""
        if self.func_name not in OUR_ENTRY_POINTS:
            raise PermissionError(f"{self.func_name} is not a job of this application.")
        return super().perform()


class MicroblogWorker(SteadfastWorker):
    """SIGTERM reaches the task; the horse dies with its parent; a dead horse's run goes on at once.

    SIGUSR1 is a SIGTERM after which a new worker takes this one's place, in the same process.
    """

    def __init__(self, *args: Any, quiet: threading.Lock, limits: Limits, **options: Any) -> None:
        super().__init__(*args, **options)
        self.quiet, self.limits = quiet, limits
        self.is_replaced = False
        self._done_count = 0
        self._killed_job: str | None = None
        self._is_forking = False
        self._held: list[Callable[[], None]] = []

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do the job, then see whether that was enough for one worker."""
        self._is_forking = True
        try:
            super().execute_job(job, queue)
        finally:
            self._let_signals_through()
        self._done_count += 1
        if not self._stop_requested and (why := self._limit_reached()):
            log.info("The worker replaces itself: %s", why)
            self.is_replaced = self._stop_requested = True

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork while housekeeping rests (an open SQLite connection must not cross) and with signals held back.

        The horse has SIGTERM blocked until it knows what to do; the parent's own wait until it can tell the horse.
        """
        with self.quiet:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            super().fork_work_horse(job, queue)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        self._let_signals_through()

    def setup_work_horse_signals(self) -> None:
        """In the horse: die with the parent, and take SIGTERM as the word to yield."""
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        else:
            threading.Thread(target=_end_after, args=(self.pid,), name="parent", daemon=True).start()
        if os.getppid() != self.pid:
            os._exit(1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, runner.stop_here)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def request_stop(self, signum: int, frame: Any) -> None:
        """SIGTERM or SIGINT: end, and nobody takes this worker's place."""
        if self._is_forking:
            self._held.append(lambda: self.request_stop(signum, frame))
            return
        self.is_replaced = False
        super().request_stop(signum, frame)

    def request_replacement(self, _signum: int, _frame: Any) -> None:
        """SIGUSR1: the run in hand yields, then a new worker takes over."""
        if self._is_forking:
            self._held.append(lambda: self.request_replacement(_signum, _frame))
        elif not self._stop_requested:
            self.is_replaced = True
            self._shutdown_requested_date = now()
            self.handle_warm_shutdown_request()
            self._shutdown()

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
        self._set_going(job)

    def handle_job_lost(self, job: Job) -> None:
        """As a dead horse's; and who knows whether there ever was one."""
        if job.func_name == queues.ENTRY_POINT:
            self._set_going(job)
            job.delete()

    def handle_job_failure(self, job: Job, *args: Any, **options: Any) -> None:
        """RQ lists a job as failed only when its run is: a killed claim's envelope is removed."""
        super().handle_job_failure(job, *args, **options)
        if self._killed_job == job.id:
            self._killed_job = None
            with contextlib.suppress(redis.RedisError, InvalidJobOperation, NoSuchJobError):
                job.delete()

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()
        signal.signal(REPLACE, self.request_replacement)

    def _set_going(self, job: Job) -> None:
        """Without waiting for its lease, if the horse had taken the run; else with the next sweep."""
        run_id, claim = job.args
        with self.quiet, self.app.app_context():
            try:
                if not housekeeping.release(run_id, claim + 1):
                    outbox.take_back(run_id, claim, queues.number_of(job.id))
            except Exception:
                log.exception("run %s: could not be released; it goes on after its lease", run_id)
            finally:
                db.session.remove()
                db.engine.dispose()

    def _let_signals_through(self) -> None:
        self._is_forking = False
        while self._held:
            self._held.pop(0)()

    def _limit_reached(self) -> str | None:
        if self.limits.jobs is not None and self._done_count >= self.limits.jobs:
            return f"{self._done_count} jobs are done"
        held = _resident_megabytes()
        if self.limits.megabytes is not None and held > self.limits.megabytes:
            return f"it holds {held:.0f} MB"
        return None


def work(
    app: Flask,
    queue_names: list[str],
    *,
    burst: bool = False,
    limits: Limits = Limits(),
    reloads: bool = False,
) -> None:
    """Work on the queues, in their order, until SIGTERM (or, with `burst`, until they are empty).

    `reloads`: begin again when the code changes. A worker that replaces itself keeps its process id, so that
    whoever watches over it need not know.
    """
    app.extensions["microblog-is-worker"] = True
    logs.started(app, f"Worker for {', '.join(queue_names)}")
    quiet = threading.Lock()
    housekeeping.start(app, quiet)
    queues.wait_until_well(app)
    connection = redis_adapter.connect(app.config["REDIS_URL"], fast=False)
    worker = MicroblogWorker(
        [Queue(name, connection=connection) for name in queue_names],
        connection=connection,
        job_class=OnlyOurJobs,
        app=app,
        quiet=quiet,
        limits=limits,
        worker_ttl=30,
        job_monitoring_interval=5,
        maintenance_interval=60,
    )
    if reloads:
        signal.signal(REPLACE, signal.SIG_IGN)  # until the worker listens to it
        reload.watch(Path(__file__).parents[1], _modules_of(app), lambda: os.kill(os.getpid(), REPLACE))
    with contextlib.suppress(StopRequested):  # a second signal, while it takes its leave
        worker.work(burst=burst, logging_level="WARNING")
    if worker.is_replaced:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with quiet:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _modules_of(app: Flask) -> list[Path]:
    """The files of the tasks that live elsewhere (TASK_MODULES)."""
    files = (getattr(sys.modules.get(name), "__file__", None) for name in app.config["TASK_MODULES"])
    return [Path(file) for file in files if file]


def _end_after(parent: int | None) -> None:
    """Where the kernel does not end a horse with its parent (macOS), the horse looks for itself."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _resident_megabytes() -> float:
    """What this process holds now; where that is not told, the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # macOS counts bytes
