import pytest

from app.extensions import db
from app.services import posts
from tests.visitor import Visitor


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


def test_a_page_without_a_question_says_what_can_be_asked(as_susan):
    assert "What are you looking for?" in as_susan.get("/search").text


def test_posts_and_people_are_found(as_susan, john):
    posts.publish(john, "susan is here")
    db.session.commit()

    page = as_susan.get("/search?q=susan").text

    assert "susan is here" in page
    assert 'class="search__person" href="/user/susan"' in page


def test_nothing_found_says_what_to_do(as_susan):
    assert "Try fewer words" in as_susan.get("/search?q=zebra").text


def test_more_is_a_link_that_keeps_the_question(as_susan, john):
    for number in range(30):
        posts.publish(john, f"common {number}")
    db.session.commit()

    page = as_susan.get("/search?q=common").text

    assert "common 29" in page and "common 1<" not in page
    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "common 1<" in as_susan.get(link).text


def test_the_question_is_shown_as_text(as_susan):
    page = as_susan.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text

    assert "<script>alert" not in page


def test_strangers_are_sent_to_sign_in(app):
    answer = Visitor(app).get("/search?q=x")

    assert answer.status_code == 302


def test_a_mistyped_place_is_the_first_page(as_susan):
    assert as_susan.get("/search?q=x&before=abc").status_code == 200
