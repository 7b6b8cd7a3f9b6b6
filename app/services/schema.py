"""The database's shape: whether it answers, whether it is the one the migrations describe, and making it so."""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.extensions import db

LOCK_NUMBER = 0x6D626C67  # any number of ours: PostgreSQL's advisory locks have numbers, not names
PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


def missing_migrations(connection: Connection) -> list[str]:
    """The migrations the database has not had yet, oldest first; empty when it is up to date."""
    folder = current_app.extensions["migrate"].directory
    script = ScriptDirectory(folder)
    had = MigrationContext.configure(connection).get_current_heads()
    return [step.revision for step in script.iterate_revisions("heads", had or "base")][::-1]


def prepare(wait_seconds: float = 60) -> None:
    """Wait for the database, then migrate it unless it is up to date; several processes may do so at once.

    Raises the driver's own error when the database has not answered after `wait_seconds`.
    """
    _wait(wait_seconds)
    with _alone():
        with db.engine.connect() as connection:
            missing = missing_migrations(connection)
        if missing:
            flask_migrate.upgrade()


def _wait(seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            with db.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            return
        except DBAPIError as error:
            if time.monotonic() > until:
                raise
            log.warning("waiting for the database: %s", error.orig)
            time.sleep(PAUSE_SECONDS)


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time: PostgreSQL's advisory lock, or a locked file beside SQLite."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": LOCK_NUMBER})
            yield
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": LOCK_NUMBER})
    else:
        with open(Path(current_app.instance_path) / "migrate.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
