"""An address is whose it is proven to be. Who gives another's is treated like anybody, and its owner gets a letter."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models import Letter, User
from app.services import accounts, confirmations, invitations, letters, resets
from tests.letterbox import link_in, newest
from tests.statements import statements
from tests.visitor import Visitor

PASSWORD = "a long password"


@pytest.fixture
def visitor(app):
    app.config["WTF_CSRF_ENABLED"] = True
    return Visitor(app)


def registers(visitor, name, email):
    visitor.get("/auth/register")
    return visitor.post("/auth/register", username=name, email=email, password=PASSWORD, password2=PASSWORD)


def named(name):
    db.session.rollback()
    return accounts.named(name)


def written():
    """To whom, and what, in the order it was written."""
    db.session.rollback()
    return db.session.execute(select(Letter.kind, Letter.address).order_by(Letter.id)).all()


def told(page, *names):
    """The page's words, whoever sees it and whenever."""
    text = re.sub(r'(nonce|value|content)="[^"]*"|<time.*?</time>', "", page.text, flags=re.DOTALL)
    for name in names:
        text = text.replace(name, "…")
    return re.sub(r"/avatars/[^\"]*|\d{4}-\d\d-\d\d[T ][\d:.Z+ ]*|data-\w+=\"[^\"]*\"", "", text)


@pytest.mark.parametrize("taken", ["Susan@Example.COM", " susan@example.com "])
def test_who_registers_with_a_members_address_cannot_tell(app, susan, taken):
    app.config["WTF_CSRF_ENABLED"] = True
    registers(Visitor(app), "first", "first@example.com")
    seen = []
    for name, email in (("eve0", "nobody@example.com"), ("eve1", taken)):
        visitor = Visitor(app)
        db.session.remove()  # as after each request
        with statements() as asked:
            answer = registers(visitor, name, email)
        landed = visitor.get(answer.headers["Location"])
        signed_in = visitor.signs_in(name, PASSWORD)
        pages = [visitor.get(path) for path in ("/", "/letters", "/invite", f"/user/{name}", "/profile/edit")]
        again = visitor.post("/auth/confirm")
        flashed = visitor.get(again.headers["Location"])
        asked_for = visitor.post("/invite", email="other@example.com")
        shown = [told(page, name, email.strip(), "Susan@example.com") for page in (landed, *pages, flashed)]
        codes = [each.status_code for each in (answer, landed, signed_in, *pages, again, flashed, asked_for)]
        seen.append((codes, shown, list(asked)))

    assert seen[0] == seen[1]
    assert seen[0][0][:3] == [302, 200, 302] and "Your account is ready" in seen[0][1][0]
    assert written()[1:] == [
        ("welcome", "nobody@example.com"),
        ("confirm_address", "nobody@example.com"),
        ("address_taken", "susan@example.com"),
    ]


def test_owner_is_told_once_a_day_and_led_to_their_own_account(visitor, susan, monkeypatch):
    susan.language = "de"
    db.session.commit()
    for number in range(3):
        registers(visitor, f"eve{number}", "susan@example.com")

    letter = newest(susan)
    assert written() == [("address_taken", "susan@example.com")]
    assert letter.language == "de" and "susan" in letter.text and "eve" not in letter.text
    assert visitor.get(link_in(letter.text, "/auth/login")).status_code == 200
    assert visitor.get(link_in(letter.text, "/auth/reset")).status_code == 200

    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    registers(visitor, "eve3", "susan@example.com")
    assert len(written()) == 2


def test_strangers_address_is_written_to_five_times_a_day_whoever_registers_with_it(visitor):
    for number in range(7):
        registers(visitor, f"eve{number}", ("Ada@example.com", "ada@example.com", "ADA@EXAMPLE.COM")[number % 3])

    assert [kind for kind, _address in written()] == 5 * ["welcome"]


def test_links_are_sent_again_three_times_an_hour_to_each_who_gave_an_address(visitor):
    answers = []
    for name in ("eve", "ada"):
        registers(visitor, name, "ada@example.com")
        visitor.signs_in(name, PASSWORD)
        answers.append([visitor.post("/auth/confirm").status_code for _ in range(4)])
        visitor.post("/auth/logout")

    assert answers == 2 * [[303, 303, 303, 429]]


def test_links_are_sent_again_fifteen_times_an_hour_to_an_address(visitor):
    answers = []
    for number in range(6):
        registers(visitor, f"eve{number}", "ada@example.com")
        visitor.signs_in(f"eve{number}", PASSWORD)
        answers += [visitor.post("/auth/confirm").status_code for _ in range(3)]
        visitor.post("/auth/logout")

    assert answers == 15 * [303] + 3 * [429]


def test_owner_hears_nothing_of_an_account_that_is_not_theirs(visitor, susan):
    registers(visitor, "eve", "susan@example.com")
    visitor.signs_in("eve", PASSWORD)
    eve = named("eve")

    visitor.post("/profile/close", password=PASSWORD)
    letters.password_changed(eve)
    letters.new_sign_in(eve, "Firefox on Linux", "203.0.113.7")
    resets.answer("susan@example.com", "some run")
    db.session.commit()

    assert written() == [("address_taken", "susan@example.com"), ("password_reset", "susan@example.com")]
    assert eve.ends_at is not None and newest(susan).kind == "password_reset"


def test_who_reads_mail_there_gets_the_address_though_a_squatter_gave_it_first(visitor):
    registers(visitor, "squatter", "ada@example.com")
    registers(visitor, "ada", "ada@example.com")
    links = {name: f"/auth/confirm/{confirmations.link_token(named(name))}" for name in ("ada", "squatter")}

    visitor.get(links["ada"])
    assert visitor.post(links["ada"]).status_code == 303

    late = visitor.post(links["squatter"])
    assert late.status_code == 409 and "another account" in late.text
    assert accounts.owner_of("ADA@example.com") == named("ada")
    assert named("squatter").email_confirmed_at is None


def test_lost_password_of_an_address_nobody_confirmed_is_found_again_by_each(visitor, worker):
    registers(visitor, "squatter", "ada@example.com")
    registers(visitor, "ada", "ada@example.com")
    visitor.get("/auth/reset")
    visitor.post("/auth/reset", email="ada@example.com")
    worker.work()
    letter = newest(named("ada"), "password_reset")

    link = link_in(letter.text, "/auth/reset/")
    visitor.get(link)
    visitor.post(link, password="another long one", password2="another long one")

    assert accounts.owner_of("ada@example.com") == named("ada")
    assert visitor.signs_in("ada", "another long one").status_code == 302
    assert newest(named("squatter"), "password_reset") is not None

    visitor.post("/auth/logout")
    visitor.get("/auth/reset")
    visitor.post("/auth/reset", email="ada@example.com")
    worker.work()
    assert [kind for kind, _to in written()].count("password_reset") == 3, "now it goes to the owner alone"


def test_link_for_a_password_confirms_no_address_that_became_anothers(visitor):
    registers(visitor, "squatter", "ada@example.com")
    registers(visitor, "ada", "ada@example.com")
    link = f"/auth/reset/{resets.link_token(named('squatter'))}"
    confirmations.confirm(confirmations.link_token(named("ada")))
    db.session.commit()

    visitor.get(link)
    answer = visitor.post(link, password="another long one", password2="another long one")

    assert answer.status_code == 303
    assert named("squatter").email_confirmed_at is None and accounts.authenticate("squatter", "another long one")


def test_invitation_is_not_stopped_by_a_squatter_but_by_an_owner(visitor, susan):
    registers(visitor, "squatter", "ada@example.com")
    invitations.send(susan, "ada@example.com")
    db.session.commit()
    invited = db.session.scalars(select(Letter).where(Letter.kind == "invitation")).one()
    link = link_in(invited.text, "/auth/register")

    form = {"password": PASSWORD, "password2": PASSWORD}
    visitor.get(link)
    assert visitor.post(link, username="ada", **form).status_code == 302
    assert accounts.owner_of("ada@example.com") == named("ada")
    assert visitor.post(link, username="again", **form).status_code == 410


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@example.com", "aDA@EXAMPLE.com"),
        ("Ärger@example.com", "ärger@example.com"),
        ("A\u0308rger@example.com", "ärger@example.com"),
        ("ada@xn--mnchen-3ya.example", "Ada@München.example"),
    ],
)
def test_one_mailbox_written_in_two_ways_is_one(visitor, worker, one, other):
    registers(visitor, "ada", one)
    confirmations.confirm(confirmations.link_token(named("ada")))
    db.session.commit()

    registers(visitor, "eve", other)
    visitor.get("/auth/reset")
    visitor.post("/auth/reset", email=other)
    worker.work()

    assert [kind for kind, _to in written()] == ["welcome", "address_taken", "password_reset"]
    assert newest(named("eve")) is None
    with pytest.raises(Exception, match="belongs to another"):
        confirmations.confirm(confirmations.link_token(named("eve")))


def test_two_mailboxes_stay_two(visitor):
    for name, email in (("ada", "ada@example.com"), ("eve", "ada@example.org"), ("mary", "a.da@example.com")):
        registers(visitor, name, email)
        confirmations.confirm(confirmations.link_token(named(name)))
        db.session.commit()

    assert len(db.session.scalars(select(User.id)).all()) == 3
