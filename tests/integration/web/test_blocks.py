import re

import pytest

from app.extensions import db
from app.models.block import MUTE
from app.services import blocks, follows, partings, posts
from tests.visitor import Visitor

TOKEN = re.compile(r'name="csrf-token" content="[^"]*"|value="[^"]{40,}"')


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


@pytest.fixture
def as_john(app, john):
    return Visitor(app).signed_in(john)


def told(response):
    return response.status_code, TOKEN.sub("", response.text)


def test_block_is_asked_first_then_done_then_undone(as_susan, susan, john):
    assert "Block…" in as_susan.get("/user/john").text
    assert "not told" in as_susan.get("/user/john/block").text
    assert not blocks.are_apart(susan.id, john.id)

    assert as_susan.post("/user/john/block").headers["Location"] == "/profile/blocked"
    assert blocks.are_apart(susan.id, john.id)
    assert 'action="/user/john/unblock"' in as_susan.get("/profile/blocked").text
    page = as_susan.get("/user/john").text
    assert "You block john" in page and "/user/john/follow" not in page

    as_susan.post("/user/john/unblock")
    assert not blocks.are_apart(susan.id, john.id)
    assert "You block and mute nobody" in as_susan.get("/profile/blocked").text


def test_blocked_member_meets_exactly_what_a_missing_one_gives(app, as_john, susan, john):
    post = posts.publish(susan, "Not for John")
    partings.block(susan, john)
    db.session.commit()

    for action in ("", "/followers", "/following", "/popover", "/block"):
        assert told(as_john.get(f"/user/susan{action}")) == told(as_john.get(f"/user/nobody{action}")), action
        assert as_john.get(f"/user/susan{action}").status_code == 404
    for action in ("follow", "unfollow", "block", "unblock", "mute", "unmute"):
        assert told(as_john.post(f"/user/susan/{action}")) == told(as_john.post(f"/user/nobody/{action}")), action
    for action in ("like", "bookmark", "unlike", "unbookmark"):
        assert told(as_john.post(f"/posts/{post.id}/{action}")) == told(as_john.post(f"/posts/9999/{action}")), action
    assert told(as_john.get(f"/posts/{post.id}")) == told(as_john.get("/posts/9999"))
    for page in ("/", "/explore", "/search?q=susan", "/search?q=john", "/bookmarks"):
        assert "Not for John" not in as_john.get(page).text and "/user/susan" not in as_john.get(page).text, page
    assert not blocks.between(john.id, susan.id).has_blocked and not follows.is_following(john, susan)


def test_both_can_block_and_each_can_undo_their_own(as_susan, as_john, susan, john):
    as_susan.post("/user/john/block")
    partings.block(john, susan)
    db.session.commit()

    assert "You block susan" in as_john.get("/user/susan").text
    as_john.post("/user/susan/unblock")

    assert blocks.between(susan.id, john.id).has_blocked and not blocks.between(john.id, susan.id).has_blocked
    assert as_john.get("/user/susan").status_code == 404


def test_mute_comes_back_to_where_it_was_pressed(as_susan, john):
    posts.publish(john, "Still here")
    db.session.commit()
    as_susan.get("/user/john")

    assert as_susan.post("/user/john/mute", back="/user/john").headers["Location"] == "/user/john"
    page = as_susan.get("/user/john").text
    assert "You mute john" in page and "Still here" in page and 'action="/user/john/unmute"' in page
    assert "Still here" not in as_susan.get("/").text + as_susan.get("/explore").text

    as_susan.post("/user/john/unmute")
    assert "Still here" in as_susan.get("/").text


def test_own_list_is_nobody_elses(as_john, susan, mary):
    blocks.put(susan, mary, MUTE)
    db.session.commit()

    assert "/user/mary" not in as_john.get("/profile/blocked").text


def test_nobody_blocks_themselves(as_susan):
    page = as_susan.get("/user/susan").text
    assert "/user/susan/block" not in page and "/user/susan/mute" not in page
    for action in ("block", "mute"):
        assert as_susan.post(f"/user/susan/{action}").status_code == 422


def test_badge_does_not_count_whom_one_mutes(as_susan, susan, john):
    follows.unfollow(john, susan)
    follows.follow(john, susan)
    db.session.commit()

    def unread():
        told = as_susan.get("/notifications").json["notifications"]
        return {each["name"]: each["data"] for each in told}.get("unread_activity_count", 0)

    assert unread() == 1

    as_susan.post("/user/john/mute")
    assert unread() == 0
    as_susan.post("/user/john/unmute")
    assert unread() == 1
