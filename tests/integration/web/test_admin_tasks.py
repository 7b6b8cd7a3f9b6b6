"""The pages of those who run the site: a moderator reads, an admin acts, nobody else gets in."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import models
from app.engine import outbox
from app.extensions import db
from tests.application import login
from tests.engine_fixtures import fresh


@pytest.fixture
def run(app: Flask) -> models.Run:
    run = outbox.request("slow", by=_member("susan", "member"))
    run.state, run.error, run.error_trace, run.reason = "failed", "It broke", "Traceback: a secret detail", "error"
    run.active_key = None
    db.session.commit()
    return run


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("moderator", 200), ("admin", 200)])
def test_who_may_read(client: FlaskClient, run: models.Run, role: str, status: int) -> None:
    login(client, _member("david", role))

    assert client.get("/admin/tasks").status_code == status
    assert client.get(f"/admin/tasks/{run.id}").status_code == status


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("moderator", 403), ("admin", 303)])
@pytest.mark.parametrize("action", ["retry", "cancel"])
def test_who_may_act(client: FlaskClient, run: models.Run, role: str, status: int, action: str) -> None:
    login(client, _member("david", role))
    if action == "cancel":
        run.state = "queued"
        db.session.commit()

    assert client.post(f"/admin/tasks/{run.id}/{action}").status_code == status
    assert (fresh(run).state in ("queued", "cancelled")) == (status == 303 or action == "cancel")


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient, run: models.Run) -> None:
    assert client.get("/admin/tasks").status_code == 302


def test_only_an_admin_sees_the_traceback(client: FlaskClient, run: models.Run) -> None:
    david = _member("david", "moderator")
    login(client, david)
    assert "a secret detail" not in client.get(f"/admin/tasks/{run.id}").text

    david.role = "admin"
    db.session.commit()
    assert "a secret detail" in client.get(f"/admin/tasks/{run.id}").text


def test_the_page_tells_queues_failures_and_that_nobody_works(client: FlaskClient, run: models.Run) -> None:
    login(client, _member("david", "moderator"))

    page = client.get("/admin/tasks").text

    for word in (
        "microblog-tasks",
        "microblog-high",
        "No worker is running",
        "It broke",
        "No task starts by the clock",
    ):
        assert word in page


def _member(username: str, role: str) -> models.User:
    member = models.User(username=username, email=f"{username}@example.com", password_hash="none", role=role)
    db.session.add(member)
    db.session.commit()
    return member
