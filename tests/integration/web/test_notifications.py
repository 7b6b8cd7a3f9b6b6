"""The poll, to the letter of the protocol."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from app import clock
from app.engine import control, monitor, outbox
from app.extensions import db
from app.models import Notification, NotificationCounter
from app.services import notifications, runs
from tests.application import login


@pytest.fixture(autouse=True)
def full_buckets():
    notifications._buckets.clear()


def statements_of(monkeypatch):
    """Every statement the app sends from now on, through SQLAlchemy or straight to the driver."""
    seen = []
    event.listen(db.engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    open_raw = db.engine.raw_connection

    class Recording:
        def __init__(self):
            self.connection = open_raw()

        def cursor(self):
            self.real = self.connection.cursor()
            return self

        def execute(self, statement, values):
            seen.append(statement)
            return self.real.execute(statement, values)

        def fetchall(self):
            return self.real.fetchall()

        def close(self):
            self.connection.close()

    monkeypatch.setattr(db.engine, "raw_connection", Recording)
    return seen


def test_a_stranger_gets_401_json_and_no_redirect(client):
    response = client.get("/notifications")

    assert response.status_code == 401
    assert response.is_json


@pytest.mark.parametrize("since", ["-1", "x", "1.5", "", "٣", "9" * 40])
def test_a_bad_since_is_400(client, susan, since):
    login(client, susan)

    assert client.get(f"/notifications?since={since}").status_code == 400


def test_nothing_to_tell(client, susan):
    login(client, susan)

    answer = client.get("/notifications").json

    assert answer["notifications"] == [] and answer["live"] == {}
    assert (answer["cursor"], answer["reset"], answer["more"], answer["unread"], answer["active"]) == (
        0,
        False,
        False,
        0,
        0,
    )
    assert answer["poll"]["next_ms"] == 15000


def test_state_not_events(client, susan):
    login(client, susan)
    for count in (1, 2, 3):
        susan.add_notification("unread_message_count", count)
        db.session.commit()

    rows = client.get("/notifications").json["notifications"]

    assert [(row["key"], row["seq"], row["data"]) for row in rows] == [("unread_message_count", 3, 3)]


def test_only_what_is_newer(client, susan):
    login(client, susan)
    susan.add_notification("a", 1)
    susan.add_notification("b", {"step": 3, "total": 10})
    db.session.commit()

    answer = client.get("/notifications?since=1").json

    assert [row["name"] for row in answer["notifications"]] == ["b"]
    assert answer["cursor"] == 2


def test_a_restored_database_resets_the_client(client, susan):
    login(client, susan)
    susan.add_notification("a", 1)
    db.session.commit()

    answer = client.get("/notifications?since=99").json

    assert (answer["reset"], answer["cursor"], len(answer["notifications"])) == (True, 1, 1)


def test_a_page_ends_with_its_last_seq(client, susan):
    login(client, susan)
    for number in range(130):
        susan.add_notification(f"n{number}", number)
    db.session.commit()

    first = client.get("/notifications").json
    second = client.get(f"/notifications?since={first['cursor']}").json

    assert (first["more"], first["cursor"], len(first["notifications"])) == (True, 100, 100)
    assert (second["more"], second["cursor"], len(second["notifications"])) == (False, 130, 30)
    seqs = [row["seq"] for row in first["notifications"] + second["notifications"]]
    assert seqs == sorted(seqs)


def test_a_run_is_one_object_and_its_health_is_read_live(client, susan):
    login(client, susan)
    run = outbox.request("export_posts", by=susan)
    db.session.commit()

    answer = client.get("/notifications").json

    data = answer["notifications"][0]["data"]
    assert answer["active"] == 1
    assert answer["live"][run.id] == {"health": "no_worker", "queue": {"ahead": 0, "workers": 0}}
    assert answer["poll"]["next_ms"] == 3000
    assert (data["run_id"], data["state"], data["percent"], data["can"]) == (run.id, "queued", None, ["cancel"])
    assert set(data) >= {
        "run_id", "task", "title", "state", "attempt", "seen", "step", "total", "percent", "unit", "phase", "counts",
        "eta_seconds", "message", "text", "can", "result_url", "error",
    }  # fmt: skip


def test_how_many_are_ahead(client, susan, john):
    for _ in range(2):
        outbox.request("slow", by=john)
    run = outbox.request("slow", by=susan)
    db.session.commit()
    login(client, susan)

    assert client.get("/notifications").json["live"][run.id]["queue"]["ahead"] == 2


def test_a_run_that_is_retried_is_the_last_in_the_line(client, susan, john):
    run = outbox.request("slow", by=susan)
    run.state, run.attempt = "failed", 9
    db.session.commit()
    for _ in range(2):
        outbox.request("slow", by=john)
    db.session.commit()
    control.retry(run, susan)
    db.session.commit()
    login(client, susan)

    polled, shown = client.get("/notifications").json, monitor.live(run)

    assert polled["live"][run.id]["queue"]["ahead"] == shown["queue"]["ahead"] == 2


def test_acknowledged_outcomes_are_not_new_and_not_unread(client, susan, worker):
    run = outbox.request("two_steps", by=susan)
    worker.work()
    login(client, susan)
    before = client.get("/notifications").json
    assert (before["unread"], before["active"]) == (1, 0)

    runs.acknowledge(db.session.merge(run))
    db.session.commit()

    assert client.get("/notifications").json["notifications"] == []
    after = client.get(f"/notifications?since={before['cursor']}").json
    seen = {row["name"]: row["data"] for row in after["notifications"]}
    assert seen["task_progress"]["seen"] is True and seen["unread_activity_count"] == 0
    assert after["unread"] == 0


def test_304_until_something_changes(client, susan):
    login(client, susan)
    susan.add_notification("a", 1)
    db.session.commit()
    first = client.get("/notifications?since=1")
    assert first.headers["ETag"] == 'W/"1"'
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Cookie"

    again = client.get("/notifications?since=1", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")

    susan.add_notification("a", 2)
    db.session.commit()
    assert client.get("/notifications?since=1", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_poll_is_one_statement_and_writes_nothing(client, susan, monkeypatch):
    login(client, susan)
    outbox.request("example_long_task", by=susan)
    db.session.commit()
    susan_id, seen_at = susan.id, susan.last_seen_at
    seen = statements_of(monkeypatch)

    response = client.get("/notifications?since=0")

    assert len(seen) == 1 and seen[0].strip().startswith("SELECT")
    assert "Set-Cookie" not in response.headers
    assert db.session.get(type(susan), susan_id, populate_existing=True).last_seen_at == seen_at


def test_the_remember_cookie_alone_may_poll_and_gets_no_session(app, client, susan):
    from flask_login import encode_cookie

    with app.test_request_context():
        cookie = encode_cookie(susan.get_id())
    client.set_cookie("remember_token", cookie)

    response = client.get("/notifications")

    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers


def test_a_sign_in_that_ended_is_401(client, susan):
    login(client, susan)
    susan.session_epoch += 1
    db.session.commit()

    assert client.get("/notifications").status_code == 401


def test_a_suspended_member_is_401(client, susan):
    login(client, susan)
    susan.is_suspended = True
    db.session.commit()

    assert client.get("/notifications").status_code == 401


def test_too_many_polls_are_told_to_wait(client, susan, monkeypatch):
    login(client, susan)
    seconds = [1000.0]
    monkeypatch.setattr(notifications, "time", SimpleNamespace(monotonic=lambda: seconds[0]))

    answers = [client.get("/notifications") for _ in range(301)]

    assert [answer.status_code for answer in answers] == [200] * 300 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    seconds[0] += 1
    assert [client.get("/notifications").status_code for _ in range(21)] == [200] * 20 + [429]


def test_the_tutorials_plain_notification_is_followed_closely_while_it_moves(client, susan, monkeypatch):
    login(client, susan)
    susan.add_notification("task_progress", {"step": 3, "total": 10})
    db.session.commit()

    first = client.get("/notifications")
    again = client.get("/notifications?since=1")
    assert [answer.json["poll"]["next_ms"] for answer in (first, again)] == [1000, 1000]

    later = clock.now() + timedelta(seconds=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    quiet = client.get("/notifications?since=1", headers={"If-None-Match": again.headers["ETag"]})
    assert quiet.status_code == 200, "or the browser would go on with the pace it knows"
    assert (quiet.json["poll"]["next_ms"], quiet.headers["ETag"]) == (15000, 'W/"1"')


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"step": 3, "total": 10}, "Progress: 30%"),
        ({"progress": 41.5, "task_id": "x"}, "Progress: 41.5%"),
        ({"step": 10, "total": 10}, "Progress: 100%"),
        ({"step": 3, "total": 0}, ""),
        ({"progress": float("nan")}, "Progress: nan%"),
        ("<b>", ""),
        (None, ""),
    ],
)
def test_the_plain_notification_stands_on_the_page_without_javascript(client, susan, data, text):
    login(client, susan)
    susan.add_notification("task_progress", data)
    db.session.commit()

    assert f'id="task-status">{text}</span>' in client.get("/explore").text


def test_a_plain_notification_that_ended_is_told_for_a_minute(client, susan, monkeypatch):
    login(client, susan)
    susan.add_notification("task_progress", {"progress": 100})
    db.session.commit()

    later = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert notifications.news(susan).plain == ""


def test_others_notifications_are_never_seen(client, susan, john):
    outbox.request("example_long_task", by=john)
    john.add_notification("secret", "x")
    db.session.commit()
    login(client, susan)

    answer = client.get("/notifications").json

    assert (answer["notifications"], answer["live"], answer["active"]) == ([], {}, 0)


def test_a_rolled_back_notification_was_never_made(susan):
    susan.add_notification("a", 1)
    db.session.rollback()
    db.session.commit()

    assert db.session.query(Notification).count() == 0


def test_a_rolled_back_savepoint_takes_its_notifications_along(susan):
    susan.add_notification("kept", 1)
    with db.session.begin_nested() as savepoint:
        susan.add_notification("dropped", 1)
        savepoint.rollback()
    db.session.commit()

    assert [row.key for row in db.session.query(Notification)] == ["kept"]
    assert db.session.get(NotificationCounter, susan.id).seq == 1


def test_a_stalled_run_is_told_as_such(client, susan):
    run = outbox.request("slow", by=susan)
    run.state, run.advanced_at = "running", clock.now() - timedelta(minutes=6)
    db.session.commit()
    login(client, susan)

    assert client.get("/notifications").json["live"][run.id] == {"health": "stalled", "queue": None}
