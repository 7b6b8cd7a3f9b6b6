import pytest

from app.extensions import db
from app.services import follows
from tests.visitor import Visitor


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


def test_profile_leads_to_both_lists(as_susan, mary):
    page = as_susan.get("/user/mary").text

    for kind in ("followers", "following"):
        assert f'href="/user/mary/{kind}"' in page
        assert as_susan.get(f"/user/MARY/{kind}").status_code == 200


def test_lists_name_the_people_with_a_button_for_each_but_oneself(as_susan, john, mary):
    follows.follow(mary, john)
    db.session.commit()

    page = as_susan.get("/user/john/followers").text

    assert 'action="/user/mary/follow"' in page
    assert 'href="/user/susan"' in page and 'action="/user/susan' not in page
    assert 'action="/user/john/unfollow"' in as_susan.get("/user/susan/following").text


def test_following_from_a_list_comes_back_to_it(as_susan, john, mary):
    follows.follow(mary, john)
    db.session.commit()
    as_susan.get("/user/john/followers")

    answer = as_susan.post("/user/mary/follow", back="/user/john/followers")
    assert answer.headers["Location"] == "/user/john/followers"
    answer = as_susan.post("/user/mary/unfollow", back="https://example.com")
    assert answer.headers["Location"] == "/"


def test_empty_lists_say_what_to_do(as_susan, susan, john, mary):
    assert "press Follow" in as_susan.get("/user/mary/followers").text
    assert "mary follows nobody yet" in as_susan.get("/user/mary/following").text
    follows.unfollow(susan, john)
    follows.unfollow(john, susan)
    db.session.commit()
    assert "Nobody follows you yet" in as_susan.get("/user/susan/followers").text
    assert "Find people to follow" in as_susan.get("/user/susan/following").text


def test_lists_of_nobody_are_not_there(as_susan):
    for path in ("/user/nobody/followers", "/user/nobody/following"):
        assert as_susan.get(path).status_code == 404


def test_damaged_page_address_is_refused(as_susan):
    assert as_susan.get("/user/susan/followers?at=x").status_code == 422
