import time
from types import SimpleNamespace

import flask_limiter._extension
import pytest

from app import create_app
from app.extensions import db
from app.models import User
from app.services import accounts
from app.web.accounts import TOO_MANY_REFUSED, TOO_OFTEN
from config import Config
from tests.visitor import JSON, Visitor

ADA = {"username": "ada", "email": "ada@example.com", "password": "a long password", "password2": "a long password"}


@pytest.fixture
def visitor(app):
    app.config["WTF_CSRF_ENABLED"] = True
    return Visitor(app)


def test_visitor_registers_signs_in_and_out(visitor):
    visitor.get("/auth/register")
    assert visitor.post("/auth/register", **ADA).headers["Location"] == "/auth/login"

    assert visitor.signs_in("ada", "a long password").headers["Location"] == "/"
    assert "ada" in visitor.get("/").text

    assert visitor.post("/auth/logout").status_code == 302
    assert visitor.get("/").headers["Location"].startswith("/auth/login")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"username": "SUSAN"}, "Somebody else has that username."),
        ({"username": "a b"}, "Letters, digits"),
        ({"username": "<script>"}, "Letters, digits"),
        ({"username": "../x"}, "Letters, digits"),
        ({"email": "nowhere"}, "That is no email address."),
        ({"password": "short", "password2": "short"}, "Between 8 and 256"),
        ({"password2": "another password"}, "The passwords differ."),
    ],
)
def test_registration_says_beside_the_field_what_is_wrong(visitor, susan, wrong, sentence):
    visitor.get("/auth/register")

    response = visitor.post("/auth/register", **{**ADA, **wrong})

    assert response.status_code == 422 and sentence in response.text
    assert 'aria-invalid="true"' in response.text
    assert not accounts.is_name_taken("ada")


def test_only_a_demo_tells_its_accounts_at_the_door(app, visitor):
    assert "susan" not in visitor.get("/auth/login").text

    app.config["DEMO"] = True
    page = visitor.get("/auth/login").text

    assert all(f"<strong>{word}</strong>" in page for word in ("susan", "john", "david", "microblog"))


def test_wrong_password_and_unknown_name_sound_the_same(visitor, susan):
    wrong = visitor.signs_in("susan", "wrong password")
    unknown = visitor.signs_in("nobody", "wrong password")

    for response in (wrong, unknown):
        assert response.status_code == 422
        assert "do not belong together" in response.text


def test_suspended_member_is_signed_out_at_the_next_page(visitor, susan):
    visitor.signs_in("susan")
    assert visitor.get("/").status_code == 200

    susan.is_suspended = True
    db.session.commit()

    assert visitor.get("/").status_code == 302
    assert visitor.signs_in("susan").status_code == 403


def test_remembered_member_stays_when_the_browser_is_closed(visitor, susan):
    response = visitor.signs_in("susan", remember_me="y")
    remembered = next(cookie for cookie in response.headers.getlist("Set-Cookie") if "remember_token" in cookie)
    assert "HttpOnly" in remembered and "SameSite=Lax" in remembered and "Expires" in remembered

    visitor.client.delete_cookie("session")
    assert visitor.get("/").status_code == 200

    assert visitor.post("/auth/logout").headers["Location"] == "/auth/login"
    visitor.client.delete_cookie("session")
    assert visitor.get("/").status_code == 302


def test_member_not_remembered_goes_with_the_browser(visitor, susan):
    visitor.signs_in("susan")
    session = visitor.client.get_cookie("session")
    assert session.http_only and session.same_site == "Lax" and session.expires is None

    visitor.client.delete_cookie("session")

    assert visitor.get("/").status_code == 302


def test_new_epoch_ends_every_sign_in(visitor, susan):
    visitor.signs_in("susan", remember_me="y")

    susan.session_epoch += 1
    db.session.commit()

    assert visitor.get("/").status_code == 302


def test_visitor_comes_back_to_where_they_were_going(visitor, susan):
    way = visitor.get("/explore?at=").headers["Location"]
    assert way == "/auth/login?next=/explore?at%3D"

    assert visitor.signs_in("susan", path=way).headers["Location"] == "/explore?at="


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:x",
        "",
    ],
)
def test_sign_in_never_leads_to_another_site(app, susan, wanted):
    visitor = Visitor(app)

    response = visitor.client.post(
        "/auth/login", query_string={"next": wanted}, data={"username": "susan", "password": "microblog"}
    )

    assert response.headers["Location"] == "/"


def test_signed_out_program_is_told_in_json(visitor):
    response = visitor.get("/explore", headers=JSON)

    assert (response.status_code, response.mimetype) == (401, "application/problem+json")
    assert response.json["status"] == 401


def test_guessing_is_stopped_and_says_for_how_long(app, susan):
    visitor = Visitor(app)
    for _ in range(10):
        assert visitor.post("/auth/login", username="susan", password="wrong").status_code == 422

    response = visitor.post("/auth/login", username="susan", password="microblog")

    assert response.status_code == 429 and TOO_OFTEN in response.text
    assert 0 < int(response.headers["Retry-After"]) <= 300
    assert visitor.post("/auth/login", headers=JSON, username="SUSAN", password="x").json["detail"] == TOO_OFTEN


def test_who_is_here_is_not_found_out_by_registering_again_and_again(app, susan):
    visitor = Visitor(app)
    for _ in range(50):
        assert visitor.post("/auth/register", **{**ADA, "username": "susan"}).status_code == 422

    response = visitor.post("/auth/register", **ADA)

    assert response.status_code == 429 and TOO_MANY_REFUSED in response.text
    assert not accounts.is_name_taken("ada")


def test_others_still_sign_in_while_one_name_is_guessed_at(app, susan, john):
    visitor = Visitor(app)
    for _ in range(11):
        visitor.post("/auth/login", username="susan", password="wrong")

    assert visitor.post("/auth/login", username="john", password="microblog").status_code == 302


def test_signing_in_often_is_no_offence(app, susan):
    visitor = Visitor(app)

    for _ in range(15):
        assert visitor.post("/auth/login", username="susan", password="microblog").status_code == 302


def test_guessing_is_stopped_while_redis_is_away_and_it_is_left_alone(environment, susan, hanging_up, monkeypatch):
    environment["REDIS_URL"] = f"redis://127.0.0.1:{hanging_up.port}/0"
    config = Config(environment)
    config.WTF_CSRF_ENABLED = False
    client = create_app(config).test_client()
    begun = time.time()
    monkeypatch.setattr(flask_limiter._extension, "time", SimpleNamespace(time=lambda: begun))  # which tries again

    guesses = [client.post("/auth/login", data={"username": "susan", "password": "wrong"}) for _ in range(11)]

    assert [guess.status_code for guess in guesses] == [*[422] * 10, 429]
    assert 1 <= hanging_up.calls <= 6, "at the first of them, and not again within a second"


def test_password_is_kept_as_scrypt(visitor):
    visitor.get("/auth/register")
    visitor.post("/auth/register", **ADA)

    assert db.session.scalar(db.select(User.password_hash)).startswith("scrypt:")
