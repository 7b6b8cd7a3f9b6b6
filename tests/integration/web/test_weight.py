"""What a page has the browser fetch: little, all of it from here, and kept for ever by its fingerprint."""

from dataclasses import dataclass

import pytest

from app.extensions import db
from app.services import posts
from tests.markup import fetched_by
from tests.visitor import Visitor

SITE = "http://localhost"
MOST_BYTES = 100 * 1024
CODE = ("text/css", "text/javascript", "application/javascript")


@dataclass(frozen=True)
class Fetched:
    address: str
    mimetype: str
    bytes_sent: int  # as they go over the wire, with the headers
    cache: str
    text: str


class Browser:
    """Follows what pages, stylesheets and modules name, as far as it goes; each address once."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.known: dict[str, Fetched] = {}

    def fetch(self, address: str) -> Fetched:
        if address not in self.known:
            answer = self.visitor.get(address.removeprefix(SITE), headers={"Accept-Encoding": "gzip, br"})
            assert answer.status_code == 200, address
            head = len(str(answer.headers).encode())
            plain = self.visitor.get(address.removeprefix(SITE)).text if answer.mimetype.startswith(CODE) else ""
            cache = answer.headers["Cache-Control"]
            self.known[address] = Fetched(address, answer.mimetype, head + len(answer.data), cache, plain)
        return self.known[address]

    def everything_of(self, path: str) -> list[Fetched]:
        """All that the page at `path` brings with it; empty if that is no page."""
        answer = self.visitor.get(path)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            return []
        found: dict[str, Fetched] = {}
        waiting = fetched_by(SITE + path, "text/html", answer.text)
        while waiting:
            address = waiting.pop()
            assert address.startswith(f"{SITE}/"), f"{path} fetches {address} from outside"
            if address not in found:
                found[address] = self.fetch(address)
                waiting += fetched_by(address, found[address].mimetype, found[address].text)
        return list(found.values())


@pytest.fixture
def visitor(app):
    return Visitor(app)


@pytest.fixture
def pages(app, visitor, susan, david):
    """{path: what comes with it} of every page that needs no id, and of a few that do."""
    post = posts.publish(david, "Words")
    posts.publish(susan, "More words")
    db.session.commit()
    rules = [rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]
    of_strangers = [rule for rule in rules if rule.startswith("/auth/")]
    browser = Browser(visitor)
    loaded = {path: browser.everything_of(path) for path in of_strangers}
    visitor.signed_in(david)
    for path in [*rules, f"/posts/{post.id}", "/user/susan", "/search?q=words"]:
        if path not in loaded:
            loaded[path] = browser.everything_of(path)
    found = {path: parts for path, parts in loaded.items() if parts}
    assert len(found) >= 15, sorted(found)
    return found


def test_no_page_brings_more_code_than_a_hundred_kilobytes(pages):
    weights = {path: sum(part.bytes_sent for part in parts if part.mimetype in CODE) for path, parts in pages.items()}
    heaviest = max(weights, key=weights.__getitem__)

    assert weights["/"] > 10_000, "the stylesheets and modules were followed"
    assert weights[heaviest] <= MOST_BYTES, heaviest


def test_what_comes_with_a_page_is_kept_for_ever(app, pages):
    parts = {part.address: part for of_page in pages.values() for part in of_page}
    fingerprint = app.extensions["assets"].fingerprint

    for address, part in parts.items():
        assert "max-age=31536000" in part.cache and "immutable" in part.cache, address
        if part.mimetype in CODE:
            assert address.startswith(f"{SITE}/static/{fingerprint}/"), address


def test_no_page_lets_anything_come_from_outside(visitor, pages):
    for path in pages:
        policy = visitor.get(path).headers["Content-Security-Policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        allowed = {source for sources in rules.values() for source in sources.split()}

        assert rules["default-src"] in ("'self'", "'none'"), path
        assert allowed <= {"'self'", "'none'", "data:"}, path
