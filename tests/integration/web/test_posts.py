from datetime import timedelta

import pytest

from app import clock
from app.extensions import db
from app.models import Post
from app.services import posts
from tests.visitor import Visitor

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
    'https://example.com/"onmouseover="alert(1)',
    "\u202etxt.exe",
    "</textarea><h1>out</h1>",
]


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


@pytest.fixture
def as_mary(app, mary):
    return Visitor(app).signed_in(mary)


@pytest.fixture
def post(susan):
    post = posts.publish(susan, "The first words")
    db.session.commit()
    return post


def test_published_post_appears_at_home_and_for_followers(app, as_susan, john, mary):
    assert as_susan.post("/posts", body="Hello **there**").headers["Location"] == "/"

    assert "Hello **there**" in as_susan.get("/").text
    assert "Hello **there**" in Visitor(app).signed_in(john).get("/").text
    assert "Hello **there**" not in Visitor(app).signed_in(mary).get("/").text
    assert "Hello **there**" in Visitor(app).signed_in(mary).get("/explore").text


@pytest.mark.parametrize(("body", "sentence"), [("  ", "Write something first."), ("x" * 501, "at most 500")])
def test_refused_post_keeps_what_was_typed(as_susan, body, sentence):
    response = as_susan.post("/posts", body=body)

    assert response.status_code == 422 and sentence in response.text and body.strip() in response.text


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_words_are_only_words(as_susan, body):
    as_susan.post("/posts", body=body)
    post = db.session.scalar(db.select(Post))

    for path in ("/", "/explore", "/user/susan", f"/posts/{post.id}", f"/posts/{post.id}/edit"):
        text = as_susan.get(path).text
        assert "<script>alert" not in text and "<img src=x" not in text and "<h1>out" not in text
        assert 'onmouseover="' not in text and 'href="javascript' not in text and ">49<" not in text


def test_author_edits_their_post(as_susan, post):
    assert "The first words" in as_susan.get(f"/posts/{post.id}/edit").text

    assert as_susan.post(f"/posts/{post.id}/edit", body="Other words").headers["Location"] == f"/posts/{post.id}"

    page = as_susan.get(f"/posts/{post.id}").text
    assert "Other words" in page and ">edited<" in page


def test_author_deletes_their_post_and_has_it_back_where_they_were(app, as_susan, as_mary, post):
    assert f'action="/posts/{post.id}/delete"' in as_susan.get("/user/susan").text

    answer = as_susan.post(f"/posts/{post.id}/delete", back="/user/susan")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/user/susan")
    assert "The first words" not in as_mary.get("/explore").text
    page = as_susan.get("/user/susan").text
    assert "Your post is deleted." in page and f'action="/posts/{post.id}/restore"' in page
    assert "Your post is deleted." not in as_susan.get("/user/susan").text

    answer = as_susan.post(f"/posts/{post.id}/restore", back="/user/susan")

    assert answer.headers["Location"] == f"/user/susan#post-{post.id}"
    assert "The first words" in as_mary.get("/explore").text


def test_who_deletes_a_post_on_its_own_page_is_sent_home(as_susan, post):
    as_susan.get(f"/posts/{post.id}")

    answer = as_susan.post(f"/posts/{post.id}/delete", back=f"/posts/{post.id}")

    assert answer.headers["Location"] == "/"


def test_undo_comes_too_late_with_a_sentence(as_susan, post):
    as_susan.post(f"/posts/{post.id}/delete")
    post.deleted_at = clock.now() - timedelta(seconds=20)
    db.session.commit()

    answer = as_susan.post(f"/posts/{post.id}/restore")

    assert answer.status_code == 410 and "This one is gone." in answer.text


def test_another_members_post_can_be_read_and_nothing_else(as_mary, post):
    assert as_mary.get(f"/posts/{post.id}").status_code == 200

    assert as_mary.get(f"/posts/{post.id}/edit").status_code == 404
    for path in (f"/posts/{post.id}/edit", f"/posts/{post.id}/delete", f"/posts/{post.id}/restore"):
        assert as_mary.post(path, body="Taken over").status_code == 404
    db.session.refresh(post)
    assert post.body == "The first words"


def test_post_that_no_database_could_hold_is_not_found(as_susan):
    assert as_susan.get("/posts/2147483647").status_code == 404
    assert as_susan.get("/posts/99999999999999999999").status_code == 404


def test_addresses_become_links_that_lend_no_weight(as_susan):
    as_susan.post("/posts", body='see https://example.com/a?b=1&c="2" and www.example.org, not ftp://x')

    page = as_susan.get("/").text
    assert '<a href="https://example.com/a?b=1&amp;c=&#34;2&#34;" rel="nofollow noopener ugc">' in page
    assert 'href="https://www.example.org"' in page and 'href="ftp' not in page
