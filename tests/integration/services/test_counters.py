from sqlalchemy import select, update

from app.engine import outbox
from app.extensions import db
from app.models import User
from app.services import counters, posts
from tests.engine_fixtures import fresh


def test_recount_mends_what_is_wrong_and_nothing_else(susan, john, mary, david, worker):
    posts.publish(susan, "One")
    db.session.execute(update(User).where(User.id == susan.id).values(post_count=7, follower_count=0))
    db.session.execute(update(User).where(User.id == mary.id).values(following_count=3))
    run = outbox.request("recount", by=david)
    worker.work()

    assert (fresh(run).state, run.ok_count) == ("succeeded", 4)
    assert run.result_text == "2 members had wrong counters; mended."
    numbers = db.session.execute(select(User.post_count, User.follower_count, User.following_count).order_by(User.id))
    assert [tuple(row) for row in numbers] == [(1, 1, 1), (0, 1, 1), (0, 0, 0), (0, 0, 0)]

    again = outbox.request("recount", by=david)
    worker.work()
    assert fresh(again).result_text == "Every counter was right."


def test_every_counter_that_a_member_carries_can_be_counted_again():
    assert {column.name for column in User.__table__.c if column.name.endswith("_count")} == set(counters._counted())
