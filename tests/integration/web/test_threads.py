import pytest

from app.extensions import db
from app.models import Post
from app.models.post import FOLLOWERS
from app.services import posts
from tests.visitor import Visitor


@pytest.fixture
def as_john(app, john):
    return Visitor(app).signed_in(john)


@pytest.fixture
def post(susan):
    post = posts.publish(susan, "Who comes along?")
    db.session.commit()
    return post


def test_a_reply_appears_under_the_post_and_names_it_elsewhere(app, as_john, mary, post):
    assert "Reply to susan" in as_john.get(f"/posts/{post.id}").text

    answer = as_john.post(f"/posts/{post.id}/reply", body="I do")

    reply = db.session.query(Post).filter_by(body="I do").one()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/posts/{post.id}#post-{reply.id}")
    as_mary = Visitor(app).signed_in(mary)
    assert "I do</p>" in as_mary.get(f"/posts/{post.id}").text
    explore = as_mary.get("/explore").text
    assert f'In reply to <a href="/posts/{post.id}">susan</a>' in explore
    assert '<span class="post__count">1</span>' in explore
    assert "Who comes along?</p>" in as_mary.get(f"/posts/{reply.id}").text
    assert as_mary.get(f"/posts/{reply.id}/thread").text.count("</article>") == 2


def test_a_refused_reply_keeps_what_was_typed(as_john, post):
    as_john.get("/")
    answer = as_john.post(f"/posts/{post.id}/reply", body="x" * 501)

    assert answer.status_code == 422 and "x" * 501 in answer.text and "at most 500" in answer.text
    assert "Who comes along?" in answer.text


def test_a_reply_to_followers_is_for_followers_without_a_word(as_john, post):
    post.visibility = FOLLOWERS
    db.session.commit()
    page = as_john.get(f"/posts/{post.id}").text
    assert '<option selected value="followers">' in page and 'value="public"' not in page

    as_john.post(f"/posts/{post.id}/reply", body="I do")

    assert db.session.query(Post).filter_by(body="I do").one().visibility == FOLLOWERS


@pytest.mark.parametrize("path", ["/posts/{id}", "/posts/{id}/thread"])
def test_what_is_not_seen_has_no_conversation(app, as_john, mary, post, path):
    post.visibility = FOLLOWERS
    db.session.commit()
    as_mary = Visitor(app).signed_in(mary)
    as_mary.get("/")

    assert as_mary.get(path.format(id=post.id)).status_code == 404
    assert as_mary.post(f"/posts/{post.id}/reply", body="I do").status_code == 404


def test_a_reply_whose_post_is_deleted_says_so(as_john, john, post):
    reply = posts.publish(john, "I do", reply_to=post)
    posts.withdraw(post)
    db.session.commit()

    assert "In reply to a deleted post" in as_john.get(f"/posts/{reply.id}").text
