"""A mistake in a letter's templates: it costs the letter, not what the letter tells of."""

import pytest
from jinja2 import ChoiceLoader, DictLoader, UndefinedError
from sqlalchemy import select

from app.errors import Conflict
from app.extensions import db
from app.models import Letter
from app.services import accounts, letters
from tests.visitor import Visitor


@pytest.fixture
def broken(app):
    """Every letter's text asks for something that is not there."""
    texts = {f"email/{kind}/body.txt": "Hello {{ nobody.at_all }}" for kind in letters.KINDS}
    app.jinja_env.loader = ChoiceLoader([DictLoader(texts), app.jinja_env.loader])
    return app


def test_who_registers_and_signs_in_is_let_in_all_the_same(broken, susan):
    visitor, form = Visitor(broken), {"password": "a long password", "password2": "a long password"}
    for name, email in (("ada", "ada@example.com"), ("eve", "susan@example.com")):
        assert visitor.post("/auth/register", username=name, email=email, **form).status_code == 302
    susan.last_seen_at = susan.created_at
    db.session.commit()
    assert visitor.signs_in("susan").headers["Location"] == "/"

    db.session.rollback()
    found = db.session.execute(select(Letter.kind, Letter.state, Letter.error, Letter.address)).all()
    assert found == [
        ("welcome", "dead", letters.UNWRITTEN, "ada@example.com"),
        ("address_taken", "dead", letters.UNWRITTEN, "susan@example.com"),
        ("new_sign_in", "dead", letters.UNWRITTEN, "susan@example.com"),
    ]
    assert accounts.named("ada") and accounts.named("eve")


def test_letter_without_words_is_listed_and_never_sent(broken, susan, david, worker):
    letters.password_changed(susan)
    letters.address_changed(susan, "old@example.com")
    db.session.commit()
    dead = db.session.scalars(select(Letter).order_by(Letter.id)).all()

    page = Visitor(broken).signed_in(david).get("/admin/outbox?state=dead")
    assert page.status_code == 200 and "Your password was changed" in page.text
    assert [letter.address for letter in dead] == ["susan@example.com", "old@example.com"]
    for letter in dead:
        with pytest.raises(Conflict):
            letters.replay(letter)
    assert letters.replay_all() == 0
    worker.work()
    assert letters.counts() == {"waiting": 0, "sending": 0, "sent": 0, "dead": 2}


def test_link_that_was_asked_for_is_not_promised_where_it_cannot_be_written(broken, susan):
    with pytest.raises(UndefinedError):
        letters.confirm_address(susan, "token")
    with pytest.raises(UndefinedError):
        letters.password_reset(susan, "token", "some run")

    assert not db.session.scalars(select(Letter)).all()
