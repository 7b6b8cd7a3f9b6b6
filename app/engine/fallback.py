"""What happens to a run while Redis is away, by TASK_FALLBACK: hold it, do short ones at once, or all in a thread."""

import logging
import os
import threading
from multiprocessing import util

from flask import Flask, current_app

from app.engine import runner

log = logging.getLogger(__name__)

LEAVE_SECONDS = 8.0  # the server gives its process ten

_one_at_a_time = threading.Lock()
_polite: set[int] = set()


def start(app: Flask, run_id: str, claim: int, *, is_short: bool) -> None:
    """Do the run here if the setting says so; else leave it to housekeeping, which sends it when Redis is back.

    It is done under the same claim a worker would take, so a worker that comes back later never doubles it.
    """
    if "microblog-is-worker" in app.extensions or runner.is_stopping():
        return
    mode = app.config["TASK_FALLBACK"]
    if mode == "thread" or (mode == "inline" and is_short):
        real_app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way out
        _leave_politely()
        thread = threading.Thread(target=_run, args=(real_app, run_id, claim), name=f"run-{run_id}", daemon=True)
        thread.start()
        if mode == "inline":
            thread.join(timeout=real_app.config["LEASE_SECONDS"])


def _run(app: Flask, run_id: str, claim: int) -> None:
    """One run at a time in this process; those that find it busy are taken up by the next sweep."""
    if not _one_at_a_time.acquire(blocking=False):
        return
    try:
        with app.app_context():
            runner.perform(run_id, claim, in_thread=True)
    except runner.RunFailed:
        pass
    except Exception:
        log.exception("run %s: the thread that did it broke off; it goes on after its lease", run_id)
    finally:
        _one_at_a_time.release()


def _leave_politely() -> None:
    """Once in each process. Not by `atexit`: a process that multiprocessing forked, as the server's is, skips that."""
    if os.getpid() not in _polite:
        _polite.add(os.getpid())
        util.Finalize(None, _leave, exitpriority=0)


def _leave() -> None:
    """The process ends: the run in hand yields at its next batch, and is waited for; a daemon thread would be cut."""
    runner.stop_here()
    if _one_at_a_time.acquire(timeout=LEAVE_SECONDS):
        _one_at_a_time.release()
