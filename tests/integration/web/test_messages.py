"""The pages of messages: who opens what, what is shown of it, and who may write."""

import pytest

from app.extensions import db
from app.models import Message
from app.models.block import BLOCK
from app.services import blocks, messages
from tests.visitor import Visitor

BADGE = 'data-name="unread_message_count"><span data-count>{}</span>'
NO_BADGE = 'data-name="unread_message_count" hidden'


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


@pytest.fixture
def as_john(app, john):
    return Visitor(app).signed_in(john)


def write(sender, recipient, body="Hello"):
    messages.send(sender, recipient, body)
    db.session.commit()


def test_an_empty_list_says_what_to_do(as_susan):
    assert "press Message" in as_susan.get("/messages").text
    assert 'href="/messages/john"' in as_susan.get("/user/john").text


def test_a_message_goes_to_and_fro(as_susan, as_john):
    as_susan.get("/messages/john")
    answer = as_susan.post("/messages/john", body="How are you?")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/messages/john#write")
    assert "How are you?" in as_susan.get("/messages/john").text

    assert BADGE.format(1) in as_john.get("/explore").text
    assert "How are you?" in as_john.get("/messages").text
    assert "Read</span>" not in as_susan.get("/messages/john").text
    page = as_john.get("/messages/susan").text
    assert "How are you?" in page and NO_BADGE in page

    assert "Read</span>" in as_susan.get("/messages/john").text


def test_the_poll_tells_of_a_message_and_that_it_was_read(app, susan, john, as_susan):
    before = as_susan.get("/notifications").json["cursor"]
    write(john, susan)
    news = as_susan.get(f"/notifications?since={before}").json
    assert {row["name"]: row["data"] for row in news["notifications"]}["unread_message_count"] == 1

    as_susan.get("/messages/john")

    news = as_susan.get(f"/notifications?since={news['cursor']}").json
    assert {row["name"]: row["data"] for row in news["notifications"]} == {
        "unread_message_count": 0,
        "unread_activity_count": 0,
    }


def test_what_two_members_write_nobody_else_reads(app, susan, john, mary):
    write(john, susan, "Between us")
    as_mary = Visitor(app).signed_in(mary)

    for path in ("/messages", "/messages/john", "/messages/susan", "/notifications/all", "/search?q=Between"):
        assert "Between us" not in as_mary.get(path).text
    assert db.session.query(Message).one().read_at is None


def test_hostile_words_stay_words(as_susan, susan, john):
    write(john, susan, '<script>alert("x")</script> https://example.com/"onmouseover=1')

    for path in ("/messages", "/messages/john"):
        page = as_susan.get(path).text
        assert "<script>alert" not in page and "&lt;script&gt;alert" in page
        assert '"onmouseover' not in page


def test_a_wrong_message_is_told_beside_the_field_and_kept(as_susan):
    as_susan.get("/messages/john")

    answer = as_susan.post("/messages/john", body="x" * 1001)

    assert answer.status_code == 422
    assert "at most 1,000 characters" in answer.text and "x" * 1001 in answer.text


def test_who_was_blocked_finds_nobody_and_who_blocks_is_told_why(as_susan, as_john, susan, john):
    write(john, susan)
    blocks.put(susan, john, BLOCK)
    db.session.commit()

    assert as_john.get("/messages/susan").status_code == 404
    assert as_john.post("/messages/susan", body="Hello").status_code == 404
    page = as_susan.get("/messages/john").text
    assert "You block john, so neither of you can write." in page and "<textarea" not in page
    answer = as_susan.post("/messages/john", body="Hello")
    assert answer.status_code == 403 and "You cannot write to john." in answer.text


def test_ones_own_name_leads_to_the_list(as_susan):
    assert as_susan.get("/messages/susan").headers["Location"] == "/messages"
    assert as_susan.post("/messages/susan", body="Hello").status_code == 422


def test_a_former_members_words_can_be_read_and_not_answered(as_susan, susan, john):
    write(john, susan, "Farewell")
    db.session.delete(john)
    db.session.commit()

    page = as_susan.get("/messages").text
    assert "A former member" in page
    way = page.split('href="/messages/former/')[1].split('"')[0]
    page = as_susan.get(f"/messages/former/{way}").text
    assert "Farewell" in page and "They closed their account" in page and "<textarea" not in page


def test_long_conversations_have_pages(as_susan, susan, john):
    for number in range(30):
        write(john, susan, f"Number {number}.")
    newest = as_susan.get("/messages/john").text
    assert "Number 29." in newest and "Number 4." not in newest
    assert newest.index("Number 28.") < newest.index("Number 29.")
    older = newest.split('rel="next" href="')[1].split('"')[0]

    assert "Number 4." in as_susan.get(f"/messages/john{older}").text


def test_who_writes_too_much_waits(app, as_susan):
    as_susan.get("/messages/john")
    answers = [as_susan.post("/messages/john", body=f"Number {number}").status_code for number in range(31)]

    assert answers[:30] == [303] * 30 and answers[30] == 429
