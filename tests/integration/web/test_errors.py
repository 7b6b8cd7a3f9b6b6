import logging
import re

import pytest
from sqlalchemy.exc import OperationalError

from app import create_app, errors
from app.services import posts, timeline
from config import Config
from tests.visitor import JSON, Visitor


@pytest.fixture
def as_susan(app, susan):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return Visitor(app).signed_in(susan)


def fail_with(monkeypatch, error):
    def explore(*_):
        raise error

    monkeypatch.setattr(timeline, "explore", explore)


def test_missing_page_is_told_as_asked(as_susan):
    page, answer = as_susan.get("/nowhere"), as_susan.get("/nowhere", headers=JSON)

    assert page.status_code == 404 and page.mimetype == "text/html" and "Not Found" in page.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 404 and answer.json["title"] == "Not Found" and answer.json["detail"]


@pytest.mark.parametrize("accept", ["text/html,*/*;q=0.8", "*/*", "text/html, application/json;q=0.9"])
def test_browsers_get_pages(as_susan, accept):
    assert as_susan.get("/nowhere", headers={"Accept": accept}).mimetype == "text/html"


def test_wrong_method_says_which_are_right(as_susan):
    response = as_susan.get("/auth/logout")

    assert response.status_code == 405 and "POST" in response.headers["Allow"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Invalid("A sentence."), 422),
        (errors.NotAllowed("A sentence."), 403),
        (errors.NotFound("A sentence."), 404),
        (errors.Conflict("A sentence."), 409),
        (errors.TooMany("A sentence.", 17), 429),
    ],
)
def test_the_products_refusals_keep_their_sentence(as_susan, monkeypatch, error, status):
    fail_with(monkeypatch, error)

    page, answer = as_susan.get("/explore"), as_susan.get("/explore", headers=JSON)

    assert page.status_code == status and "A sentence." in page.text
    assert answer.status_code == status and answer.json["detail"] == "A sentence."
    assert page.headers.get("Retry-After") == ("17" if status == 429 else None)


def test_fault_of_ours_has_a_reference_that_the_log_knows(as_susan, monkeypatch, caplog):
    fail_with(monkeypatch, ZeroDivisionError("secret detail"))

    with caplog.at_level(logging.ERROR):
        page, answer = as_susan.get("/explore"), as_susan.get("/explore", headers=JSON)

    reference = re.search(r"<code>([0-9a-f]{8})</code>", page.text)[1]
    assert page.status_code == answer.status_code == 500
    assert "secret detail" not in page.text + answer.text
    assert f"Error {reference} at GET /explore" in caplog.text and "ZeroDivisionError" in caplog.text


def test_page_is_told_even_without_a_database(environment):
    environment["DATABASE_URL"] = "sqlite:////nowhere/at/all.db"
    client = create_app(Config(environment)).test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "1.0"

    response = client.get("/")

    assert response.status_code == 503 and "database was away" in response.text


def cut(monkeypatch, times):
    """The connection of the next `times` looks at explore is cut."""
    explore, left = timeline.explore, [None] * times

    def cut_off(*arguments):
        if left:
            left.pop()
            raise OperationalError("SELECT 1", {}, Exception("terminated"), connection_invalidated=True)
        return explore(*arguments)

    monkeypatch.setattr(timeline, "explore", cut_off)


def test_page_whose_connection_is_cut_is_made_once_more(as_susan, monkeypatch):
    cut(monkeypatch, 1)

    page = as_susan.get("/explore")

    assert page.status_code == 200 and "susan" in page.text
    assert len(page.headers.getlist("Content-Security-Policy")) == 1


def test_database_that_stays_away_is_told_and_not_asked_for_ever(as_susan, monkeypatch):
    cut(monkeypatch, 4)

    page, answer = as_susan.get("/explore"), as_susan.get("/explore", headers=JSON)

    assert page.status_code == answer.status_code == 503
    assert page.headers["Retry-After"] == answer.headers["Retry-After"] == "5"
    assert "look, then try again" in page.text and "look, then try again" in answer.json["detail"]


def test_change_whose_connection_is_cut_is_not_made_twice(app, as_susan, monkeypatch):
    asked = []

    def cut_off(*arguments, **named):
        asked.append(arguments)
        raise OperationalError("INSERT", {}, Exception("terminated"), connection_invalidated=True)

    monkeypatch.setattr(posts, "publish", cut_off)

    assert as_susan.post("/posts", body="hello").status_code == 503
    assert len(asked) == 1


def test_form_that_is_too_big_is_refused(as_susan):
    assert as_susan.post("/posts", body="x" * 17_000_000).status_code == 413
