"""Who is told of what, and what the badge counts."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Activity, Mark, Notification, User
from app.models.activity import FOLLOW, KINDS, LIKE, MENTION, MESSAGE, REPLY, RUN
from app.models.block import BLOCK, MUTE
from app.models.mark import LIKE as LIKE_MARK
from app.models.post import FOLLOWERS
from app.services import activities, blocks, cleaning, follows, marks, posts, runs
from tests.cast import newcomer
from tests.duels import together
from tests.engine_fixtures import fresh


@pytest.fixture
def post(susan):
    post = posts.publish(susan, "Worth a like")
    db.session.commit()
    return post


def told(member):
    lines = select(Activity).where(Activity.user_id == member.id).order_by(Activity.created_at, Activity.id)
    return [(line.kind, line.actor_id) for line in db.session.scalars(lines)]


def badge(member):
    """What the member's pages were last told; None if nothing ever."""
    row = db.session.get(Notification, (member.id, activities.UNREAD), populate_existing=True)
    return row.data if row else None


def test_who_is_followed_or_liked_is_told_and_the_badge_counts(post, susan, mary):
    follows.follow(mary, susan)
    marks.put(mary, post, LIKE_MARK)
    db.session.commit()

    assert told(susan) == [(FOLLOW, mary.id), (LIKE, mary.id)]
    assert badge(susan) == 2
    assert told(mary) == [] and badge(mary) is None


def test_the_same_thing_is_told_once(post, susan, mary):
    for _ in range(2):
        for kind in KINDS:
            activities.tell(susan.id, kind, actor_id=mary.id, post_id=post.id)
    db.session.commit()

    assert sorted(told(susan)) == sorted((kind, mary.id) for kind in KINDS)


def test_nobody_is_told_of_their_own_doing(post, susan):
    marks.put(susan, post, LIKE_MARK)
    db.session.commit()

    assert told(susan) == [] and badge(susan) is None


def test_a_bookmark_is_nobodys_business(post, susan, mary):
    marks.put(mary, post, "bookmark")
    db.session.commit()

    assert told(susan) == []


def test_what_is_taken_back_is_forgotten_and_no_longer_counted(post, susan, john, mary):
    for member in (john, mary):
        marks.put(member, post, LIKE_MARK)
    follows.follow(mary, susan)
    db.session.commit()

    marks.take_back(mary, post, LIKE_MARK)
    follows.unfollow(mary, susan)
    db.session.commit()

    assert told(susan) == [(LIKE, john.id)]
    assert badge(susan) == 1


def test_taking_back_one_kind_leaves_the_others(post, susan, mary):
    for kind in (MENTION, REPLY, LIKE):
        activities.tell(susan.id, kind, actor_id=mary.id, post_id=post.id)

    activities.take_back(MENTION, post_id=post.id)
    db.session.commit()

    assert told(susan) == [(REPLY, mary.id), (LIKE, mary.id)]


def test_what_was_rolled_back_was_never_told(post, susan, mary):
    marks.put(mary, post, LIKE_MARK)
    db.session.rollback()
    marks.put(mary, post, "bookmark")
    db.session.commit()

    assert told(susan) == [] and badge(susan) is None


def test_a_second_message_makes_the_first_ones_line_new_again(susan, mary):
    activities.tell(susan.id, MESSAGE, actor_id=mary.id)
    db.session.commit()
    line = db.session.scalars(select(Activity)).one()
    line.read_at, line.created_at = clock.now(), clock.now() - timedelta(days=1)
    db.session.commit()

    activities.tell(susan.id, MESSAGE, actor_id=mary.id)
    db.session.commit()

    line = db.session.scalars(select(Activity).execution_options(populate_existing=True)).one()
    assert line.read_at is None and clock.now() - line.created_at < timedelta(hours=1)
    assert badge(susan) == 1


@pytest.mark.parametrize(("name", "lines"), [("shout", 1), ("commits", 1), ("breaks", 0)])
def test_anewcomer_is_told_when_their_run_has_ended_well_or_not(susan, worker, name, lines):
    outbox.request(name, by=susan)
    worker.work()

    assert told(susan) == [(RUN, None)] * lines and badge(susan) == (lines or None)


def test_who_acknowledges_a_run_has_read_of_it(susan, worker):
    run = outbox.request("for_the_house", by=susan)
    worker.work()

    runs.acknowledge(fresh(run))
    db.session.commit()

    assert badge(susan) == 0
    assert db.session.scalars(select(Activity)).one().read_at is not None


def test_the_badge_forgets_a_run_that_is_removed(susan, worker):
    run = outbox.request("shout", by=susan)
    worker.work()
    fresh(run).expires_at = clock.now() - timedelta(days=1)
    db.session.commit()
    assert badge(susan) == 1

    for found in db.session.execute(cleaning.runs_over()).all():
        cleaning.remove_run(found)
    db.session.commit()

    assert told(susan) == [] and badge(susan) == 0


def test_a_run_of_the_house_is_told_to_nobody(worker, cast):
    outbox.request("for_the_house", by=None)
    worker.work()

    assert db.session.query(Activity).count() == 0


def test_a_deleted_post_takes_its_lines_out_of_the_count_until_it_comes_back(post, susan, john, mary):
    marks.put(mary, post, LIKE_MARK)
    follows.follow(mary, susan)
    db.session.commit()

    posts.withdraw(post)
    db.session.commit()
    assert badge(susan) == 1
    posts.restore(post.id, susan)
    db.session.commit()
    assert badge(susan) == 2


def test_lines_go_with_the_post_and_with_who_did_it(post, susan, john, mary):
    other = posts.publish(susan, "Another")
    marks.put(mary, post, LIKE_MARK)
    marks.put(john, other, LIKE_MARK)
    db.session.commit()

    db.session.delete(post)
    db.session.commit()
    assert told(susan) == [(LIKE, john.id)]
    db.session.delete(john)
    db.session.commit()
    assert told(susan) == []


def test_no_like_is_missing_from_the_badge_when_many_like_at_once(app, post, susan):
    fans = [newcomer(f"fan{number}") for number in range(8)]
    db.session.add_all(fans)
    db.session.commit()
    ids, post_id = [fan.id for fan in fans], post.id

    def like_from(first):
        def act(number):
            fan = db.session.get(User, ids[first + number])
            marks.put(fan, posts.find(post_id, fan.id), LIKE_MARK)
            db.session.commit()

        return act

    raised = together(app, 4, like_from(0), like_from(4))

    assert raised == []
    assert db.session.query(Mark).count() == 8
    assert badge(susan) == 8


def test_a_badge_stops_counting_where_it_stops_telling(post, susan, monkeypatch):
    monkeypatch.setattr(activities, "COUNTED", 3)
    for number in range(5):
        fan = newcomer(f"fan{number}")
        db.session.add(fan)
        db.session.flush()
        marks.put(fan, post, LIKE_MARK)
    db.session.commit()

    assert badge(susan) == 3


def test_a_mention_in_a_post_one_may_no_longer_see_is_not_counted(post, susan, john, mary):
    activities.tell(mary.id, MENTION, actor_id=susan.id, post_id=post.id)
    db.session.commit()
    assert badge(mary) == 1

    post.visibility = FOLLOWERS
    activities.recount_of(post.id)
    db.session.commit()

    assert badge(mary) == 0


@pytest.mark.parametrize("kind", [BLOCK, MUTE])
def test_nobody_hears_of_whom_they_turned_away_from(post, susan, mary, kind):
    follows.follow(mary, susan)
    blocks.put(susan, mary, kind)
    activities.tell(susan.id, LIKE, actor_id=mary.id, post_id=post.id)
    activities.count_again(susan.id)
    db.session.commit()

    assert told(susan) == [(FOLLOW, mary.id)]
    assert badge(susan) == 0, "what was told before is out of sight too"
