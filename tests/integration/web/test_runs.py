"""A run's page and files, and what its owner may do to it; nobody else may do or see anything."""

import csv
import hashlib
import io
from collections.abc import Callable

import pytest
import rq
from flask import Flask
from flask.testing import FlaskClient

from app import models
from app.adapters import redis
from app.engine import monitor, outbox
from app.extensions import db
from tests.application import login
from tests.engine_fixtures import InProcessWorker, fresh

JSON = {"Accept": "application/json"}
MakeRun = Callable[..., models.Run]


@pytest.fixture
def as_susan(client: FlaskClient, susan: models.User) -> FlaskClient:
    login(client, susan)
    return client


@pytest.fixture
def as_john(app: Flask, john: models.User) -> FlaskClient:
    client = app.test_client()
    login(client, john)
    return client


@pytest.fixture
def make_run(susan: models.User) -> MakeRun:
    """A run of susan's in the state that is wanted."""

    def make(state: str = "queued", **values: object) -> models.Run:
        run = outbox.request("slow", by=susan)
        run.state = state
        if not run.is_active:
            run.active_key = None
        for name, value in values.items():
            setattr(run, name, value)
        db.session.commit()
        return run

    return make


@pytest.fixture
def exported(susan: models.User, worker: InProcessWorker) -> models.Run:
    """A finished export with its file."""
    db.session.add_all(models.Post(author_id=susan.id, body=f"Post {number}") for number in range(20))
    run = outbox.request("export_posts", by=susan)
    worker.work()
    return fresh(run)


STATES = ["queued", "running", "retrying", "cancelling", "succeeded", "partial", "failed", "cancelled"]
WORDS = ["Queued", "Running", "Retrying", "Cancelling", "Done", "Partly done", "Failed", "Cancelled"]


@pytest.mark.parametrize(("state", "word"), list(zip(STATES, WORDS, strict=True)))
def test_each_state_has_its_card(as_susan: FlaskClient, make_run: MakeRun, state: str, word: str) -> None:
    run = make_run(state, percent=42)

    for path in (f"/runs/{run.id}", f"/runs/{run.id}/card"):
        page = as_susan.get(path).text
        assert f'data-run="{run.id}" data-state="{state}"' in page
        assert f'<strong class="run__word">{word}</strong>' in page
        assert "data-text" in page
        assert page.count("<progress") == 1, "the tray leaves out the run that the page is about"


def test_a_bar_without_a_percent_has_no_value(as_susan: FlaskClient, make_run: MakeRun) -> None:
    unknown = as_susan.get(f"/runs/{make_run('running', percent=None).id}/card").text
    known = as_susan.get(f"/runs/{make_run('running', percent=0).id}/card").text

    assert "value=" not in unknown.partition("<progress")[2].partition(">")[0]
    assert 'value="0"' in known


def test_health_is_told_beside_the_state(as_susan: FlaskClient, make_run: MakeRun) -> None:
    first, second = make_run(), make_run()

    assert "Waiting: no worker is running" in as_susan.get(f"/runs/{first.id}/card").text
    page = as_susan.get(f"/runs/{second.id}/card").text
    assert 'data-health="no_worker" data-ahead="1"' in page


def test_a_third_run_says_that_it_waits_for_the_members_others(
    app: Flask, as_susan: FlaskClient, susan: models.User, john: models.User
) -> None:
    runs = [outbox.request("example_long_task", by=by) for by in (john, susan)]
    runs += [outbox.request("export_posts", by=susan), outbox.request("make_samples", by=susan)]
    db.session.commit()
    somebody = rq.Worker(["microblog-tasks"], connection=redis.connect(app.config["REDIS_URL"]))
    somebody.register_birth()
    monitor.refresh()

    texts = [as_susan.get(f"/runs/{run.id}/card").text for run in runs[1:]]

    assert ["1 ahead of you" in texts[0], "2 ahead of you" in texts[1]] == [True, True]
    assert ["Waits for your other runs" in text for text in texts] == [False, False, True]


def test_the_run_as_json_is_the_notifications_data(as_susan: FlaskClient, make_run: MakeRun) -> None:
    run = make_run()

    response = as_susan.get(f"/runs/{run.id}", headers=JSON)

    assert response.json["run_id"] == run.id
    assert response.json["state"] == "queued"


@pytest.mark.parametrize("path", ["", "/card", "/files/posts.zip", "/failures.csv"])
def test_another_members_run_is_not_there_to_see(as_john: FlaskClient, exported: models.Run, path: str) -> None:
    assert as_john.get(f"/runs/{exported.id}{path}").status_code == 404


@pytest.mark.parametrize("action", ["cancel", "retry", "seen"])
def test_nor_to_change(as_john: FlaskClient, make_run: MakeRun, action: str) -> None:
    run = make_run()

    assert as_john.post(f"/runs/{run.id}/{action}", headers=JSON).status_code == 404
    assert fresh(run).state == "queued"


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient, make_run: MakeRun) -> None:
    run = make_run()

    assert client.get(f"/runs/{run.id}").status_code == 302
    assert client.post(f"/runs/{run.id}/cancel", headers=JSON).status_code == 401


def test_cancel_twice_is_cancel_once(as_susan: FlaskClient, make_run: MakeRun) -> None:
    run = make_run()

    first = as_susan.post(f"/runs/{run.id}/cancel", headers=JSON)
    second = as_susan.post(f"/runs/{run.id}/cancel", headers=JSON)

    assert (first.status_code, first.json["state"]) == (200, "cancelled")
    assert (second.status_code, second.json["state"]) == (200, "cancelled")


def test_cancel_of_what_is_over_is_a_conflict_with_the_row_as_it_is(as_susan: FlaskClient, make_run: MakeRun) -> None:
    run = make_run("succeeded")

    program = as_susan.post(f"/runs/{run.id}/cancel", headers=JSON)
    person = as_susan.post(f"/runs/{run.id}/cancel")

    assert (program.status_code, program.json["state"]) == (409, "succeeded")
    assert program.json["detail"] == "It is already over."
    assert person.status_code == 409
    assert "It is already over." in person.text


def test_retry_of_a_failed_run_is_the_same_run(as_susan: FlaskClient, make_run: MakeRun) -> None:
    run = make_run("failed", reason="error")

    response = as_susan.post(f"/runs/{run.id}/retry", headers=JSON)

    assert (response.status_code, response.json["run_id"]) == (200, run.id)
    assert fresh(run).state == "queued"


def test_retry_of_a_cancelled_run_is_a_new_one(as_susan: FlaskClient, make_run: MakeRun) -> None:
    run = make_run("cancelled")

    response = as_susan.post(f"/runs/{run.id}/retry")

    assert response.status_code == 303
    assert response.location != f"/runs/{run.id}"
    assert fresh(run).seen_at is not None


def test_seen_is_idempotent_and_refused_while_active(as_susan: FlaskClient, make_run: MakeRun) -> None:
    over, active = make_run("failed"), make_run("running")

    for _ in range(2):
        response = as_susan.post(f"/runs/{over.id}/seen", headers=JSON)
        assert (response.status_code, response.json["seen"]) == (200, True)
    assert as_susan.post(f"/runs/{active.id}/seen", headers=JSON).status_code == 409


@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        ("http://localhost/explore?at=x", "/explore?at=x"),
        ("http://localhost/tasks", "/tasks"),
        ("http://elsewhere.example/explore", None),
        ("http://localhost//elsewhere.example", None),
        (None, None),
    ],
)
def test_a_button_leads_back_to_its_page_if_that_is_ours(
    as_susan: FlaskClient, make_run: MakeRun, came_from: str | None, goes_to: str | None
) -> None:
    run = make_run("failed")

    response = as_susan.post(f"/runs/{run.id}/seen", headers={"Referer": came_from} if came_from else {})

    assert response.status_code == 303
    assert response.location == (goes_to or f"/runs/{run.id}")


def test_refresh_is_for_those_who_ask_and_while_it_runs(as_susan: FlaskClient, make_run: MakeRun) -> None:
    running, over = make_run("running"), make_run("succeeded")

    assert 'http-equiv="refresh"' not in as_susan.get(f"/runs/{running.id}").text
    assert '<meta http-equiv="refresh" content="10">' in as_susan.get(f"/runs/{running.id}?refresh=10").text
    assert 'http-equiv="refresh"' not in as_susan.get(f"/runs/{running.id}?refresh=0").text
    assert 'http-equiv="refresh"' not in as_susan.get(f"/runs/{over.id}?refresh=10").text


def test_the_file_is_the_owners_to_download(as_susan: FlaskClient, exported: models.Run) -> None:
    response = as_susan.get(f"/runs/{exported.id}/files/posts.zip")

    kept = db.session.scalars(db.select(models.Artifact)).one()
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == "attachment; filename=posts.zip"
    assert response.headers["Content-Length"] == str(kept.size_bytes)
    assert hashlib.sha256(response.data).hexdigest() == kept.sha256


def test_a_download_can_be_taken_up_where_it_broke(as_susan: FlaskClient, exported: models.Run) -> None:
    path = f"/runs/{exported.id}/files/posts.zip"
    whole = as_susan.get(path)

    rest = as_susan.get(path, headers={"Range": "bytes=100-", "If-Range": whole.headers["ETag"]})
    beyond = as_susan.get(path, headers={"Range": f"bytes={len(whole.data)}-"})
    known = as_susan.get(path, headers={"If-None-Match": whole.headers["ETag"]})

    assert (rest.status_code, rest.data) == (206, whole.data[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(whole.data) - 1}/{len(whole.data)}"
    assert beyond.status_code == 416
    assert known.status_code == 304


def test_a_file_that_is_not_there_is_404(as_susan: FlaskClient, exported: models.Run) -> None:
    assert as_susan.get(f"/runs/{exported.id}/files/passwd").status_code == 404
    assert as_susan.get(f"/runs/{exported.id}/files/..%2F..%2Fposts.zip").status_code == 404


@pytest.mark.parametrize("name", ['50% of #1?; naïve & "co".txt', "%2e%2e", "☕" * 60, "a+b c=d"])
def test_a_file_with_an_odd_name_is_found_at_its_address(
    as_susan: FlaskClient, susan: models.User, worker: InProcessWorker, name: str
) -> None:
    run = outbox.request("names_a_file", by=susan, args={"name": name})
    worker.work()
    address = fresh(run).result_url
    assert address is not None

    response = as_susan.get(address)

    assert (response.status_code, response.text) == (200, name)
    assert f'href="{address}"' in as_susan.get(f"/runs/{run.id}").text


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a\\b", "two\nlines", "nul\0", "x" * 101, "☕" * 70])
def test_what_no_file_can_be_called_fails_before_anything_is_written(
    susan: models.User, worker: InProcessWorker, name: str
) -> None:
    run = outbox.request("names_a_file", by=susan, args={"name": name})
    worker.work()

    assert fresh(run).state == "failed"
    assert "is not a file's name" in (run.error_trace or "")


def test_failed_items_are_listed_and_downloaded_with_formulas_disarmed(
    as_susan: FlaskClient, make_run: MakeRun
) -> None:
    run = make_run("partial", failed_count=2, ok_count=9781, done=9783, total=9783)
    for key, reason in (("post 7", "Too long"), ("=HYPERLINK(1)", "<b>broken</b>")):
        db.session.add(models.RunFailure(run_id=run.id, key=key, position=0, reason=reason))
    db.session.commit()

    listed = list(csv.reader(io.StringIO(as_susan.get(f"/runs/{run.id}/failures.csv").text)))
    page = as_susan.get(f"/runs/{run.id}").text

    assert "post 7" in page and "&lt;b&gt;broken" in page
    assert "Retry failed only" in page
    assert listed[0] == ["item", "reason", "at"]
    assert sorted(row[:2] for row in listed[1:]) == [["'=HYPERLINK(1)", "<b>broken</b>"], ["post 7", "Too long"]]


def test_the_page_tells_the_story(as_susan: FlaskClient, exported: models.Run) -> None:
    page = as_susan.get(f"/runs/{exported.id}").text

    for word in ("Asked for", "queued", "claim", "succeeded", "Writing", "Packing", "posts.zip"):
        assert word in page


def test_a_traceback_is_for_admins_only(as_susan: FlaskClient, susan: models.User, make_run: MakeRun) -> None:
    run = make_run("failed", error="It broke", error_reference="abc123", error_trace="Traceback: a secret detail")

    assert "abc123" in as_susan.get(f"/runs/{run.id}").text
    assert "a secret detail" not in as_susan.get(f"/runs/{run.id}").text
    susan.role = "admin"
    db.session.commit()
    assert "a secret detail" in as_susan.get(f"/runs/{run.id}").text
