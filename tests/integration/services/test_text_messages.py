"""Text messages: out by the same way as letters, and counted, for each costs."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.errors import Invalid, TooMany
from app.extensions import db
from app.models import Letter
from app.services import text_messages
from tests.visitor import Visitor

NUMBER = "+49 151 1234-5678"


def message():
    db.session.rollback()
    return db.session.scalar(select(Letter).order_by(Letter.id.desc()).limit(1))


def write(member, key="k"):
    text_messages.write("trial", NUMBER, key, member)
    db.session.commit()


def test_admin_sends_one_to_try_the_provider(sms_provider, app, david, worker):
    as_david = Visitor(app).signed_in(david)

    assert as_david.post("/admin/outbox/text", number=NUMBER).status_code == 303
    worker.work()

    assert [(each["To"], each["Body"]) for each in sms_provider.messages] == [
        ("+4915112345678", "Text messages of Microblog arrive, david.")
    ]
    assert (message().state, message().text) == ("sent", "")


def test_it_is_written_in_the_members_language(david):
    david.language = "de"

    write(david)

    assert (message().language, message().text) == ("de", "Textnachrichten von Microblog kommen an, david.")


def test_without_a_provider_it_is_read_in_the_outbox(app, david, worker):
    write(david)
    worker.work()

    page = Visitor(app).signed_in(david).get(f"/admin/outbox/{message().id}").text

    assert "by sms" in page and "Text messages of Microblog arrive" in page


def test_production_masks_numbers(app, david):
    app.config["MICROBLOG_ENV"] = "production"
    write(david)

    page = Visitor(app).signed_in(david).get("/admin/outbox").text

    assert "…78" in page and "12345678" not in page


@pytest.mark.parametrize("number", ["", "0151 12345678", "+0 151", "+49", "susan@example.com", "+49151123456789012345"])
def test_number_that_is_none_is_refused(susan, number):
    with pytest.raises(Invalid):
        text_messages.write("trial", number, "k", susan)


def test_member_gets_so_many_a_day(susan, john):
    for number in range(5):
        write(susan, f"k{number}")

    with pytest.raises(TooMany):
        write(susan, "k5")
    write(john, "john's")

    for letter in db.session.scalars(select(Letter).where(Letter.user_id == susan.id)):
        letter.created_at = clock.now() - timedelta(days=1, minutes=1)
    db.session.commit()
    write(susan, "the next day")


def test_house_spends_so_much_a_day(app, susan, john):
    app.config["SMS_PARTS_A_DAY"] = 2
    write(susan, "one")
    message().headers = {"parts": 2}
    db.session.commit()

    with pytest.raises(TooMany):
        write(john, "another")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ü" * 160, 1),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_parts_are_counted_as_a_network_does(text, count):
    assert text_messages.parts(text) == count
