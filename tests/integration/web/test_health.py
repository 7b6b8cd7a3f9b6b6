import pytest

from app import create_app
from app.extensions import db
from config import Config
from tests import database
from tests.processes import free_port


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


def test_metrics_are_in_prometheus_format(client):
    text = client.get("/metrics").text

    assert "# TYPE microblog_redis_up gauge\nmicroblog_redis_up 1\n" in text
    assert 'microblog_queue_workers{queue="microblog-tasks"} 0' in text


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
