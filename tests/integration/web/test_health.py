import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app import clock, create_app
from app.engine import schedules
from app.extensions import db
from app.models import Run
from app.services import health, letters
from config import Config
from tests import database
from tests.processes import free_port

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def broken_client(environment):
    """A client of an app whose database is away."""
    environment["DATABASE_URL"] = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    return create_app(Config(environment)).test_client()


def test_alive_needs_neither_database_nor_redis(environment, broken_client):
    response = broken_client.get("/health")

    assert (response.status_code, response.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in response.headers


def test_ready_when_the_database_is_up_to_date(client):
    response = client.get("/health/ready")

    assert (response.status_code, response.json) == (200, {"status": "ready"})


def test_not_ready_while_migrations_are_missing(app):
    database.empty(db.engine)

    response = app.test_client().get("/health/ready")

    assert response.status_code == 503
    assert "migrations" in response.json["reasons"][0]


def test_not_ready_while_the_database_is_away(broken_client):
    response = broken_client.get("/health/ready")

    assert response.status_code == 503
    assert response.json["reasons"] == ["The database does not answer."]


def test_queues_are_told_with_their_workers(client):
    response = client.get("/health/queues")

    assert response.json["redis"] is True
    assert {row["name"] for row in response.json["queues"]} == {"microblog-tasks", "microblog-high"}
    assert response.json["queues"][0] | {"name": ""} == {
        "name": "",
        "queued": 0,
        "running": 0,
        "workers": 0,
        "oldest_seconds": None,
    }


def test_queues_are_told_while_redis_is_away(environment, app):
    app.config["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"

    response = app.test_client().get("/health/queues")

    assert (response.status_code, response.json["redis"]) == (200, False)


def test_queues_say_503_while_the_database_is_away(broken_client):
    assert broken_client.get("/health/queues").status_code == 503


@pytest.fixture
def canary(app, worker):
    """One that was due at noon and came back after seven seconds."""
    schedules.ask_for_due(NOON - timedelta(minutes=1))
    schedules.ask_for_due(NOON)
    worker.work()
    run = db.session.scalars(select(Run).where(Run.task == "canary")).one()
    assert run.state == "succeeded"
    run.created_at, run.finished_at = NOON + timedelta(seconds=3), NOON + timedelta(seconds=7)
    db.session.commit()
    return run


def test_the_canary_is_timed_from_its_due_time_to_its_end(canary):
    found = health.canary(NOON + timedelta(seconds=40))

    assert (found.age_seconds, found.delay_seconds) == (33, 7)


def test_a_canary_that_waits_is_the_only_one_and_leaves_the_last_to_grow_old(canary):
    for minutes in (1, 2, 3):
        schedules.ask_for_due(NOON + timedelta(minutes=minutes))

    assert db.session.scalar(select(func.count()).where(Run.task == "canary")) == 2
    assert health.canary(NOON + timedelta(minutes=4)).age_seconds == 233


def test_the_canarys_age_is_told(client, canary):
    told = client.get("/health/queues").json["canary"]
    text = client.get("/metrics").text

    assert told["delay_seconds"] == 7
    assert told["age_seconds"] == pytest.approx((clock.now() - canary.finished_at).total_seconds(), abs=60)
    assert "\nmicroblog_canary_delay_seconds 7\n" in text
    assert "\nmicroblog_canary_age_seconds " in text


def test_before_the_first_canary_nothing_is_claimed(client):
    assert client.get("/health/queues").json["canary"] is None
    assert "canary" not in client.get("/metrics").text


def test_metrics_are_in_prometheus_format(client):
    text = client.get("/metrics").text

    assert "# TYPE microblog_redis_up gauge\nmicroblog_redis_up 1\n" in text
    assert 'microblog_queue_workers{queue="microblog-tasks"} 0' in text


def test_letters_that_wait_or_are_dead_are_counted(client, susan):
    assert 'microblog_letters{state="dead"} 0\n' in client.get("/metrics").text
    for key, changes in {
        "late": {"created_at": clock.now() - timedelta(minutes=20)},
        "dead": {"state": "dead"},
    }.items():
        letters.post([letters.draft("trial", susan, key) | changes])
    db.session.commit()

    text = client.get("/metrics").text

    assert 'microblog_letters{state="waiting"} 1\nmicroblog_letters{state="dead"} 1\n' in text
    assert 1200 <= float(re.search(r"^microblog_letters_oldest_seconds (\S+)$", text, re.MULTILINE)[1]) < 1320
    assert "susan" not in text


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 404),
        ("192.0.2.7", {"Authorization": "Bearer the-token"}, 200),
        ("192.0.2.7", {"Authorization": "Bearer another"}, 404),
    ],
)
def test_metrics_are_for_this_machine_or_who_knows_the_token(app, address, headers, status):
    app.config["METRICS_TOKEN"] = "the-token"

    response = app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})

    assert response.status_code == status


def test_an_empty_token_opens_nothing(app):
    response = app.test_client().get(
        "/metrics", headers={"Authorization": "Bearer "}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )

    assert response.status_code == 404
