"""Every route of the map: what changes something is refused without the page's token, whoever asks."""

import pytest
from werkzeug.routing import IntegerConverter, Rule

from tests.visitor import JSON, Visitor

READING = {"GET", "HEAD", "OPTIONS"}
# RFC 8058: a mail program presses the button, with the signed link in the address as its only proof
ITS_OWN_PROOF = {"letters.unsubscribe"}


@pytest.fixture
def as_david(app, david) -> Visitor:
    """An admin, so that nothing but the missing token stands in the way."""
    app.config["WTF_CSRF_ENABLED"] = True
    return Visitor(app).signed_in(david)


def changes(app) -> list[tuple[str, str]]:
    """(method, address) of every route that does more than read."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in ITS_OWN_PROOF]
    return [(method, address_of(app, rule)) for rule in rules for method in sorted(rule.methods - READING)]


def address_of(app, rule: Rule) -> str:
    """An address that leads to the rule; what it names need not exist."""
    values = {name: 1 if isinstance(rule._converters[name], IntegerConverter) else "x" for name in rule.arguments}
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods - READING)))


def test_nothing_is_changed_without_a_token(app, as_david):
    found = changes(app)
    assert len(found) >= 20

    for method, address in found:
        page, answer = (as_david.send(method, address, headers=headers) for headers in (None, JSON))

        if address.startswith("/api/"):  # a program's token signs in there, never a browser's cookie
            assert (page.status_code, answer.status_code) == (401, 401), address
        else:
            assert (page.status_code, page.mimetype) == (403, "text/html"), address
            assert (answer.status_code, answer.mimetype) == (403, "application/problem+json"), address
            assert "out of date" in page.text and "out of date" in answer.json["detail"], address
