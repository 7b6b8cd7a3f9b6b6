import pytest

from app.errors import Invalid
from app.extensions import db
from app.services import follows


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
