"""Every route × method × person, with real requests: each is answered as tests/authorization.py says, and nobody who is
refused, or only reads, changes anything or sees what is private to somebody else."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import clock
from app.extensions import db
from app.models import User
from app.services import accounts
from tests.authorization import FORBIDDEN, HOME, IN, LOGIN, NOT_FOUND, PEOPLE, ROUTES, SIGNED_OUT
from tests.belongings import SECRET, Belongings
from tests.statements import statements
from tests.visitor import JSON, Visitor

CONVERTER = re.compile(r"<[^>]*?(\w+)>")
REFUSALS = (LOGIN, SIGNED_OUT, FORBIDDEN, NOT_FOUND)
READING = re.compile(r"\s*(SELECT|PRAGMA|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|WITH)\b", re.IGNORECASE)


@pytest.fixture
def people(susan, john, mary, david) -> dict[str, User]:
    """Who signs in as what; mary and susan have nothing to do with each other."""
    john.role = "moderator"
    for member in (susan, john, mary, david):
        member.last_seen_at = clock.now()  # no visit is due, which would be written down
    db.session.commit()
    return {"member": mary, "owner": susan, "moderator": john, "admin": david, "suspended": susan}


def routes(app: Flask):
    """(line of the table, rule, method) of everything the site answers; HEAD is a GET whose answer is cut off."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = CONVERTER.sub(r"<\1>", rule.rule)
            yield f"{method} {path}", rule, method


def test_every_route_has_its_line_and_every_line_its_route(app):
    there = {line for line, _, _ in routes(app)}
    unknown, gone = sorted(there - ROUTES.keys()), sorted(ROUTES.keys() - there)

    assert not unknown, f"who may do that? Say it in tests/authorization.py: {unknown}"
    assert not gone, f"tests/authorization.py knows routes that are gone: {gone}"


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_is_answered_as_the_table_says(app, people, susan, who):
    belongings, wrong = Belongings(app, susan), []
    if who == "suspended":
        accounts.suspend(susan)
        db.session.commit()

    for line, rule, method in routes(app):
        expected = getattr(ROUTES[line], who)
        for headers in (None, JSON) if expected in REFUSALS else (None,):
            address = belongings.address(rule)
            visitor = Visitor(app)
            if who in people:  # also the suspended, with a cookie that would be good
                visitor.signed_in(people[who])
            with statements() as seen:
                answer = visitor.send(method, address, headers=headers, buffered=True)
            told = f"{method} {address}: {outcome(answer)} ({answer.status})"
            if outcome(answer) != expected:
                wrong.append(f"{told}, expected: {expected}")
            if (method != "POST" or expected in REFUSALS) and any(not READING.match(statement) for statement in seen):
                wrong.append(f"{told} and changed something")
            if expected in REFUSALS and who != "owner" and SECRET in answer.text.replace(address, ""):
                wrong.append(f"{told} and told what is private")

    assert not wrong, "\n".join(wrong)


def outcome(answer: TestResponse) -> str:
    """In the table's words."""
    if answer.status_code == 302:
        path = answer.location.partition("?")[0]
        return {"/auth/login": LOGIN, "/": HOME}.get(path, IN)
    if answer.status_code == 401:
        return LOGIN if "problem" in answer.mimetype else SIGNED_OUT
    if answer.status_code in (403, 404, 410) or answer.status_code >= 500:
        return str(answer.status_code)
    return IN
