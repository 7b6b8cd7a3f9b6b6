from datetime import timedelta

import pytest

from app import clock
from app.extensions import db
from app.services import avatars
from tests.statements import statements
from tests.visitor import JSON, Visitor

CHANGES = [
    "/auth/login",
    "/auth/register",
    "/auth/logout",
    "/posts",
    "/posts/1/edit",
    "/posts/1/delete",
    "/user/john/follow",
    "/user/john/unfollow",
    "/profile/edit",
]


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


def test_every_page_forbids_inline_code_frames_and_sniffing(as_susan):
    for path in ("/", "/auth/login", "/nowhere", "/static/css/app.css"):
        headers = as_susan.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_pages_of_a_member_are_kept_by_nobody_else(as_susan):
    assert as_susan.get("/").headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("path", CHANGES)
def test_change_without_a_token_is_refused(app, as_susan, path):
    app.config["WTF_CSRF_ENABLED"] = True

    page, answer = as_susan.post(path), as_susan.post(path, headers=JSON)

    assert page.status_code == 403 and "out of date" in page.text
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")


@pytest.mark.parametrize("path", CHANGES)
def test_token_of_another_session_is_refused(app, as_susan, path):
    app.config["WTF_CSRF_ENABLED"] = True
    stranger = Visitor(app)
    stranger.get("/auth/login")

    as_susan.get("/")

    assert as_susan.post(path, csrf_token=stranger.token).status_code == 403


def test_no_route_both_reads_and_writes(app):
    readers = {"GET", "HEAD"}
    for rule in app.url_map.iter_rules():
        assert not (rule.methods & readers and rule.methods - readers - {"OPTIONS"}), rule


def test_home_takes_at_most_five_statements(as_susan, susan):
    susan.last_seen_at = clock.now()
    db.session.commit()
    db.session.remove()

    with statements() as seen:
        assert as_susan.get("/").status_code == 200

    assert len(seen) <= 5, seen


def test_visit_is_noted_once_in_five_minutes(as_susan, susan):
    as_susan.get("/")
    first = susan.last_seen_at
    assert first is not None

    as_susan.get("/explore")
    db.session.refresh(susan)
    assert susan.last_seen_at == first

    susan.last_seen_at = clock.now() - timedelta(minutes=6)
    db.session.commit()
    as_susan.get("/explore")
    db.session.refresh(susan)
    assert susan.last_seen_at >= first


@pytest.mark.parametrize(
    "path", ["/notifications", "/health", "/static/css/app.css", f"/avatars/{avatars.fingerprint('susan')}.svg"]
)
def test_what_the_browser_asks_by_itself_is_no_visit(as_susan, susan, path):
    response = as_susan.get(path)

    db.session.refresh(susan)
    assert response.status_code == 200 and susan.last_seen_at is None


def test_stranger_is_led_to_sign_in_from_every_reading_page(app):
    for path in ("/", "/index", "/explore", "/posts/new", "/posts/1", "/user/susan", "/profile/edit"):
        response = Visitor(app).get(path)
        assert response.status_code == 302 and response.headers["Location"].startswith("/auth/login?next=")


def test_a_nul_is_nothing_a_person_types(client):
    assert client.get("/user/%00").status_code == 400
    assert client.get("/explore?after=a%00b").status_code == 400
    assert client.post("/auth/login", data={"username": "a\0b", "password": "x"}).status_code == 400
