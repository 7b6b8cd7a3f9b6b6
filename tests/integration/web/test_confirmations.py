"""Whose address it is: the welcome letter's link, which asks first, and another one if that is lost."""

import pytest

from app.extensions import db
from app.models import User
from app.services import confirmations, resets
from tests.letterbox import link_in, newest
from tests.visitor import Visitor

ADA = {"username": "ada", "email": "ada@example.com", "password": "a long password", "password2": "a long password"}


@pytest.fixture
def visitor(app):
    app.config["WTF_CSRF_ENABLED"] = True
    return Visitor(app)


@pytest.fixture
def unconfirmed(susan):
    susan.email_confirmed_at = None
    db.session.commit()
    return susan


def link_for(member):
    return f"/auth/confirm/{confirmations.link_token(member)}"


def test_new_member_confirms_with_the_welcome_letter(visitor, worker, app):
    visitor.get("/auth/register")
    visitor.post("/auth/register", **ADA)
    worker.work()
    ada = db.session.scalar(db.select(User).where(User.username == "ada"))
    assert ada.email_confirmed_at is None
    letter = newest(ada, "welcome")
    link = link_in(letter.text, "/auth/confirm/")

    assert "Yes, confirm it" in visitor.get(link).text
    db.session.refresh(ada)
    assert ada.email_confirmed_at is None

    visitor.post(link)
    db.session.refresh(ada)
    assert ada.email_confirmed_at is not None


def test_link_followed_again_changes_nothing(visitor, unconfirmed):
    link = link_for(unconfirmed)
    visitor.get(link)
    visitor.post(link)
    db.session.refresh(unconfirmed)
    first = unconfirmed.email_confirmed_at

    assert "confirmed already" in visitor.get(link).text
    visitor.post(link)

    db.session.refresh(unconfirmed)
    assert unconfirmed.email_confirmed_at == first


def test_link_is_for_the_address_it_was_sent_to(visitor, unconfirmed, monkeypatch):
    link = link_for(unconfirmed)
    monkeypatch.setattr(confirmations, "GOOD_SECONDS", -1)
    assert visitor.get(link).status_code == 410
    monkeypatch.undo()

    unconfirmed.email = "other@example.com"
    db.session.commit()

    assert visitor.get(link).status_code == 410
    assert visitor.get(f"/auth/confirm/{resets.link_token(unconfirmed)}").status_code == 410


def test_link_is_sent_again_three_times_an_hour(visitor, unconfirmed, worker):
    visitor.signed_in(unconfirmed).get("/")

    answers = [visitor.post("/auth/confirm").status_code for _time in range(4)]
    worker.work()

    assert answers == [303, 303, 303, 429]
    assert newest(unconfirmed).kind == "confirm_address"


def test_confirmed_member_needs_no_other_letter(visitor, susan):
    visitor.signed_in(susan).get("/")

    assert visitor.post("/auth/confirm").status_code == 409
