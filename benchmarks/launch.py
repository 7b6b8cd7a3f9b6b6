"""From the click to the first work: `POST /tasks/<name>`, and until the run is running, with our worker."""

import json
import time

from app.extensions import db
from app.models import Run
from benchmarks import house

CLICKS = 100


def main() -> None:
    """Measure and print."""
    with house.open_house(users=60) as app, house.served() as port, house.process("flask", "worker"):
        members = db.session.query(type(house.first_member())).all()
        app.config["WTF_CSRF_ENABLED"] = False
        time.sleep(4)
        posts, starts = [], []
        for number in range(CLICKS):
            visitor = house.Visitor(app, port, members[number % len(members)])
            token, cookie = _token(visitor)
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
        house.say("POST /tasks/export_posts, p50", house.percentile(posts, 0.5) * 1000, unit="ms")
        house.say("POST /tasks/export_posts, p99", house.percentile(posts, 0.99) * 1000, unit="ms")
        house.say(
            "click to running, p50", house.percentile(starts, 0.5) * 1000, "<= 150 (the classic tutorial: 769)", "ms"
        )
        house.say("click to running, p99", house.percentile(starts, 0.99) * 1000, unit="ms")


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
