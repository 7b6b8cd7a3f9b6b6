"""An idle poll against a bare Flask JSON route on the same server: its rate, and that it stays flat as rows pile up."""

import itertools

from sqlalchemy import insert

from app import clock
from app.extensions import db
from app.models import Notification, NotificationCounter, User
from benchmarks import house

MEMBERS = 300
STEPS = (100, 10_000, 1_000_000)


def main() -> None:
    """Measure and print. Many members take turns on one kept connection: one alone may poll 20 times a second."""
    with house.open_house(users=MEMBERS) as app, house.served() as port, house.served("benchmarks.bare") as bare_port:
        members = db.session.query(User).order_by(User.id).all()
        visitor, stranger = house.Visitor(app, port, members[0]), house.Visitor(app, bare_port, None)
        cookies = itertools.cycle([house.Visitor(app, port, member).headers["Cookie"] for member in members])
        stored, times = 0, []
        for count in STEPS:
            _store([member.id for member in members], stored, count)
            stored = count
            for each in (visitor, stranger):
                each.connection.close()  # it opens anew: the server hangs up on one that was silent for so long

            def poll(path: str = f"/notifications?since={count}") -> None:
                status, _body = visitor.get(path, Cookie=next(cookies))
                assert status == 200, status

            ours, bare = house.alternate(poll, lambda: stranger.get("/notifications"), rounds=25, calls=40)
            times.append(ours)
            house.say(f"poll, {count:,} stored", ours * 1e6, unit="µs")
            house.say("bare route", bare * 1e6, unit="µs")
            house.say("rate of the bare route's", bare / ours, ">= 0.45")
        house.say("1,000,000 stored against 100", times[-1] / times[0], "about 1")


def _store(user_ids: list[int], have: int, want: int) -> None:
    """Outcomes seen long ago pile up, some thousands for each member; each has polled up to the newest."""
    now = clock.now()
    for start in range(have, want, 50_000):
        rows = [
            {
                "user_id": user_ids[number % len(user_ids)],
                "key": f"task_progress:{number}",
                "name": "task_progress",
                "seq": number + 1,
                "status": "seen",
                "written_at": now,
                "payload_json": '{"state":"succeeded","seen":true}',
            }
            for number in range(start, min(start + 50_000, want))
        ]
        db.session.execute(insert(Notification), rows)
    db.session.query(NotificationCounter).delete()
    db.session.execute(insert(NotificationCounter), [{"user_id": user_id, "seq": want} for user_id in user_ids])
    db.session.commit()


if __name__ == "__main__":
    main()
