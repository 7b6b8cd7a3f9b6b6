"""A forgotten password: the link by letter, once and for an hour, and nothing in it for strangers."""

import re
import threading

import pytest
from sqlalchemy import func, select

from app.errors import Gone
from app.extensions import db, is_writing
from app.models import Letter, Run
from app.security import passwords, signed
from app.services import accounts, confirmations, resets
from tests.letterbox import link_in, newest
from tests.statements import statements
from tests.visitor import Visitor

NEW = {"password": "a new long password", "password2": "a new long password"}
STALE = "no longer good"


@pytest.fixture
def visitor(app):
    app.config["WTF_CSRF_ENABLED"] = True
    return Visitor(app)


def asks(visitor, email):
    visitor.get("/auth/reset")
    return visitor.post("/auth/reset", email=email)


def link_for(member):
    return f"/auth/reset/{resets.link_token(member)}"


def test_forgotten_password_is_set_anew_with_a_letter_read_in_the_outbox(app, visitor, susan, david, worker):
    elsewhere = Visitor(app).signed_in(susan)
    assert "Forgotten your password?" in visitor.get("/auth/login").text
    assert "on its way" in visitor.get(asks(visitor, "Susan@example.com").headers["Location"]).text
    worker.work()
    letter = newest(susan, "password_reset")
    page = Visitor(app).signed_in(david).get(f"/admin/outbox/{letter.id}").text
    link = link_in(page.replace('"', " "), "/auth/reset/")

    assert "susan" in visitor.get(link).text
    assert visitor.post(link, **NEW).headers["Location"] == "/auth/login"

    assert visitor.signs_in("susan").status_code == 422
    assert visitor.signs_in("susan", NEW["password"]).headers["Location"] == "/"
    assert elsewhere.get("/").status_code == 302
    worker.work()
    assert newest(susan).kind == "password_changed"


def test_link_works_once(visitor, susan):
    link = link_for(susan)
    visitor.get(link)
    visitor.post(link, **NEW)

    again = visitor.get(link)

    assert again.status_code == 410 and STALE in again.text
    assert visitor.post(link, **NEW).status_code == 410


def test_two_that_follow_one_link_at_once_do_not_both_get_in(app, susan):
    token, outcomes = resets.link_token(susan), []
    barrier = threading.Barrier(2)

    def follow(password):
        with app.app_context():
            barrier.wait()
            try:
                resets.finish(token, password)
                db.session.commit()
                outcomes.append(password)
            except Gone:
                db.session.rollback()

    threads = [threading.Thread(target=follow, args=(f"password of thread {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 1
    db.session.expire_all()
    assert accounts.authenticate("susan", outcomes[0]) is not None


def test_nobody_waits_to_write_while_the_new_password_is_hashed(susan, monkeypatch):
    hashed, were_writing = passwords.hashed, []

    def hash_and_look(password):
        were_writing.append(is_writing(db.session.connection()))
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", hash_and_look)
    resets.finish(resets.link_token(susan), NEW["password"])

    assert were_writing == [False]


def test_link_is_over_after_an_hour(visitor, susan, monkeypatch):
    link = link_for(susan)

    monkeypatch.setattr(resets, "GOOD_SECONDS", -1)

    assert visitor.get(link).status_code == 410


@pytest.mark.parametrize(
    "change",
    [
        {"password_hash": "another"},
        {"email": "other@example.com"},
        {"session_epoch": 9},
        {"is_suspended": True},
    ],
)
def test_link_ends_with_what_it_was_given_for(visitor, susan, change):
    link = link_for(susan)

    for name, value in change.items():
        setattr(susan, name, value)
    db.session.commit()

    assert visitor.get(link).status_code == 410


def test_link_cannot_be_made_up_or_borrowed(visitor, susan, mary):
    forged = [
        "x",
        resets.link_token(susan)[:-2],
        confirmations.link_token(susan),
        signed.sign("another purpose", [susan.id, resets.fingerprint(susan)]),
        signed.sign(resets.PURPOSE, [mary.id, resets.fingerprint(susan)]),
        signed.sign(resets.PURPOSE, [99999, resets.fingerprint(susan)]),
    ]

    assert {visitor.get(f"/auth/reset/{token}").status_code for token in forged} == {410}


def test_stranger_learns_nothing_from_asking(visitor, susan, mary, worker):
    mary.is_suspended = True
    db.session.commit()
    seen = set()
    for email in ("susan@example.com", "nobody@example.com", "mary@example.com"):
        visitor.get("/auth/reset")
        with statements() as asked:
            response = visitor.post("/auth/reset", email=email)
        page = visitor.get("/auth/login").text
        seen.add((response.status_code, response.headers["Location"], "on its way" in page, tuple(asked)))

    assert len(seen) == 1
    assert not re.search(r'FROM "?user"?\b', "\n".join(seen.pop()[3]))
    worker.work()
    assert list(db.session.scalars(select(Letter.address))) == ["susan@example.com"]
    assert db.session.scalar(select(func.count()).where(Run.task == "send_reset", Run.state == "succeeded")) == 3


@pytest.mark.parametrize("email", ["susan@example.com", "nobody@example.com"])
def test_asking_often_is_refused_whoever_it_is(visitor, susan, email):
    answers = [asks(visitor, email).status_code for _time in range(6)]

    assert answers == [303] * 5 + [429]


def test_asking_twice_before_the_first_is_answered_is_one_letter(visitor, susan, worker):
    asks(visitor, "susan@example.com")
    asks(visitor, "SUSAN@example.com")

    worker.work()

    assert db.session.scalar(select(func.count()).select_from(Letter)) == 1


def test_wrong_new_password_is_told_beside_the_field(visitor, susan):
    link = link_for(susan)
    visitor.get(link)

    assert "Between 8 and 256" in visitor.post(link, password="short", password2="short").text
    assert "differ" in visitor.post(link, password="a long password", password2="another one").text
    assert visitor.post("/auth/reset", email="nowhere").status_code == 422


def test_pages_of_a_link_are_not_kept_and_not_passed_on(visitor, susan):
    response = visitor.get(link_for(susan))

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_who_follows_the_link_has_confirmed_the_address(visitor, susan):
    susan.email_confirmed_at = None
    db.session.commit()
    link = link_for(susan)
    visitor.get(link)

    visitor.post(link, **NEW)

    db.session.expire_all()
    assert susan.email_confirmed_at is not None
