"""The badges of an open page: they follow what others do, and what is read in another tab."""

import pytest
from playwright.sync_api import expect

from app.extensions import db
from app.models.mark import LIKE
from app.services import marks, messages, posts

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def quick_polls(environment: dict[str, str]) -> None:
    environment["POLL_IDLE_MS"] = "500"


def test_the_badges_of_an_open_page_follow(as_susan, susan, john):
    posts.publish(susan, "Worth a like")
    db.session.commit()
    as_susan.goto("/explore")
    bell = as_susan.locator('unread-count[data-name="unread_activity_count"]')
    letterbox = as_susan.locator('unread-count[data-name="unread_message_count"]')
    expect(bell).to_be_hidden()

    marks.put(john, db.session.scalars(susan.posts.select()).one(), LIKE)
    messages.send(john, susan, "How are the tomatoes?")
    db.session.commit()

    expect(letterbox).to_have_text("1 unread")
    expect(bell).to_have_text("2 unread")

    another = as_susan.context.new_page()
    another.goto("/messages/john")
    expect(another.get_by_text("How are the tomatoes?")).to_be_visible()
    expect(letterbox).to_be_hidden()
    expect(bell).to_have_text("1 unread")


def test_all_is_read_with_the_keyboard(as_susan, susan, john):
    messages.send(john, susan, "Hello")
    db.session.commit()
    as_susan.goto("/notifications/all")
    expect(as_susan.locator(".activity--unread")).to_have_count(1)

    as_susan.get_by_role("button", name="Mark all as read").focus()
    as_susan.keyboard.press("Enter")

    expect(as_susan.locator(".activity")).to_have_count(1)
    expect(as_susan.locator(".activity--unread")).to_have_count(0)
    expect(as_susan.get_by_role("link", name="Notifications", exact=True)).to_be_visible()


def test_a_conversation_grows_while_it_stands_open(as_susan, susan, john):
    as_susan.goto("/messages/john")
    as_susan.locator("#body").fill("I am just writ")
    for words in ("Are you there?", "I have <b>cake</b>."):
        messages.send(john, susan, words)
        db.session.commit()
        expect(as_susan.locator(".message").last).to_contain_text(words)

    expect(as_susan.locator(".message")).to_have_count(2)
    expect(as_susan.locator("#body")).to_have_value("I am just writ")
    expect(as_susan.locator('unread-count[data-name="unread_message_count"]')).to_be_hidden()
