"""The app over a fresh database and an emptied private Redis, and a client that can sign in."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from app import create_app, models
from app.extensions import db
from config import Config
from tests.database import PostgresTemplate, SqliteTemplate


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteTemplate | PostgresTemplate]:
    server_url = os.environ.get("TEST_DATABASE_URL")
    if not server_url:
        yield SqliteTemplate(tmp_path_factory.mktemp("database"))
        return
    template = PostgresTemplate(server_url)
    yield template
    template.close()


@pytest.fixture
def database_url(database_template: SqliteTemplate | PostgresTemplate, tmp_path: Path) -> Iterator[str]:
    with database_template.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Every setting of this test's app: the same for the app in the test and for the processes it starts.

    A test that wants another value changes the dictionary before it asks for `app`.
    """
    return {
        "MICROBLOG_ENV": "development",
        "SECRET_KEY": "only-for-tests-only-for-tests",
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "STORAGE_URL": f"file:{tmp_path}/instance/files",
        "PUBLIC_URL": "http://127.0.0.1:5000",
        "DEMO": "",
        "MAIL_SERVER": "",
        "MAIL_FROM": "microblog@localhost",
        "SMS_URL": "",
        "TASK_FALLBACK": "hold",
        "LEASE_SECONDS": "5",
        "SWEEP_SECONDS": "0.5",
        "POLL_ACTIVE_MS": "1000",
        "POLL_IDLE_MS": "15000",
        "METRICS_TOKEN": "",
        "TASK_MODULES": "tests.trials",
        "SCHEDULES": "off",  # what starts by the clock would come between a test's own runs
    }


class CompiledTemplates(BytecodeCache):
    """Every test has an app of its own; a template is compiled once for them all, as long as its source is the same."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


compiled_templates = CompiledTemplates()


@pytest.fixture
def app(environment: dict[str, str]) -> Iterator[Flask]:
    """The app inside an open app context. Forms need no CSRF token; a test of CSRF turns WTF_CSRF_ENABLED on."""
    config = Config(environment)
    config.TESTING = True
    config.WTF_CSRF_ENABLED = False
    app = create_app(config)
    app.jinja_env.bytecode_cache = compiled_templates
    with app.app_context():
        yield app
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def login(client: FlaskClient, user: models.User) -> None:
    """Sign the member in without the form (and its slow password hash)."""
    with client.session_transaction() as session:
        session.clear()
        session["_user_id"] = user.get_id()
        session["_fresh"] = True
