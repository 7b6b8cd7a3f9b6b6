from datetime import timedelta

import pytest

from app import clock
from app.errors import Gone, Invalid, NotFound
from app.extensions import db
from app.models import Post, User
from app.services import counters, posts


def test_publishing_cleans_the_words_and_counts_the_post(susan):
    post = posts.publish(susan, "  hello\r\nthere\0  ")
    db.session.commit()

    assert post.body == "hello\nthere"
    assert db.session.get(User, susan.id).post_count == 1


@pytest.mark.parametrize("body", ["", "  \n ", "\u200b", "x" * 501])
def test_empty_and_too_long_posts_are_refused(susan, body):
    with pytest.raises(Invalid):
        posts.publish(susan, body)


def test_five_hundred_characters_with_accents_apart_are_welcome(susan):
    assert posts.publish(susan, "q\u0301" * 500).id


def test_editing_marks_the_post_only_when_the_words_change(susan):
    post = posts.publish(susan, "one")
    posts.edit(post, " one ")
    assert post.edited_at is None

    posts.edit(post, "two")

    assert post.body == "two" and post.edited_at is not None


@pytest.fixture
def withdrawn(susan):
    """A post that its author has just deleted."""
    post = posts.publish(susan, "one")
    posts.withdraw(post)
    db.session.commit()
    return post


def age(post, seconds):
    post.deleted_at = clock.now() - timedelta(seconds=seconds)
    db.session.commit()


def test_withdrawn_post_is_gone_for_its_author_too_and_no_longer_counted(susan, withdrawn):
    with pytest.raises(NotFound):
        posts.find(withdrawn.id, susan.id)
    assert db.session.scalars(susan.posts.select()).all() == []
    assert susan.post_count == 0

    posts.withdraw(withdrawn)
    assert db.session.get(User, susan.id, populate_existing=True).post_count == 0, "counted off once"


def test_withdrawn_post_comes_back_for_its_author_alone(susan, mary, withdrawn):
    with pytest.raises(NotFound):
        posts.restore(withdrawn.id, mary)
    posts.restore(withdrawn.id, susan)
    posts.restore(withdrawn.id, susan)

    assert posts.find(withdrawn.id, mary.id).body == "one"
    assert db.session.get(User, susan.id, populate_existing=True).post_count == 1


def test_undo_is_accepted_for_ten_seconds_and_a_little(susan, withdrawn):
    age(withdrawn, 17)
    with pytest.raises(Gone, match="within 10 seconds"):
        posts.restore(withdrawn.id, susan)

    age(withdrawn, 11)
    posts.restore(withdrawn.id, susan)

    assert withdrawn.deleted_at is None


def test_what_can_be_had_back_stays_and_what_cannot_is_removed(susan, withdrawn):
    assert posts.remove(withdrawn.id) == 0
    age(withdrawn, 30)
    kept = posts.publish(susan, "two")

    assert db.session.scalars(posts.over()).all() == [withdrawn.id]
    assert [posts.remove(post.id) for post in (withdrawn, kept)] == [1, 0]

    db.session.commit()
    assert db.session.scalars(db.select(Post.body)).all() == ["two"]


def test_recounting_leaves_deleted_posts_out(susan, withdrawn):
    assert counters.mend([susan.id]) == 0


def test_another_members_post_is_not_found_for_changing(susan, mary):
    post = posts.publish(susan, "mine")

    with pytest.raises(NotFound):
        posts.find_own(post.id, mary)
