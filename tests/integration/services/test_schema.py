import subprocess
import sys

import flask_migrate
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import create_app
from app.extensions import db
from app.services import health, schema, search
from config import Config
from tests import database
from tests.processes import ROOT, free_port


@pytest.fixture
def empty(app):
    """The app over a database without a single table."""
    database.empty(db.engine)
    return app


def test_empty_database_is_brought_up_to_date(empty):
    with db.engine.connect() as connection:
        assert schema.missing_migrations(connection)

    schema.prepare()

    with db.engine.connect() as connection:
        assert schema.missing_migrations(connection) == []
    assert health.reasons_not_ready() == []


def test_processes_that_migrate_at_once_do_not_disturb_each_other(empty, environment):
    import os

    command = [sys.executable, "-m", "flask", "--app", "app", "prepare"]
    started = [subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}) for _ in range(3)]

    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert health.reasons_not_ready() == []


def test_database_that_never_answers_is_not_waited_for_for_ever(environment):
    environment["DATABASE_URL"] = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    app = create_app(Config(environment))

    with app.app_context(), pytest.raises(OperationalError):
        schema.prepare(wait_seconds=0.1)


def test_who_was_here_before_members_were_indexed_is_found_after(empty):
    flask_migrate.upgrade(revision="0022")
    columns = "username, email, password_hash, about_me, role, is_suspended, session_epoch, created_at"
    counters = "post_count, follower_count, following_count"
    with db.engine.begin() as connection:
        connection.execute(
            text(
                f'INSERT INTO "user" ({columns}, {counters}) VALUES'
                " ('mary', 'mary@example.com', '', 'Ärger mit Öfen', 'member', false, 1, '2026-01-01', 0, 0, 0)"
            )
        )

    schema.prepare()

    assert [member.username for member in search.people("ofen arger", 0)] == ["mary"]
