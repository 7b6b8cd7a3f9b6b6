"""Serves the app with granian; HOST and PORT say where. One process with threads: enough, and right for SQLite."""

import multiprocessing
import os
import resource
from collections.abc import Callable
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from launch import lifeline

THREADS = min(8, 2 * (os.cpu_count() or 1) + 1)  # what granian thinks right for these processors, at most
CONNECTIONS = 4096  # open browsers: each keeps one connection, and granian answers no more than these at a time


def load() -> Callable[..., Any]:
    """The app of microblog.py once its database is up to date, and in the demo planted.

    This runs in granian's worker process, which is told not to outlive its parent.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        lifeline.die_with(parent.pid)
    from app import create_app
    from app.engine import housekeeping
    from app.extensions import db
    from app.services import demo, schema

    app = create_app()
    with app.app_context():
        schema.prepare()
        if app.config["DEMO"]:
            demo.plant()
            db.session.commit()
    housekeeping.start_in_server(app)
    return app


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    allow_files(2 * CONNECTIONS)
    Granian(
        "microblog:app",
        address=os.environ.get("HOST") or "127.0.0.1",
        port=int(os.environ.get("PORT") or 5000),
        interface=Interfaces.WSGI,
        websockets=False,
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        workers_kill_timeout=10,
    ).serve(target_loader=load, wrap_loader=False)


def allow_files(count: int) -> None:
    """Let this process and its children hold so many files and connections open, as far as the machine permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()
