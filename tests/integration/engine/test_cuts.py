"""The database goes away at every moment of a run, one after the other. That is not the task's fault."""

import sqlite3
import threading

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import func, select

from app.adapters.storage import open_storage
from app.engine import runner
from app.extensions import db
from app.models import Artifact, Post, RunOnce
from tests.engine_fixtures import fresh, start, timeline


class Trouble:
    """At the `moment`-th statement or commit of this thread: PostgreSQL cuts the connection; on SQLite another writer
    comes first, and stays until it was in the way.
    """

    def __init__(self, moment):
        self.moment, self.seen = moment, 0
        self.thread = threading.get_ident()
        self.blocker = None

    def __enter__(self):
        self._each(sqlalchemy.event.listen)
        return self

    def __exit__(self, *_error):
        self._each(sqlalchemy.event.remove)
        self.let_go()

    def count(self, connection, *_arguments):
        if threading.get_ident() != self.thread:
            return
        self.seen += 1
        if self.seen != self.moment:
            return
        if connection.dialect.name == "sqlite":
            self.blocker = sqlite3.connect(
                db.engine.url.database, isolation_level=None, timeout=0, check_same_thread=False
            )
            try:
                self.blocker.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                self.let_go()  # the run itself is writing: nobody can come first
        else:
            driver = connection.connection.driver_connection
            with psycopg.connect(driver.info.dsn, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])

    def let_go(self, *_error):
        if self.blocker is not None:
            self.blocker.close()
            self.blocker = None

    def _each(self, act):
        act(db.engine, "before_cursor_execute", self.count)
        act(db.engine, "commit", self.count)
        act(db.engine, "handle_error", self.let_go)


@pytest.fixture
def impatient(app):
    """On SQLite nobody waits for a lock: its five seconds would be waited for at every moment."""
    if db.engine.dialect.name == "sqlite":
        sqlalchemy.event.listen(
            db.engine, "connect", lambda connection, _record: connection.execute("PRAGMA busy_timeout = 0").close()
        )
        db.session.remove()
        db.engine.dispose()


def file_of(app, run):
    artifact = db.session.scalars(select(Artifact).where(Artifact.run_id == run.id)).one()
    with open_storage(app.config["STORAGE_URL"]).open(artifact.storage_key) as file:
        return file.read().decode()


def effects_of(run):
    """How many numbers the run has written, and how many effects it has had once."""
    posts = select(func.count()).where(Post.source == "odd", Post.source_id.startswith(run.id))
    onces = select(func.count()).where(RunOnce.run_id == run.id)
    return db.session.scalar(posts), db.session.scalar(onces)


def test_a_database_away_at_any_moment_costs_no_attempt_and_no_claim(app, impatient, susan, monkeypatch):
    monkeypatch.setattr(runner, "CLAIM_AGAIN_SECONDS", 0)
    moment, is_through = 0, False

    while not is_through:  # until a run is over before its moment comes
        moment += 1
        run_id = start("thorough", susan).id
        with Trouble(moment) as trouble:
            runner.perform(run_id, 0)
        is_through = trouble.seen < moment

        run = fresh(run_id)
        ended = (run.state, run.attempt, run.claim, timeline(run_id))
        assert ended == ("succeeded", 1, 1, ["queued", "claim", "succeeded"]), moment
        assert effects_of(run) == (2, 1), moment
        assert file_of(app, run) == "0\n1\n", moment

    assert moment > 40
    hellos = db.session.scalar(select(func.count()).where(Post.source == "once"))
    assert hellos == moment
