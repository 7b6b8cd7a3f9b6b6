"""Starting a task from its page, as a person and as a program."""

from collections.abc import Iterator

import pytest
import uuid6
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse
from wtforms import DateField, Form, IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from app import models
from app.engine import Run, registry, task
from app.extensions import db
from tests.application import login

JSON = {"Accept": "application/json"}


@pytest.fixture
def as_susan(client: FlaskClient, susan: models.User) -> FlaskClient:
    login(client, susan)
    return client


@pytest.fixture
def counting() -> Iterator[registry.Task]:
    """A task with fields and a quota, for this test alone."""

    class Numbers(Form):
        up_to = IntegerField("Up to", validators=[InputRequired(), NumberRange(min=1)])
        since = DateField("Since", validators=[Optional()])

    @task(title="Count", unit="numbers", unique=None, quota="2/hour", params=Numbers)
    def counting(run: Run, *, up_to: int, since: str = "") -> None:
        """Count up to a number."""

    yield counting.task
    registry._tasks.pop("counting")


def test_page_offers_what_can_be_started_and_says_the_quota(as_susan: FlaskClient) -> None:
    page = as_susan.get("/tasks").text

    assert '<form class="offer__form" method="post" action="/tasks/export_posts" data-task="export_posts">' in page
    assert "10 an hour, 10 left" in page


def test_page_says_how_many_runs_there_may_be_before_it_refuses_one(as_susan: FlaskClient, susan: models.User) -> None:
    _write_runs(susan, 199, state="queued", task="recount")
    assert "199 of at most 200 wait or run now" in as_susan.get("/tasks").text

    first = as_susan.post("/tasks/export_posts", headers=JSON)
    second = as_susan.post("/tasks/example_long_task", headers=JSON)

    assert (first.status_code, second.status_code) == (202, 429)
    assert "200 runs waiting or running" in second.json["detail"]
    assert second.headers["Retry-After"] == "60"


def test_start_leads_to_the_run(as_susan: FlaskClient) -> None:
    response = as_susan.post("/tasks/example_long_task")

    run = db.session.scalars(db.select(models.Run)).one()
    assert (response.status_code, response.location) == (303, f"/runs/{run.id}")


def test_start_by_a_program_answers_with_the_run(as_susan: FlaskClient) -> None:
    response = as_susan.post("/tasks/export_posts", headers=JSON)

    run = db.session.scalars(db.select(models.Run)).one()
    assert (response.status_code, response.location) == (202, f"/runs/{run.id}")
    assert response.json["run_id"] == run.id
    assert response.json["state"] == "queued"
    assert response.json["can"] == ["cancel"]
    stored = db.session.scalars(db.select(models.Notification)).one()
    assert response.json == stored.data


def test_a_unique_task_that_is_active_is_returned(as_susan: FlaskClient) -> None:
    first = as_susan.post("/tasks/example_long_task", headers=JSON)
    second = as_susan.post("/tasks/example_long_task", headers=JSON)

    assert second.status_code == 202
    assert second.json["run_id"] == first.json["run_id"]


@pytest.mark.parametrize("how", ["header", "field"])
def test_the_same_idempotency_key_is_the_same_run(as_susan: FlaskClient, counting: registry.Task, how: str) -> None:
    def start(up_to: int) -> TestResponse:
        if how == "header":
            return as_susan.post("/tasks/counting", data={"up_to": up_to}, headers={**JSON, "Idempotency-Key": "k"})
        return as_susan.post("/tasks/counting", data={"up_to": up_to, "idempotency_key": "k"}, headers=JSON)

    first, second, other = start(3), start(3), start(4)

    assert first.json["run_id"] == second.json["run_id"]
    assert other.status_code == 422


def test_fields_become_arguments_and_empty_ones_keep_their_default(
    as_susan: FlaskClient, counting: registry.Task
) -> None:
    as_susan.post("/tasks/counting", data={"up_to": "7", "since": ""})
    as_susan.post("/tasks/counting", data={"up_to": "7", "since": "2026-11-22"})

    stored = [run.args for run in db.session.scalars(db.select(models.Run).order_by(models.Run.id))]
    assert stored == [{"up_to": 7}, {"up_to": 7, "since": "2026-11-22"}]


def test_wrong_fields_are_refused_with_what_is_wrong(as_susan: FlaskClient, counting: registry.Task) -> None:
    page = as_susan.post("/tasks/counting", data={"up_to": "0"})
    problem = as_susan.post("/tasks/counting", data={"up_to": "0"}, headers=JSON)

    assert page.status_code == problem.status_code == 422
    assert "Number must be at least 1." in page.text
    assert problem.json["detail"] == "Up to: Number must be at least 1."
    assert db.session.scalar(db.select(db.func.count(models.Run.id))) == 0


def test_over_the_quota_is_429_with_a_sentence_and_when_to_try_again(
    as_susan: FlaskClient, counting: registry.Task
) -> None:
    for _ in range(2):
        as_susan.post("/tasks/counting", data={"up_to": "1"})

    assert "2 an hour, none left" in as_susan.get("/tasks").text
    for headers in ({}, JSON):
        response = as_susan.post("/tasks/counting", data={"up_to": "1"}, headers=headers)
        assert response.status_code == 429
        assert 0 < int(response.headers["Retry-After"]) <= 3600
        assert "2 an hour are allowed" in response.text


def test_unknown_and_hidden_tasks_cannot_be_started(as_susan: FlaskClient) -> None:
    @task(title="Hidden", visible=False)
    def hidden(run: Run) -> None:
        """Nobody starts this by hand."""

    try:
        assert as_susan.post("/tasks/nothing", headers=JSON).status_code == 404
        assert as_susan.post("/tasks/hidden", headers=JSON).status_code == 404
        assert "Hidden" not in as_susan.get("/tasks").text
    finally:
        registry._tasks.pop("hidden")


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/tasks").status_code == 302
    assert client.post("/tasks/export_posts", headers=JSON).status_code == 401


def test_a_get_starts_nothing(as_susan: FlaskClient) -> None:
    assert as_susan.get("/tasks/export_posts").status_code == 405
    as_susan.get("/start-task")

    assert db.session.scalar(db.select(db.func.count(models.Run.id))) == 0


def test_without_a_token_nothing_is_started(app: Flask, as_susan: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True

    response = as_susan.post("/tasks/export_posts", headers=JSON)

    assert (response.status_code, response.mimetype) == (403, "application/problem+json")
    assert db.session.scalar(db.select(db.func.count(models.Run.id))) == 0


def test_start_task_starts_the_long_task_and_goes_home(as_susan: FlaskClient) -> None:
    response = as_susan.post("/start-task")

    assert response.status_code == 303
    assert response.location in ("/", "/index")
    assert db.session.scalars(db.select(models.Run)).one().task == "example_long_task"


def test_history_is_newest_first_filtered_and_paged(
    as_susan: FlaskClient, susan: models.User, john: models.User
) -> None:
    _write_runs(susan, 25, state="succeeded", title="Old one")
    _write_runs(susan, 1, state="failed", title="New one", task="example_long_task")
    _write_runs(john, 1, state="failed", title="Secret one")

    first = as_susan.get("/tasks").text
    assert first.count("data-row=") == 20
    assert first.index("New one") < first.index("Old one")
    assert "Secret one" not in first

    older = as_susan.get(_link(first, "Older runs")).text
    assert older.count("data-row=") == 6
    assert as_susan.get("/tasks?state=failed").text.count("data-row=") == 1
    assert as_susan.get("/tasks?state=active").text.count("data-row=") == 0
    assert as_susan.get("/tasks?task=example_long_task").text.count("data-row=") == 1
    assert as_susan.get("/tasks?state=nonsense").text.count("data-row=") == 20


def test_tray_shows_three_and_how_many_more(as_susan: FlaskClient, susan: models.User) -> None:
    _write_runs(susan, 5, state="failed")

    page = as_susan.get("/explore").text

    assert page.count("data-run=") == page.count('data-state="failed"') == 3
    assert "<span data-count>2</span> more" in page


def _write_runs(owner: models.User, count: int, **values: object) -> None:
    for _ in range(count):
        row = {"task": "export_posts", "title": "Export posts", "queue": "microblog-tasks", **values}
        db.session.add(models.Run(id=str(uuid6.uuid7()), user_id=owner.id, **row))
    db.session.commit()


def _link(page: str, text: str) -> str:
    before = page[: page.index(f">{text}<")]
    return before[before.rindex('href="') + 6 : before.rindex('"')].replace("&amp;", "&")
