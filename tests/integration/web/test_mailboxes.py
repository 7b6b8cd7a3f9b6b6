"""Changing one's address: the link by letter to the new one, once and for a day, and a word to the old one."""

import pytest
from sqlalchemy import func, select

from app.errors import Conflict, Gone
from app.extensions import db
from app.models import Letter, User
from app.services import accounts, confirmations, mailboxes, resets
from tests.duels import together
from tests.letterbox import link_in, newest
from tests.statements import statements
from tests.visitor import Visitor

NEW = "susan@example.org"


@pytest.fixture
def as_susan(app, susan):
    app.config["WTF_CSRF_ENABLED"] = True
    return Visitor(app).signed_in(susan)


def asks(visitor, email=NEW, password="microblog"):
    visitor.get("/profile/address")
    return visitor.post("/profile/address", email=email, password=password)


def link_for(member, email=NEW):
    return f"/profile/address/{mailboxes.link_token(member, email)}"


def follows(visitor, link):
    visitor.get(link)
    return visitor.post(link)


def address_of(member):
    db.session.rollback()
    return db.session.get(User, member.id, populate_existing=True).email


def written():
    db.session.rollback()
    return db.session.execute(select(Letter.kind, Letter.address).order_by(Letter.id)).all()


def test_member_changes_the_address_with_the_letter_to_the_new_one(mail_server, as_susan, susan, worker):
    susan.email_confirmed_at = None
    db.session.commit()
    page = as_susan.get("/profile/edit").text
    assert 'href="/profile/address"' in page and 'href="/profile/address"' in as_susan.get("/letters").text
    landed = as_susan.get(asks(as_susan, "Susan@Example.ORG").headers["Location"]).text
    assert "on its way to Susan@Example.ORG" in landed
    worker.work()
    assert address_of(susan) == "susan@example.com"
    (letter,) = mail_server.to("Susan@example.org")
    link = link_in(letter.get_body(("plain",)).get_content(), "/profile/address/")

    asking = as_susan.get(link)
    assert "Susan@example.org" in asking.text and asking.headers["Cache-Control"] == "no-store"
    assert address_of(susan) == "susan@example.com", "looking at a link changes nothing"
    done = as_susan.post(link)

    assert (done.status_code, done.headers["Location"]) == (303, "/letters")
    assert address_of(susan) == "Susan@example.org" and susan.email_confirmed_at is not None
    assert "Letters to Susan@example.org" in as_susan.get("/letters").text, "and they are still signed in"
    worker.work()
    (told,) = mail_server.to("susan@example.com")
    assert told["Subject"] == "Your address was changed" and "example.org" not in told.as_string()


def test_link_works_once_for_a_day_and_for_its_member_alone(app, as_susan, susan, john, monkeypatch):
    link = link_for(susan)
    stranger = Visitor(app)
    assert stranger.get(link).headers["Location"].startswith("/auth/login?next=/profile/address/")
    as_john = Visitor(app).signed_in(john)
    as_john.get("/")
    assert as_john.get(link).status_code == as_john.post(link).status_code == 404
    monkeypatch.setattr(mailboxes, "GOOD_SECONDS", -1)
    assert as_susan.get(link).status_code == 410
    monkeypatch.undo()

    assert follows(as_susan, link).status_code == 303

    assert as_susan.get(link).status_code == as_susan.post(link).status_code == 410
    assert address_of(susan) == NEW


@pytest.mark.parametrize("change", [{"password_hash": "another"}, {"email": "other@example.com"}])
def test_link_ends_with_the_password_and_the_address_it_was_asked_with(susan, change):
    token = mailboxes.link_token(susan, NEW)
    for name, value in change.items():
        setattr(susan, name, value)
    db.session.commit()

    with pytest.raises(Gone):
        mailboxes.change(token, susan)


def test_link_cannot_be_made_up_or_borrowed(as_susan, susan):
    forged = ["x", mailboxes.link_token(susan, NEW)[:-2], resets.link_token(susan), confirmations.link_token(susan)]

    assert {as_susan.get(f"/profile/address/{token}").status_code for token in forged} == {410}


def test_change_ends_the_links_that_went_to_the_old_address(as_susan, susan):
    old = [f"/auth/reset/{resets.link_token(susan)}", link_for(susan, "third@example.org")]
    confirming = confirmations.link_token(susan)

    follows(as_susan, link_for(susan))

    assert [as_susan.get(link).status_code for link in (*old, f"/auth/confirm/{confirming}")] == [410, 410, 410]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"password": "wrong"}, "That is not your password."),
        ({"email": "nowhere"}, "That is no email address."),
        ({"email": "susan@EXAMPLE.com"}, "That is your address already."),
    ],
)
def test_wrong_answers_are_told_beside_the_field_and_nothing_is_sent(as_susan, form, sentence):
    answer = asks(as_susan, **form)

    assert answer.status_code == 422 and sentence in answer.text and 'aria-invalid="true"' in answer.text
    assert not written()


def test_who_wants_a_members_address_cannot_tell(as_susan, susan, john):
    asks(as_susan, "first@example.org")
    seen = []
    for email in (NEW, "John@example.com"):
        db.session.remove()  # as after each request
        as_susan.get("/profile/address")
        with statements() as asked:
            answer = as_susan.post("/profile/address", email=email, password="microblog")
        landed = as_susan.get(answer.headers["Location"]).text
        seen.append((answer.status_code, f"on its way to {email}" in landed, list(asked)))

    assert seen[0] == seen[1] and seen[0][:2] == (303, True)
    assert written()[1:] == [("new_address", NEW), ("address_taken", "john@example.com")]


def test_address_that_became_anothers_meanwhile_is_told_who_reads_there(as_susan, susan, john):
    link = link_for(susan)
    john.email = NEW
    db.session.commit()

    assert follows(as_susan, link).status_code == 409
    assert address_of(susan) == "susan@example.com" and not written()


def test_case_alone_can_be_changed(as_susan, susan):
    asks(as_susan, "Susan@example.com")
    assert newest(susan, "new_address").address == "Susan@example.com"

    follows(as_susan, link_for(susan, "Susan@example.com"))

    assert address_of(susan) == "Susan@example.com"


def test_old_address_that_was_never_ones_own_is_not_written_to(app, as_susan, susan):
    eve = accounts.register("eve", "susan@example.com", "a long password")
    db.session.commit()

    mailboxes.change(mailboxes.link_token(eve, "eve@example.com"), eve)
    db.session.commit()

    assert not written() and accounts.owner_of("eve@example.com") is eve


def test_asking_often_is_refused_for_a_member_and_for_an_address(app, as_susan, susan, john):
    as_john = Visitor(app).signed_in(john)
    assert [asks(as_susan, "Ada@example.org").status_code for _time in range(5)] == [303] * 5

    assert asks(as_john, "ada@example.org").status_code == 429
    assert [asks(as_susan, password="wrong").status_code for _time in range(5)] == [422] * 5
    assert asks(as_susan).status_code == 429


def test_of_two_that_follow_one_link_at_once_one_changes_it(app, susan):
    token, member_id, outcomes = mailboxes.link_token(susan, NEW), susan.id, []

    def change(_number):
        try:
            mailboxes.change(token, db.session.get(User, member_id))
            db.session.commit()
            outcomes.append("done")
        except Gone:
            db.session.rollback()
            outcomes.append("gone")

    assert not together(app, 1, change, change)
    assert sorted(outcomes) == ["done", "gone"]
    assert db.session.scalar(select(func.count(Letter.id))) == 1


def test_of_two_that_change_to_one_address_at_once_one_gets_it(app, susan, mary):
    outcomes = []

    def change(member):
        token, member_id = mailboxes.link_token(member, NEW), member.id

        def act(_number):
            try:
                mailboxes.change(token, db.session.get(User, member_id))
                db.session.commit()
                outcomes.append("done")
            except Conflict:
                db.session.rollback()
                outcomes.append("another's")

        return act

    assert not together(app, 1, change(susan), change(mary))
    assert sorted(outcomes) == ["another's", "done"]
    assert accounts.owner_of(NEW) is not None
