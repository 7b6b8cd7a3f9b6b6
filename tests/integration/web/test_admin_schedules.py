"""The page of what starts by the clock: everybody who may read Admin sees it, only an admin starts something."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import models
from app.engine import schedules
from app.engine.outbox import request
from app.extensions import db
from tests.application import login
from tests.engine_fixtures import InProcessWorker, fresh
from tests.visitor import Visitor

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def admin(client: FlaskClient, david: models.User) -> FlaskClient:
    login(client, david)
    return client


def runs_of(name: str) -> list[models.Run]:
    return list(db.session.scalars(select(models.Run).where(models.Run.task == name)))


@pytest.mark.parametrize(
    ("role", "reads", "acts"), [("member", 403, 403), ("moderator", 200, 403), ("admin", 200, 303)]
)
def test_a_moderator_reads_and_an_admin_acts(
    client: FlaskClient, david: models.User, role: str, reads: int, acts: int
) -> None:
    david.role = role
    db.session.commit()
    login(client, david)

    page = client.get("/admin/schedules")

    assert page.status_code == reads
    assert ("Run now" in page.text) == (role == "admin")
    for action in ("pause", "resume", "run"):
        assert client.post(f"/admin/schedules/every_day/{action}").status_code == acts
    assert len(runs_of("every_day")) == (1 if acts == 303 else 0)


def test_each_schedule_tells_its_times_and_what_came_of_the_last(app: Flask, admin: FlaskClient) -> None:
    app.config["SCHEDULES"] = "on"
    schedules.ask_for_due(NOON)
    schedules.ask_for_due(NOON + timedelta(days=1))
    run = runs_of("every_day")[0]

    page = admin.get("/admin/schedules").text

    for words in (
        "Every day",
        "every day at 12:00 UTC",
        '<code class="text-nowrap">0 12 * * *</code>',
        "Monday 23 November 2026, 12:00 UTC",
        f'href="/admin/tasks/{run.id}"',
        "Queued",
        "Next due",
        "passed over",
    ):
        assert words in page
    assert "The clock is stopped" not in page


def test_before_anything_was_due_and_after_its_run_is_tidied_away(admin: FlaskClient) -> None:
    assert "nothing yet" in admin.get("/admin/schedules").text

    schedules.ask_for_due(NOON)
    assert "nothing was started" in admin.get("/admin/schedules").text

    schedules.ask_for_due(NOON + timedelta(days=1))
    db.session.query(models.Run).delete()
    db.session.commit()
    assert "tidied away" in admin.get("/admin/schedules").text


def test_a_stopped_clock_is_told(admin: FlaskClient) -> None:
    assert "The clock is stopped" in admin.get("/admin/schedules").text


def test_run_now_starts_a_run_of_the_houses_own(admin: FlaskClient, worker: InProcessWorker) -> None:
    answer = admin.post("/admin/schedules/clean_up/run")
    run = runs_of("clean_up")[0]
    worker.work()

    assert (answer.status_code, answer.location) == (303, f"/admin/tasks/{run.id}")
    assert (fresh(run).state, run.user_id) == ("succeeded", None)
    assert "By hand, by david" in admin.get(answer.location).text
    assert run.id not in admin.get("/tasks").text


def test_run_now_twice_is_one_run(admin: FlaskClient) -> None:
    first, second = (admin.post("/admin/schedules/every_minute/run") for _ in range(2))

    assert first.location == second.location
    assert len(runs_of("every_minute")) == 1


def test_pause_and_resume(admin: FlaskClient) -> None:
    assert admin.post("/admin/schedules/every_day/pause").location == "/admin/schedules"
    page = admin.get("/admin/schedules").text
    assert "paused by david" in page and "/admin/schedules/every_day/resume" in page
    assert "Every day: every day at 12:00 UTC, paused" in admin.get("/admin/tasks").text

    admin.post("/admin/schedules/every_day/resume")
    assert "paused by" not in admin.get("/admin/schedules").text


def test_run_now_is_for_what_has_a_schedule(admin: FlaskClient) -> None:
    for name in ("export_posts", "nonsense"):
        for action in ("run", "pause", "resume"):
            assert admin.post(f"/admin/schedules/{name}/{action}").status_code == 404
    assert db.session.scalar(select(func.count()).select_from(models.Run)) == 0


def test_run_now_asks_for_the_pages_token(app: Flask, david: models.User) -> None:
    app.config["WTF_CSRF_ENABLED"] = True

    assert Visitor(app).signed_in(david).send("POST", "/admin/schedules/every_day/run").status_code == 403


def test_the_page_takes_as_many_statements_for_many_runs_as_for_one(admin: FlaskClient) -> None:
    from tests.statements import statements

    with statements() as before:
        admin.get("/admin/schedules")
    schedules.ask_for_due(NOON)
    schedules.ask_for_due(NOON + timedelta(days=1))
    request("clean_up", by=None)
    db.session.commit()

    with statements() as after:
        admin.get("/admin/schedules")

    assert len(after) <= len(before)
