"""Choosing letters, ending digests with one click, and the letters that signing in and long runs bring."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Letter, LetterChoice, User
from app.security import signed
from app.services import activity_choices, letter_choices, letters, posts
from tests.engine_fixtures import fresh
from tests.letterbox import newest
from tests.visitor import Visitor

CHOICE = {"language": "en", "digest": "weekly", "digest_hour": "18", "time_zone": "Europe/Berlin", "tells_of_runs": "y"}
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"}


@pytest.fixture
def visitor(app):
    app.config["WTF_CSRF_ENABLED"] = True
    return Visitor(app)


def choice_of(member):
    db.session.rollback()
    return db.session.get(LetterChoice, member.id, populate_existing=True)


def test_member_chooses_a_digest_at_their_own_hour(visitor, susan):
    visitor.signed_in(susan).get("/letters")

    visitor.post("/letters", **CHOICE)

    choice = choice_of(susan)
    assert (choice.digest, choice.digest_hour, choice.time_zone) == ("weekly", 18, "Europe/Berlin")
    assert choice.digest_at.weekday() == 0 and choice.digest_at > clock.now()
    assert '<option selected value="Europe/Berlin">' in visitor.get("/letters").text
    visitor.post("/letters", **{**CHOICE, "digest": "never"})
    assert choice_of(susan).digest_at is None


@pytest.mark.parametrize(
    "wrong", [{"digest": "hourly"}, {"digest_hour": "24"}, {"time_zone": "Moon/Base"}, {"language": "tlh"}]
)
def test_choice_there_is_not_is_refused(visitor, susan, wrong):
    visitor.signed_in(susan).get("/letters")

    assert visitor.post("/letters", **{**CHOICE, **wrong}).status_code == 422
    assert choice_of(susan) is None


def test_digest_carries_a_button_that_ends_it_without_sign_in(mail_server, app, susan, john, worker):
    app.config["WTF_CSRF_ENABLED"] = True
    choice = letter_choices.choose(susan, "daily", 8, "UTC", True)
    choice.digest_at = clock.now()
    posts.publish(john, "hello")
    outbox.request("send_digests", by=None)
    worker.work()
    (letter,) = mail_server.to("susan@example.com")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = re.fullmatch(r"<http://127\.0\.0\.1:5000(/letters/unsubscribe/\S+)>", letter["List-Unsubscribe"])[1]
    program = app.test_client()

    assert "No more digests?" in program.get(path).text
    assert choice_of(susan).digest == "daily"
    for _time in range(2):
        response = program.post(path, data={"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200 and "gets no digests any more" in response.text
    assert (choice_of(susan).digest, choice_of(susan).digest_at) == ("never", None)


def test_link_of_a_removed_member_ends_nothing_of_who_has_their_number_now(app, susan):
    letter_choices.choose(susan, "daily", 8, "UTC", True)
    token = letter_choices.unsubscribe_token(susan)
    susan.created_at += timedelta(days=1)
    db.session.commit()

    assert app.test_client().post(f"/letters/unsubscribe/{token}").status_code == 410
    assert choice_of(susan).digest == "daily"

    old = signed.sign(letter_choices.PURPOSE, susan.id)
    assert app.test_client().post(f"/letters/unsubscribe/{old}").status_code == 200


@pytest.mark.parametrize("token", ["x", "MQ.aaaa.bbbb"])
def test_button_of_nobody_ends_nothing(app, token):
    assert app.test_client().post(f"/letters/unsubscribe/{token}").status_code == 410


def test_first_sign_in_ever_is_no_news_and_a_new_browser_is(app, visitor, susan, worker):
    visitor.signs_in("susan")
    visitor.get("/")
    visitor.post("/auth/logout")
    visitor.signs_in("susan")
    worker.work()
    assert newest(susan) is None

    other = Visitor(app)
    other.get("/auth/login")
    other.post("/auth/login", headers=FIREFOX, username="susan", password="microblog")
    worker.work()

    letter = newest(susan)
    assert letter.kind == "new_sign_in"
    assert "Firefox on Linux, from 127.0.0.1" in letter.text


def test_browser_that_one_member_used_is_new_to_another(visitor, susan, john, worker):
    john.last_seen_at = clock.now()
    db.session.commit()
    visitor.signs_in("susan")
    visitor.get("/")
    visitor.post("/auth/logout")

    visitor.signs_in("john")

    assert newest(john).kind == "new_sign_in"


def long_run(member, worker, name="example_long_task", **args):
    run = outbox.request(name, by=member, args=args)
    run.created_at = clock.now() - timedelta(minutes=3)
    worker.work()
    return fresh(run)


def test_long_run_ends_with_a_letter(mail_server, susan, worker):
    run = long_run(susan, worker, "export_posts")

    (letter,) = mail_server.to("susan@example.com")
    assert letter["Subject"] == "Export posts: finished"
    for part in ("plain", "html"):
        words = letter.get_body((part,)).get_content()
        assert f"http://127.0.0.1:5000{run.result_url}" in words and run.result_url.startswith(f"/runs/{run.id}/files/")


def test_failed_run_says_so_and_not_how_the_code_broke(mail_server, susan, worker):
    run = outbox.request("slow", by=susan, args={"count": 1, "seconds": "no number"})
    run.created_at = clock.now() - timedelta(minutes=3)
    worker.work()

    (letter,) = mail_server.to("susan@example.com")
    assert letter["Subject"] == "Slow: failed"
    assert "TypeError" not in letter.as_string()


def test_short_run_unwanted_letter_and_unconfirmed_address_bring_none(susan, john, mary, worker):
    letter_choices.choose(john, "never", 8, "UTC", tells_of_runs=False)
    mary.email_confirmed_at = None
    outbox.request("export_posts", by=susan)
    worker.work()

    long_run(john, worker, "export_posts")
    long_run(mary, worker, "export_posts")

    assert db.session.scalar(select(Letter)) is None


def test_letter_that_cannot_be_written_does_not_keep_a_run_from_ending(susan, worker, monkeypatch):
    monkeypatch.delitem(letters.KINDS, "run_ended")

    assert long_run(susan, worker, "export_posts").state == "succeeded"


@pytest.mark.parametrize("kind", letters.KINDS)
def test_every_letter_can_be_read_before_anybody_gets_it(app, david, kind):
    as_david = Visitor(app).signed_in(david)

    assert f"/admin/letters/{kind}" in as_david.get("/admin/letters").text
    assert as_david.get(f"/admin/letters/{kind}").status_code == 200
    page = as_david.get(f"/admin/letters/{kind}/html")
    assert page.text.startswith("<!doctype html>") and "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_letters_can_be_read_in_every_language(app, david):
    as_david = Visitor(app).signed_in(david)

    page = as_david.get("/admin/letters/trial")
    assert "Letters arrive" in page.text and "/admin/letters/trial?language=es" in page.text
    assert "Los correos llegan" in as_david.get("/admin/letters/trial?language=es").text
    assert '<html lang="de">' in as_david.get("/admin/letters/trial/html?language=de").text
    assert as_david.get("/admin/letters/trial?language=tlh").status_code == 404
    david.language = "de"
    db.session.commit()
    assert "E-Mails kommen an" in as_david.get("/admin/letters/trial").text


def test_letters_are_previewed_by_admins_alone(app, susan):
    as_susan = Visitor(app).signed_in(susan)

    assert as_susan.get("/admin/letters").status_code == 403
    assert as_susan.get("/admin/letters/digest").status_code == 403


def test_invitation_is_one_letter_however_often_it_is_pressed(susan):
    for _time in range(2):
        letters.invitation("Ada@example.com", susan, "token")

    (letter,) = db.session.scalars(select(Letter)).all()
    assert letter.address == "Ada@example.com" and "susan has an account" in letter.text


@pytest.mark.parametrize(
    ("asked", "language", "welcome"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Willkommen bei Microblog, ada"),
        ("fr,es;q=0.7,en;q=0.3", "es", "Te damos la bienvenida a Microblog, ada"),
        ("de-AT,en-US;q=0.7,en;q=0.3", "de", "Willkommen bei Microblog, ada"),
        ("en-US,de;q=0.5", "en", "Welcome to Microblog, ada"),
        ("de;q=0", "en", "Welcome to Microblog, ada"),
        ("fr", "en", "Welcome to Microblog, ada"),
        ("", "en", "Welcome to Microblog, ada"),
        (";;;q=x,\u00e9", "en", "Welcome to Microblog, ada"),
    ],
)
def test_new_member_is_welcomed_in_the_browsers_language(mail_server, visitor, worker, asked, language, welcome):
    visitor.get("/auth/register")
    visitor.post(
        "/auth/register",
        headers={"Accept-Language": asked},
        username="ada",
        email="ada@example.com",
        password="a long password",
        password2="a long password",
    )
    worker.work()

    (letter,) = mail_server.to("ada@example.com")
    assert (letter["Subject"], letter["Content-Language"]) == (welcome, language)


def test_member_chooses_the_language_of_their_letters(mail_server, visitor, susan, worker):
    visitor.signed_in(susan).get("/letters")

    visitor.post("/letters", **{**CHOICE, "language": "es"})
    letters.password_changed(db.session.get(User, susan.id, populate_existing=True))
    db.session.commit()
    worker.work()

    assert '<option selected value="es">Español</option>' in visitor.get("/letters").text
    (letter,) = mail_server.to("susan@example.com")
    assert letter["Subject"] == "Se ha cambiado tu contraseña"
    told = letter.get_body(("plain",)).get_content()
    assert "Hola, susan:" in told and "Europe/Berlin, y se han cerrado" in told, "and by the clock they live by"


def test_digest_comes_in_the_members_language_with_its_button(mail_server, susan, john, worker):
    susan.language = "de"
    letter_choices.choose(susan, "daily", 8, "UTC", True).digest_at = clock.now()
    for number in range(3):
        posts.publish(john, f"number {number}")
    outbox.request("send_digests", by=None)
    worker.work()

    (letter,) = mail_server.to("susan@example.com")
    assert letter["Subject"].startswith("3 Beiträge seit ")
    assert letter["Content-Language"] == "de" and letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "number 2" in letter.get_body(("html",)).get_content()


def test_language_that_is_written_no_more_becomes_english(susan):
    susan.language = "tlh"

    letters.password_changed(susan)
    db.session.commit()

    assert newest(susan).subject == "Your password was changed"


def test_invitation_is_in_the_inviters_language(susan):
    susan.language = "es"

    letters.invitation("ada@example.com", susan, "token")

    (letter,) = db.session.scalars(select(Letter)).all()
    assert (letter.language, letter.subject) == ("es", "susan te invita a Microblog")


def test_member_chooses_how_to_be_told(visitor, susan):
    page = visitor.signed_in(susan).get("/letters").text
    assert page.count('name="on_page"') == 6 and page.count('name="by_letter"') == 4
    assert page.count(" checked") == 8  # the six on the page, messages by letter, and long runs

    answer = visitor.post("/letters/activities", on_page=["follow", "run"], by_letter=["mention"])

    assert (answer.status_code, answer.headers["Location"]) == (303, "/letters#activities")
    chosen = activity_choices.of(susan.id)
    assert [kind for kind, choice in chosen.items() if choice.on_page] == ["follow", "run"]
    assert [kind for kind, choice in chosen.items() if choice.by_letter] == ["mention"]
    assert choice_of(susan) is None, "nothing was said about digests"


def test_a_kind_there_is_not_cannot_be_chosen(visitor, susan):
    visitor.signed_in(susan).get("/letters")

    assert visitor.post("/letters/activities", on_page=["gossip"]).status_code == 422
    assert visitor.post("/letters/activities", by_letter=["like"]).status_code == 422
