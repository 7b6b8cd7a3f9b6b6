"""Inviting somebody: one letter, one account, with the address the letter came to."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models import Letter, User
from app.services import invitations
from tests.visitor import Visitor

ADA = {"username": "ada", "password": "long enough", "password2": "long enough"}


@pytest.fixture
def as_susan(app, susan):
    susan.email_confirmed_at = clock.now()
    db.session.commit()
    return Visitor(app).signed_in(susan)


@pytest.fixture
def link(as_susan):
    as_susan.post("/invite", email="Ada@example.com")
    (letter,) = db.session.scalars(select(Letter)).all()
    assert letter.address == "Ada@example.com"
    return re.search(r"/auth/register\?invitation=\S+", letter.text)[0]


def test_invited_makes_one_account_with_a_confirmed_address(app, link):
    visitor = Visitor(app)
    assert "susan invites you" in visitor.get(link).text

    assert visitor.post(link, **ADA, email="other@example.com").status_code == 302

    member = db.session.scalars(select(User).where(User.username == "ada")).one()
    assert member.email == "Ada@example.com" and member.email_confirmed_at is not None
    assert visitor.get(link).status_code == 410
    assert visitor.post(link, **{**ADA, "username": "again"}).status_code == 410


def test_changed_or_old_link_is_told_so(app, link, monkeypatch):
    assert Visitor(app).get(link + "x").status_code == 410
    monkeypatch.setattr(invitations, "GOOD_SECONDS", -1)
    assert Visitor(app).get(link).status_code == 410


def test_member_is_not_invited_and_nobody_is_told(app, as_susan, john):
    told = [as_susan.post("/invite", email=address) for address in ("john@example.com", "new@example.com")]

    assert [answer.status_code for answer in told] == [303, 303]
    assert [letter.address for letter in db.session.scalars(select(Letter))] == ["new@example.com"]
    assert "If new@example.com is no member" in as_susan.get("/invite").text


def test_an_invitation_that_lapsed_can_be_sent_again(app, susan, monkeypatch):
    for _time in range(2):
        invitations.send(susan, "ada@example.com")
    next_week = clock.now() + timedelta(days=7)
    monkeypatch.setattr(clock, "now", lambda: next_week)

    invitations.send(susan, "ada@example.com")

    assert len(db.session.scalars(select(Letter)).all()) == 2


def test_five_a_day_are_enough_and_are_said_before(app, as_susan):
    assert "You can send 5 a day" in as_susan.get("/invite").text

    answers = [as_susan.post("/invite", email=f"a{number}@example.com").status_code for number in range(6)]

    assert answers == [303] * 5 + [429]
    assert len(db.session.scalars(select(Letter)).all()) == 5


def test_the_sixth_asking_tells_nobody_whose_the_others_are(app, as_susan, john):
    addresses = ["john@example.com", *(f"a{number}@example.com" for number in range(5))]

    assert [as_susan.post("/invite", email=address).status_code for address in addresses] == [303] * 5 + [429]


def test_who_has_not_confirmed_an_address_invites_nobody(app, john):
    john.email_confirmed_at = None
    db.session.commit()
    as_john = Visitor(app).signed_in(john)

    assert as_john.post("/invite", email="ada@example.com").status_code == 403
    assert "Confirm your own address" in as_john.get("/invite").text
    assert not db.session.scalars(select(Letter)).all()


def test_site_for_invited_people_lets_nobody_else_register(app, link):
    app.config["REGISTRATION"] = "invited"
    visitor = Visitor(app)

    assert visitor.get("/auth/register").status_code == 403
    assert visitor.post("/auth/register", **ADA, email="ada@example.com").status_code == 403
    assert "/auth/register" not in visitor.get("/auth/login").text
    assert visitor.post(link, **ADA).status_code == 302
