import pytest

from app.extensions import db
from app.services import posts
from tests.statements import statements
from tests.visitor import Visitor


@pytest.fixture
def as_john(app, john):
    return Visitor(app).signed_in(john)


@pytest.fixture
def post(susan):
    post = posts.publish(susan, "Worth a mark")
    db.session.commit()
    return post


def test_a_like_goes_back_to_the_same_place_of_the_same_list(as_john, post):
    as_john.get("/explore")

    answer = as_john.post(f"/posts/{post.id}/like", back="/explore?at=")

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/explore?at=#post-{post.id}")
    page = as_john.get("/explore").text
    assert f'action="/posts/{post.id}/unlike"' in page
    assert 'aria-pressed="true"' in page


def test_a_like_is_taken_back(as_john, post):
    as_john.get("/explore")
    as_john.post(f"/posts/{post.id}/like")
    as_john.post(f"/posts/{post.id}/unlike")

    assert 'aria-pressed="true"' not in as_john.get("/explore").text


@pytest.mark.parametrize("back", ["https://example.com", "//example.com", "/\\example.com", "", "explore"])
def test_nobody_is_sent_to_another_site(as_john, post, back):
    as_john.get("/explore")

    assert as_john.post(f"/posts/{post.id}/like", back=back).headers["Location"] == f"/#post-{post.id}"


def test_bookmarks_are_a_page_of_their_own(app, as_john, post, susan):
    assert "Nothing bookmarked yet" in as_john.get("/bookmarks").text

    as_john.post(f"/posts/{post.id}/bookmark")

    assert "Worth a mark" in as_john.get("/bookmarks").text
    assert "Worth a mark" not in Visitor(app).signed_in(susan).get("/bookmarks").text
    as_john.post(f"/posts/{post.id}/unbookmark")
    assert "Nothing bookmarked yet" in as_john.get("/bookmarks").text


def test_a_post_that_is_not_there_cannot_be_liked(as_john):
    as_john.get("/explore")

    assert as_john.post("/posts/99/like").status_code == 404


def test_a_list_asks_once_for_its_marks(app, as_john, susan):
    for number in range(10):
        posts.publish(susan, f"Number {number}")
    db.session.commit()
    as_john.get("/explore")

    with statements() as seen:
        as_john.get("/explore")

    assert sum("FROM mark" in one for one in seen) == 1
