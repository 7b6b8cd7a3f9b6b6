"""A block hides each from the other wherever posts and people are; a mute hides from the muter what is unasked."""

import pytest

from app.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import Block, User
from app.models.block import BLOCK, MUTE
from app.models.mark import BOOKMARK
from app.services import blocks, follows, marks, partings, posts, profiles, search, sight, timeline


@pytest.fixture
def post(john):
    """Susan follows him, and bookmarked it."""
    post = posts.publish(john, "kettle repaired")
    db.session.commit()
    return post


def places(viewer, author):
    """Where a post of the author's can meet the viewer: the name of the place, and whether there is one."""
    page = posts.written_by(author, viewer.id)
    return {
        "home": bool(timeline.home(viewer).items),
        "explore": bool(timeline.explore(viewer.id).items),
        "search": bool(search.posts("kettle", viewer.id).items),
        "bookmarks": bool(marks.bookmarked(viewer).items),
        "profile": db.session.scalar(page) is not None,
        "by itself": sight.may_see(viewer.id, db.session.scalar(posts.written_by(author, None))),
    }


def test_block_hides_posts_everywhere_and_both_ways(susan, john, post):
    mine = posts.publish(susan, "kettle wanted")
    marks.put(susan, post, BOOKMARK)
    marks.put(john, mine, BOOKMARK)
    assert all(places(susan, john).values()) and all(places(john, susan).values())
    posts.withdraw(mine)

    partings.block(john, susan)
    db.session.commit()

    assert not any(places(susan, john).values())
    posts.withdraw(post)
    posts.publish(susan, "kettle wanted")
    db.session.commit()
    assert not any(places(john, susan).values())


def test_block_leaves_everybody_else_alone(susan, john, mary, post):
    partings.block(susan, john)
    db.session.commit()

    assert places(mary, john) == places(mary, john) | {"explore": True, "search": True, "profile": True}
    assert sight.may_see(None, post) and timeline.explore(None).items


def test_mute_hides_what_is_unasked_from_the_muter_alone(susan, john, post):
    marks.put(susan, post, BOOKMARK)
    blocks.put(susan, john, MUTE)
    db.session.commit()

    hidden = {"home": False, "explore": False, "search": False}
    assert places(susan, john) == {"bookmarks": True, "profile": True, "by itself": True} | hidden
    posts.publish(susan, "kettle wanted")
    assert timeline.home(john).items and search.posts("wanted", john.id).items


def test_taking_it_back_shows_everything_again(susan, john, mary, post):
    for kind in (BLOCK, MUTE):
        blocks.put(mary, john, kind)
        assert not timeline.explore(mary.id).items
        blocks.take_back(mary, john, kind)
        blocks.take_back(mary, john, kind)
        assert timeline.explore(mary.id).items


def test_block_ends_following_both_ways_and_forbids_it(susan, john):
    partings.block(susan, john)
    partings.block(susan, john)
    db.session.commit()

    assert not follows.is_following(susan, john) and not follows.is_following(john, susan)
    db.session.refresh(susan)
    assert (susan.follower_count, susan.following_count) == (0, 0)
    for one, other in ((susan, john), (john, susan)):
        with pytest.raises(NotAllowed):
            follows.follow(one, other)


def test_people_who_are_apart_do_not_find_each_other(susan, john, mary):
    follows.follow(susan, mary)
    follows.follow(mary, susan)
    partings.block(susan, john)
    db.session.commit()

    assert not search.people("john", susan.id) and not search.people("susan", john.id)
    assert [one.username for one in search.people("john", mary.id)] == ["john"]
    assert [one.username for one in follows.followers(mary, john.id).items] == []
    assert [one.username for one in follows.following(mary, john.id).items] == []
    assert [one.username for one in follows.followers(mary, mary.id).items] == ["susan"]
    for viewer, name in ((susan, "john"), (john, "susan")):
        with pytest.raises(NotFound) as refusal:
            profiles.find_for(viewer, name)
        assert refusal.value.message == profiles.UNKNOWN
    assert profiles.find_even_blocked(susan, "john") is john
    with pytest.raises(NotFound):
        profiles.find_even_blocked(john, "susan")


def test_muted_people_are_found_by_name(susan, john):
    blocks.put(susan, john, MUTE)
    db.session.commit()

    assert search.people("john", susan.id) and profiles.find_for(susan, "john") is john


def test_words_travel_by_who_turned_away(susan, john, mary):
    partings.block(susan, john)
    blocks.put(mary, john, MUTE)
    db.session.commit()

    assert blocks.are_apart(susan.id, john.id) and blocks.are_apart(john.id, susan.id)
    assert not blocks.are_apart(mary.id, john.id)
    assert not blocks.is_heard(john.id, by_id=susan.id) and not blocks.is_heard(susan.id, by_id=john.id)
    assert not blocks.is_heard(john.id, by_id=mary.id)
    assert blocks.is_heard(mary.id, by_id=john.id) and blocks.is_heard(mary.id, by_id=susan.id)


def test_block_takes_the_place_of_a_mute_and_not_the_other_way_round(susan, john):
    for kind, kept in ((MUTE, MUTE), (BLOCK, BLOCK), (MUTE, BLOCK)):
        blocks.put(susan, john, kind)
        db.session.commit()
        assert [row.kind for row in db.session.scalars(db.select(Block))] == [kept]
    blocks.take_back(susan, john, MUTE)
    assert blocks.between(susan.id, john.id).has_blocked


def test_own_list_names_whom_with_the_newest_first(susan, john, mary):
    blocks.put(susan, john, MUTE)
    partings.block(susan, mary)
    partings.block(john, susan)
    db.session.commit()

    rows = blocks.turned_from(susan).items
    assert [(row.other.username, row.kind) for row in rows] == [("mary", BLOCK), ("john", MUTE)]


def test_nobody_turns_away_from_themselves(susan):
    with pytest.raises(Invalid):
        partings.block(susan, susan)


def test_rows_go_with_the_member(susan, john):
    partings.block(susan, john)
    db.session.commit()

    db.session.execute(db.delete(User).where(User.id == john.id))

    assert db.session.scalar(db.select(Block)) is None
