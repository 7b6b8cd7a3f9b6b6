import pytest

from app.errors import Invalid, NotFound
from app.extensions import db
from app.models import Post, User
from app.services import posts


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


def test_withdrawn_post_is_gone_and_no_longer_counted(susan):
    posts.withdraw(posts.publish(susan, "one"))
    db.session.commit()

    assert db.session.scalar(db.select(Post)) is None
    assert db.session.get(User, susan.id).post_count == 0


def test_another_members_post_is_not_found_for_changing(susan, mary):
    post = posts.publish(susan, "mine")

    with pytest.raises(NotFound):
        posts.find_own(post.id, mary)
