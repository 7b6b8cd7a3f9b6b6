"""All that a person can reach by links: from every page whose address needs nothing filled in, onwards."""

from collections.abc import Iterable
from urllib.parse import urldefrag, urljoin, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from tests.markup import Markup
from tests.visitor import Visitor

SITE = "http://localhost"
MOST_PAGES = 300
FILES = ("/static/", "/avatars/", "/bootstrap/")


def crawl(app: Flask, visitor: Visitor, more: Iterable[str] = ()) -> dict[str, TestResponse]:
    """{address: answer}, without files; `more` addresses to begin with. What only leads elsewhere is left out."""
    found: dict[str, TestResponse] = {}
    waiting = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    waiting += more
    while waiting and len(found) < MOST_PAGES:
        address = waiting.pop(0)
        if address in found or address.startswith(FILES):
            continue
        answer = found[address] = visitor.get(address, buffered=True)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            links = [element.attributes.get("href", "") for element in Markup(answer.text).elements]
            whole = [urldefrag(urljoin(SITE + address, link)).url for link in links if link]
            waiting += [link.removeprefix(SITE) for link in whole if urlsplit(link).netloc == "localhost"]
    return {address: answer for address, answer in found.items() if not 300 <= answer.status_code < 400}
