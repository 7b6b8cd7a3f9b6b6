from datetime import timedelta

import pytest

from app import clock
from app.errors import Invalid
from app.extensions import db
from app.models import Follow, User
from app.services import follows
from app.services.paging import Cursor


def counters(*members):
    db.session.commit()
    return [(member.following_count, member.follower_count) for member in members]


def test_following_twice_counts_once(susan, mary):
    follows.follow(mary, susan)
    follows.follow(mary, susan)

    assert follows.is_following(mary, susan) and not follows.is_following(susan, mary)
    assert counters(mary, susan) == [(1, 0), (1, 2)]


def test_unfollowing_twice_counts_once(susan, john):
    follows.unfollow(susan, john)
    follows.unfollow(susan, john)

    assert not follows.is_following(susan, john) and follows.is_following(john, susan)
    assert counters(susan, john) == [(0, 1), (1, 0)]


def test_nobody_follows_themselves(susan):
    with pytest.raises(Invalid):
        follows.follow(susan, susan)


def test_lists_hold_the_newest_link_first_and_page_on(susan, john, mary, david):
    for place, (follower, followed) in enumerate([(mary, susan), (david, susan), (susan, mary)]):
        follows.follow(follower, followed)
        link = db.session.get(Follow, (follower.id, followed.id))
        link.created_at = clock.now() + timedelta(minutes=place + 1)
    db.session.commit()

    assert [one.username for one in follows.followers(susan, susan.id).items] == ["david", "mary", "john"]
    assert [one.username for one in follows.following(susan, susan.id).items] == ["mary", "john"]

    first = follows.followers(susan, susan.id, size=2)
    second = follows.followers(susan, susan.id, Cursor.parse(first.older), size=2)
    assert ([one.username for one in second.items], second.older) == (["john"], None)
    back = follows.followers(susan, susan.id, Cursor.parse(second.newer), size=2)
    assert ([one.username for one in back.items], back.newer) == (["david", "mary"], None)


def test_links_of_one_moment_are_all_listed(susan):
    """What was written in bulk has one time for all."""
    fans = [User(username=f"fan{n}", email=f"fan{n}@example.com", password_hash="!") for n in range(7)]
    db.session.add_all(fans)
    db.session.flush()
    moment = clock.now()
    db.session.add_all(Follow(follower_id=fan.id, followed_id=susan.id, created_at=moment) for fan in fans)
    db.session.commit()

    seen, page = [], follows.followers(susan, susan.id, size=3)
    seen += page.items
    while page.older:
        page = follows.followers(susan, susan.id, Cursor.parse(page.older), size=3)
        seen += page.items

    assert sorted(one.username for one in seen) == sorted([*(fan.username for fan in fans), "john"])


def test_a_lists_buttons_are_one_question(susan, john, mary, david):
    assert follows.followed_among(susan, [john, mary, david]) == {john.id}
    assert follows.followed_among(susan, []) == frozenset()
