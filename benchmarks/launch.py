"""From the click to the first work: `POST /tasks/<name>`, and until the run is running, with our worker.

A click meets a worker that waits. Then the same as fast as one can click: what the run before left to be done (its
end, its process, its job in Redis) is waited for, too.
"""

import json
import time

import redis
from flask import Flask
from rq import Worker

from app.adapters import redis as redis_adapter
from app.extensions import db
from app.models import Run, User
from benchmarks import house

CLICKS = 100


def main() -> None:
    """Measure and print."""
    with house.open_house(users=60) as app, house.served() as port, house.process("flask", "worker"):
        members = list(db.session.scalars(db.select(User)))
        app.config["WTF_CSRF_ENABLED"] = False
        connection = redis_adapter.connect(app.config["REDIS_URL"], fast=False)
        house.wait_until(lambda: Worker.count(connection), 30)
        for name, is_at_rest in (("click to running", True), ("one click upon the other", False)):
            posts, starts = _click(app, port, members, connection, is_at_rest=is_at_rest)
            bound = "<= 150 (the classic tutorial: 769)" if is_at_rest else ""
            house.say("POST /tasks/export_posts, p50", house.percentile(posts, 0.5) * 1000, unit="ms")
            house.say("POST /tasks/export_posts, p99", house.percentile(posts, 0.99) * 1000, unit="ms")
            house.say(f"{name}, p50", house.percentile(starts, 0.5) * 1000, bound, "ms")
            house.say(f"{name}, p99", house.percentile(starts, 0.99) * 1000, unit="ms")


def _click(
    app: Flask, port: int, members: list[User], connection: redis.Redis, *, is_at_rest: bool
) -> tuple[list[float], list[float]]:
    """Seconds of each request, and until each run was running."""
    posts, starts = [], []
    for number in range(CLICKS):
        visitor = house.Visitor(app, port, members[number % len(members)])
        token, cookie = _token(visitor)
        if is_at_rest:
            house.wait_until(lambda: all(worker.get_state() == "idle" for worker in Worker.all(connection)), 30)
        began = time.perf_counter()
        status, body = visitor.request(
            "POST",
            "/tasks/export_posts",
            f"csrf_token={token}",
            {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie},
        )
        posts.append(time.perf_counter() - began)
        assert status == 202, body
        run_id = json.loads(body)["run_id"]
        house.wait_until(lambda run_id=run_id: _has_begun(run_id), 30)
        starts.append(time.perf_counter() - began)
    return posts, starts


def _token(visitor: house.Visitor) -> tuple[str, str]:
    """The page's CSRF token, and the cookie it goes with."""
    visitor.connection.request("GET", "/tasks", headers=visitor.headers)
    answer = visitor.connection.getresponse()
    page = answer.read().decode()
    cookie = (answer.getheader("Set-Cookie") or visitor.headers["Cookie"]).partition(";")[0]
    return page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0], cookie


def _has_begun(run_id: str) -> bool:
    db.session.rollback()
    row = db.session.get(Run, run_id, populate_existing=True)
    return row is not None and row.started_at is not None


if __name__ == "__main__":
    main()
