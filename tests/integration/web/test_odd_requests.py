"""Addresses, fields and headers that no link or form of ours makes: each is answered, and none with a fault of ours."""

import re

import pytest

from tests.belongings import Belongings
from tests.visitor import Visitor

HUGE = "9" * 30
ODD = ("", HUGE, f"-{HUGE}", "9223372036854775807", "%[//\u202e<x>'\"--\ud7ff\uffff" + "x" * 3000)
NAMES = (
    "at",
    "before",
    "after",
    "q",
    "state",
    "task",
    "since",
    "next",
    "refresh",
    "fault",
    "back",
    "kind",
    "page",
    "tag",
)
REFERRERS = ("http://[", "//", "http://localhost:x/", "x" * 3000, "http://localhost/runs/%00")


@pytest.fixture
def visitor(app, david):
    return Visitor(app).signed_in(david)


def rules_of(app, method):
    machines = ("static.", "bootstrap.", "health.")
    return [
        rule for rule in app.url_map.iter_rules() if method in rule.methods and not rule.endpoint.startswith(machines)
    ]


def test_odd_questions_are_answered(app, visitor, david):
    belongings, broken = Belongings(app, david), []

    for rule in rules_of(app, "GET"):
        address = belongings.address(rule)
        for odd in ODD:
            answer = visitor.get(address, query_string=dict.fromkeys(NAMES, odd), buffered=True)
            if answer.status_code >= 500:
                broken.append(f"{address} with {odd[:40]!r}: {answer.status}")

    assert not broken


def test_odd_ids_lead_nowhere(app, visitor):
    broken = []
    for rule in (rule for rule in app.url_map.iter_rules() if rule.arguments):
        method = "GET" if "GET" in rule.methods else "POST"
        for odd in (HUGE, "0", "9223372036854775808", "\u0661", "%00"):
            answer = visitor.send(method, re.sub("<[^>]*>", odd, rule.rule), buffered=True)
            if answer.status_code >= 500:
                broken.append(f"{method} {rule.rule} with {odd}: {answer.status}")

    assert not broken


def test_odd_fields_and_referrers_are_answered(app, visitor, david):
    belongings, broken = Belongings(app, david), []
    fields = (
        *NAMES,
        "body",
        "username",
        "email",
        "password",
        "about_me",
        "visibility",
        "number",
        "digest",
        "digest_hour",
    )

    for rule in rules_of(app, "POST"):
        for place, odd in enumerate(ODD):
            visitor.signed_in(david)
            headers = {"Referer": REFERRERS[place]}
            answer = visitor.send("POST", belongings.address(rule), data=dict.fromkeys(fields, odd), headers=headers)
            if answer.status_code >= 500:
                broken.append(f"{rule.rule} with {odd[:40]!r}: {answer.status}")

    assert not broken
