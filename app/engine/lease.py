"""Leases by the database's clock, and who holds one: the process that claimed a run."""

import os
import signal
import socket
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Interval, bindparam, func, literal

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime


def database_now() -> ColumnElement[Any]:
    """The database's own present: the host's on SQLite, `clock_timestamp()` on PostgreSQL."""
    if db.engine.dialect.name == "sqlite":
        return literal(clock.now(), UtcDateTime)
    return func.clock_timestamp(type_=UtcDateTime)


def until(seconds: float, dialect: str | None = None) -> ColumnElement[Any]:
    """The end of a lease that begins now; a thread without an app context names the dialect."""
    length = timedelta(seconds=seconds)
    if (dialect or db.engine.dialect.name) == "sqlite":
        return literal(clock.now() + length, UtcDateTime)
    return func.clock_timestamp() + literal(length, Interval)


def expression(dialect: str) -> ColumnElement[Any]:
    """The end of a lease as SQL with a parameter, for a statement that is built once; see `values`."""
    if dialect == "sqlite":
        return bindparam("lease_end", type_=UtcDateTime)
    return func.clock_timestamp() + bindparam("lease_length", type_=Interval)


def values(seconds: float) -> dict[str, Any]:
    """The parameter that `expression` waits for, on either database."""
    length = timedelta(seconds=seconds)
    return {"lease_end": clock.now() + length} if db.engine.dialect.name == "sqlite" else {"lease_length": length}


def holder() -> dict[str, Any]:
    """This process, so that another can tell whether it still lives: host, pid and the pid's start time."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": started_at(os.getpid())}


def started_at(pid: int) -> str | None:
    """When the process began, in the kernel's ticks; None where that cannot be known or it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def is_alive(worker: dict[str, Any] | None) -> bool:
    """True if the holder certainly runs on this host; False if it is gone or on another one."""
    if not worker or worker.get("host") != socket.gethostname() or not worker.get("started"):
        return False
    return bool(started_at(worker["pid"]) == worker["started"])


def end(worker: dict[str, Any] | None) -> bool:
    """Kill the holder of a lost lease if it still runs here: frozen inside a write, it would block every writer."""
    if worker is None or not is_alive(worker) or worker["pid"] == os.getpid() or worker.get("thread"):
        return False
    try:
        os.kill(worker["pid"], signal.SIGKILL)
    except OSError:
        return False
    return True
