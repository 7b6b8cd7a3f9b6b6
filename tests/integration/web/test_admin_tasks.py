"""The pages of those who run the site: a moderator reads, an admin acts, nobody else gets in."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app import models
from app.engine import outbox
from app.extensions import db
from tests.application import login
from tests.engine_fixtures import InProcessWorker, fresh

SignIn = Callable[[str], models.User]


@pytest.fixture
def run(susan: models.User) -> models.Run:
    run = outbox.request("slow", by=susan)
    run.state, run.error, run.error_trace, run.reason = "failed", "It broke", "Traceback: a secret detail", "error"
    run.active_key = None
    db.session.commit()
    return run


@pytest.fixture
def sign_in(client: FlaskClient, david: models.User) -> SignIn:
    """Sign david in, in the role that is given."""

    def sign_in(role: str) -> models.User:
        david.role = role
        db.session.commit()
        login(client, david)
        return david

    return sign_in


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("moderator", 200), ("admin", 200)])
def test_who_may_read(client: FlaskClient, sign_in: SignIn, run: models.Run, role: str, status: int) -> None:
    sign_in(role)

    assert client.get("/admin/tasks").status_code == status
    assert client.get(f"/admin/tasks/{run.id}").status_code == status


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("moderator", 403), ("admin", 303)])
@pytest.mark.parametrize("action", ["retry", "cancel"])
def test_who_may_act(
    client: FlaskClient, sign_in: SignIn, run: models.Run, role: str, status: int, action: str
) -> None:
    sign_in(role)
    if action == "cancel":
        run.state = "queued"
        db.session.commit()

    assert client.post(f"/admin/tasks/{run.id}/{action}").status_code == status
    assert (fresh(run).state in ("queued", "cancelled")) == (status == 303 or action == "cancel")


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient, run: models.Run) -> None:
    assert client.get("/admin/tasks").status_code == 302


def test_only_an_admin_sees_the_traceback(client: FlaskClient, sign_in: SignIn, run: models.Run) -> None:
    david = sign_in("moderator")
    assert "a secret detail" not in client.get(f"/admin/tasks/{run.id}").text

    david.role = "admin"
    db.session.commit()
    assert "a secret detail" in client.get(f"/admin/tasks/{run.id}").text


def test_the_page_tells_queues_failures_and_that_nobody_works(
    client: FlaskClient, sign_in: SignIn, run: models.Run
) -> None:
    sign_in("moderator")

    page = client.get("/admin/tasks").text

    for word in (
        "microblog-tasks",
        "microblog-high",
        "No worker is running",
        "It broke",
        "every day at 12:00 UTC",  # the trials have a schedule
    ):
        assert word in page


def test_canaries_fill_no_list_and_no_log(
    client: FlaskClient,
    sign_in: SignIn,
    run: models.Run,
    worker: InProcessWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sign_in("admin")
    canary = outbox.request("canary", by=None)
    db.session.commit()
    canary_id = canary.id
    worker.work()

    assert fresh(canary_id).state == "succeeded"
    assert canary_id not in client.get("/admin/tasks").text
    assert canary_id not in client.get("/tasks").text
    assert run.id in client.get("/admin/tasks").text
    assert canary_id not in caplog.text
    assert client.get(f"/admin/tasks/{canary_id}").status_code == 200
