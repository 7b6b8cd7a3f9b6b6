"""The home timeline at 10,000 members, 200,000 and 1,000,000 posts, 50 follows each: p50, and flat."""

import time

from flask import Flask

from app.extensions import db
from app.models import User
from benchmarks import house

MEMBERS, FOLLOWS = 10_000, 50


def main() -> None:
    """Measure and print."""
    with house.open_house(MEMBERS, 200_000, FOLLOWS) as app:
        few = _measure(app, "200,000 posts", "<= 25 (the classic tutorial: 4,100)")
        house.seed(MEMBERS, 800_000, FOLLOWS, number=2)
        many = _measure(app, "1,000,000 posts", "<= 25")
        house.say("1,000,000 posts against 200,000", many / few, "about 1")


def _measure(app: Flask, what: str, bound: str) -> float:
    """The p50 of whole pages, as the view renders them, over many members; in seconds."""
    members = db.session.query(User).order_by(User.id).limit(400).all()
    times = []
    for member in members[::2]:
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = member.get_id()
        client.get("/index")
        began = time.perf_counter()
        assert client.get("/index").status_code == 200
        times.append(time.perf_counter() - began)
    house.say(f"home timeline, {what}, p50", house.percentile(times, 0.5) * 1000, bound, "ms")
    house.say(f"home timeline, {what}, p99", house.percentile(times, 0.99) * 1000, unit="ms")
    return house.percentile(times, 0.5)


if __name__ == "__main__":
    main()
