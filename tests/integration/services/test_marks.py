import pytest

from app.extensions import db
from app.models import Mark
from app.models.mark import BOOKMARK, LIKE
from app.services import marks, posts


@pytest.fixture
def post(susan):
    post = posts.publish(susan, "Worth a mark")
    db.session.commit()
    return post


def test_a_like_counts_once_for_everybody_and_shows_to_who_gave_it(post, susan, john):
    for member in (susan, john, john):
        marks.put(member, post, LIKE)
    db.session.commit()

    assert marks.shown(john, [post]).likes == {post.id: 2}
    assert marks.shown(john, [post]).liked == {post.id}


def test_a_like_taken_back_twice_is_gone_once(post, susan, john):
    marks.put(susan, post, LIKE)
    marks.put(john, post, LIKE)

    marks.take_back(john, post, LIKE)
    marks.take_back(john, post, LIKE)

    assert marks.shown(john, [post]) == marks.Shown({post.id: 1}, frozenset(), frozenset())


def test_only_the_member_sees_a_bookmark(post, susan, john):
    marks.put(john, post, BOOKMARK)
    db.session.commit()

    assert marks.shown(john, [post]).bookmarked == {post.id}
    assert marks.shown(susan, [post]) == marks.Shown({}, frozenset(), frozenset())
    assert marks.bookmarked(susan).items == []
    assert [found.id for found in marks.bookmarked(john).items] == [post.id]


def test_marks_go_with_the_post_and_with_the_member(post, susan, john, mary):
    other = posts.publish(john, "Another")
    marks.put(mary, post, LIKE)
    marks.put(mary, other, LIKE)
    db.session.commit()

    db.session.delete(post)
    db.session.commit()
    assert db.session.query(Mark.post_id).all() == [(other.id,)]
    db.session.delete(mary)
    db.session.commit()
    assert db.session.query(Mark).count() == 0


def test_a_list_without_posts_asks_nothing(susan):
    assert marks.shown(susan, []) == marks.Shown({}, frozenset(), frozenset())
