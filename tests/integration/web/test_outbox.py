"""The admin's outbox: reading where no server is set, masked in production, and sending dead letters after all."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models import Letter
from app.services import letters
from tests.visitor import Visitor


@pytest.fixture
def as_david(app, david):
    return Visitor(app).signed_in(david)


def letter_to(member, **changes):
    letters.post([letters.draft("trial", member, f"k{clock.now()}") | changes])
    db.session.commit()
    return db.session.scalar(select(Letter).order_by(Letter.id.desc()).limit(1))


def test_without_a_server_a_letter_is_read_here_and_in_the_log(as_david, worker, caplog):
    with caplog.at_level("INFO"):
        as_david.post("/admin/outbox/trial")
        worker.work()

    page = as_david.get("/admin/outbox").text
    assert "No mail server is set" in page and "Letters arrive" in page and "david@example.com" in page
    letter = db.session.scalar(select(Letter))
    assert letter.state == "sent"
    page = as_david.get(f"/admin/outbox/{letter.id}").text
    assert "You asked for a letter" in page
    assert "david@example.com" in caplog.text and "You asked for a letter" in caplog.text


def test_letter_in_html_may_run_and_fetch_nothing(as_david, david):
    letter = letter_to(david)

    page = as_david.get(f"/admin/outbox/{letter.id}/html")

    assert "<h1>Letters arrive</h1>" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_production_masks_addresses_and_words(app, as_david, david, worker, caplog):
    app.config["MICROBLOG_ENV"] = "production"
    letter = letter_to(david)
    with caplog.at_level("INFO"):
        worker.work()

    pages = [as_david.get(path).text for path in ("/admin/outbox", f"/admin/outbox/{letter.id}")]

    assert all("d…@example.com" in page and "david@example.com" not in page for page in pages)
    assert "You asked for" not in "".join(pages)
    assert all("A letter to try the mail server with" in page and "Letters arrive" not in page for page in pages)
    assert "letters reach nobody" in pages[0] and "to be read" not in pages[0]
    assert as_david.get(f"/admin/outbox/{letter.id}/html").status_code == 404
    assert "david@example.com" not in caplog.text and "You asked for" not in caplog.text


def test_outbox_is_for_admins(app, susan, david):
    letter = letter_to(david)
    susan.role = "moderator"
    db.session.commit()
    as_susan = Visitor(app).signed_in(susan)

    for path in ("/admin/outbox", f"/admin/outbox/{letter.id}", f"/admin/outbox/{letter.id}/html"):
        assert as_susan.get(path).status_code == 403
    assert as_susan.post(f"/admin/outbox/{letter.id}/replay").status_code == 403


def test_dead_letter_is_sent_after_all(mail_server, as_david, susan, worker):
    mail_server.answers["susan@example.com"] = "550 5.1.1 nobody here"
    letter = letter_to(susan)
    worker.work()
    assert "550 5.1.1 nobody here" in as_david.get(f"/admin/outbox/{letter.id}").text
    assert "Dead (1)" in as_david.get("/admin/outbox?state=dead").text

    mail_server.answers.clear()
    as_david.post(f"/admin/outbox/{letter.id}/replay")
    worker.work()

    assert len(mail_server.to("susan@example.com")) == 1
    assert as_david.post(f"/admin/outbox/{letter.id}/replay").status_code == 409


def test_all_dead_letters_that_still_make_sense_are_sent_together(mail_server, as_david, susan, john, worker):
    letter_to(susan, state="dead")
    letter_to(john, state="dead")
    late = letter_to(john, state="dead", expires_at=clock.now() - timedelta(hours=1))

    as_david.post("/admin/outbox/replay")
    worker.work()

    assert sorted(letter["To"] for letter in mail_server.letters) == ["john@example.com", "susan@example.com"]
    assert as_david.post(f"/admin/outbox/{late.id}/replay").status_code == 409


def test_letter_that_may_have_arrived_is_sent_again_only_by_itself(mail_server, as_david, susan, worker):
    letter = letter_to(susan, is_bulk=True)
    mail_server.breaks_off_after_data.add("susan@example.com")
    worker.work()
    mail_server.breaks_off_after_data.clear()
    assert "may have arrived" in as_david.get(f"/admin/outbox/{letter.id}").text

    as_david.post("/admin/outbox/replay")
    worker.work()
    assert len(mail_server.letters) == 1

    as_david.post(f"/admin/outbox/{letter.id}/replay")
    worker.work()
    assert len(mail_server.letters) == 2


def test_outbox_is_read_a_page_at_a_time(as_david, susan):
    letters.post([letters.draft("trial", susan, f"k{number}") for number in range(30)])
    db.session.commit()

    first = as_david.get("/admin/outbox?state=waiting").text

    assert "Older →" in first and first.count("Letters arrive") == 25
    assert as_david.get("/admin/outbox?state=nonsense").status_code == 404
