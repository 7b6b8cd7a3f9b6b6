"""The notifications page: what is told together, what is unread, and who may mark it read."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Activity
from app.models.activity import FOLLOW, LIKE, MENTION, REPLY
from app.models.mark import LIKE as LIKE_MARK
from app.services import activities, follows, marks, posts
from tests.cast import newcomer
from tests.statements import statements
from tests.visitor import Visitor

BADGE = 'data-name="unread_activity_count"><span data-count>{}</span>'


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


@pytest.fixture
def post(susan):
    post = posts.publish(susan, "Worth a like")
    db.session.commit()
    return post


def like(post, *members):
    for member in members:
        marks.put(member, post, LIKE_MARK)
        db.session.commit()


def test_an_empty_page_says_what_will_stand_there(as_susan):
    page = as_susan.get("/notifications/all").text

    assert "Nothing happened yet" in page and "Mark all" not in page


def test_likes_of_one_post_are_one_line(as_susan, post, susan, john, mary, david):
    like(post, john)
    assert ">john</a> liked" in as_susan.get("/notifications/all").text
    like(post, mary)
    page = as_susan.get("/notifications/all").text
    assert ">mary</a> and" in page and ">john</a> liked" in page
    like(post, david)
    page = as_susan.get("/notifications/all").text

    assert ">david</a> and 2 others liked" in page
    assert page.count('<article class="activity') == 1


def test_every_kind_has_its_sentence(as_susan, susan, mary, worker):
    posted = posts.publish(mary, "Hello @susan <b>")
    for kind in (FOLLOW, MENTION, REPLY):
        activities.tell(susan.id, kind, actor_id=mary.id, post_id=None if kind == FOLLOW else posted.id)
    run = outbox.request("shout", by=susan)
    worker.work()

    page = as_susan.get("/notifications/all").text

    assert "followed you." in page and "mentioned you in" in page and "replied</a> to you." in page
    assert f'href="/runs/{run.id}">Shout</a>' in page
    assert "Hello @susan &lt;b&gt;" in page
    assert page.count("activity--unread") == 4
    assert BADGE.format(4) in page


def test_a_line_is_marked_read_with_all_that_is_told_in_it(as_susan, post, susan, john, mary):
    like(post, john, mary)
    follows.follow(mary, susan)
    db.session.commit()
    newest_like = db.session.scalars(
        select(Activity.id).where(Activity.kind == LIKE).order_by(Activity.id.desc())
    ).first()

    as_susan.get("/notifications/all")
    answer = as_susan.post(f"/notifications/{newest_like}/read", back="/notifications/all?at=")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/notifications/all?at=")
    page = as_susan.get("/notifications/all").text
    assert page.count("activity--unread") == 1 and BADGE.format(1) in page


def test_another_members_line_is_not_there(app, post, john, mary):
    like(post, john)
    line = db.session.scalars(select(Activity)).one()
    as_mary = Visitor(app).signed_in(mary)
    as_mary.get("/notifications/all")

    assert as_mary.post(f"/notifications/{line.id}/read").status_code == 404
    db.session.refresh(line)
    assert line.read_at is None


def test_all_is_what_the_page_showed(as_susan, post, john, mary):
    like(post, john)
    page = as_susan.get("/notifications/all").text
    until = page.split('name="until" value="')[1].split('"')[0]
    like(post, mary)

    as_susan.post("/notifications/all/read", until=until)

    page = as_susan.get("/notifications/all").text
    assert BADGE.format(1) in page, "what came meanwhile is still news"
    as_susan.post("/notifications/all/read")
    page = as_susan.get("/notifications/all").text
    assert "activity--unread" not in page and "Mark all" not in page
    assert 'data-name="unread_activity_count" hidden' in page


def test_older_lines_are_on_the_next_page_in_groups(as_susan, susan, john, mary):
    written = [posts.publish(susan, f"Number {number}") for number in range(27)]
    for post in written:
        like(post, john, mary)
    first = as_susan.get("/notifications/all").text
    older = first.split('rel="next" href="')[1].split('"')[0]
    second = as_susan.get(f"/notifications/all{older}").text

    assert first.count('<article class="activity') == 25
    assert second.count('<article class="activity') == 2
    assert "Number 0<" in second and "Number 26<" in first


def test_followers_are_told_by_the_day(as_susan, susan, john, mary, david, monkeypatch):
    now, days = clock.now(), iter((2, 0, 0))
    for member in (david, mary, john):
        day = next(days)
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda day=day: now - timedelta(days=day))
            activities.tell(susan.id, FOLLOW, actor_id=member.id)
        db.session.commit()

    page = as_susan.get("/notifications/all").text

    assert page.count('<article class="activity') == 2
    assert page.index(">john</a> and") < page.index(">david</a> followed you")


def test_a_wrong_badge_is_mended_by_looking(as_susan, post, john):
    like(post, john)
    db.session.delete(john)
    db.session.commit()
    assert BADGE.format(1) in as_susan.get("/explore").text

    as_susan.get("/notifications/all")

    assert 'data-name="unread_activity_count" hidden' in as_susan.get("/explore").text


def test_a_long_page_takes_no_more_questions_than_a_short_one(as_susan, susan, post):
    seen = []
    for count in (1, 12):
        fans = [newcomer(f"fan{count}_{number}") for number in range(count)]
        db.session.add_all(fans)
        db.session.flush()
        for fan in fans:
            like(posts.publish(susan, "Another"), fan)
        as_susan.get("/notifications/all")
        with statements() as asked:
            as_susan.get("/notifications/all")
        seen.append(len(asked))

    assert seen[1] <= seen[0] <= 9


def test_the_tutorials_reader_may_write_anything_under_the_badges_name(as_susan, susan):
    susan.add_notification("unread_activity_count", {"what": "ever"})
    db.session.commit()

    assert 'data-name="unread_activity_count" hidden' in as_susan.get("/explore").text
