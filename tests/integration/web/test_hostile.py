"""Members who write to do harm: wherever a page, letter, feed or file shows what they wrote, it is text and no more."""

import io
from datetime import timedelta

import pytest

from app import clock
from app.engine import outbox
from app.extensions import db
from app.models import Letter
from app.services import digests, follows, letter_choices, texts
from app.services.imports import uploads
from tests.archives import as_json
from tests.crawl import crawl
from tests.engine_fixtures import start
from tests.hostile import TEXTS, harm_in
from tests.markup import Markup
from tests.visitor import Visitor


@pytest.fixture
def world(app, susan, john, mary, david, worker):
    """Susan has written hostile texts wherever she could, through the forms; who follows her has had letters."""
    visitor = Visitor(app).signed_in(susan)
    follows.follow(david, susan)
    for member, name in ((susan, "markup"), (john, "quotes"), (mary, "direction")):
        said = dict.fromkeys(("name", "about_me", "place"), TEXTS[name])
        profile = {"username": member.username, "link": "https://example.com/'onevil='1", **said}
        assert Visitor(app).signed_in(member).post("/profile/edit", **profile).status_code == 303
    for text in list(TEXTS.values())[: uploads.KEPT]:
        posts = {"body": text, "timestamp": "2021-05-01T10:00:00Z"}, {"body": text}
        uploads.receive(susan, io.BytesIO(as_json(*posts)), text)
    for number, text in enumerate(TEXTS.values(), start=1):
        assert visitor.post("/posts", body=text).status_code == 303
        assert visitor.post("/messages/mary", body=text).status_code == 303
        assert visitor.post("/posts/1/reply", body=text).status_code == 303
        start("repeats", by=susan, words=text)
        if number % (digests.SHOWN_POSTS // 2) == 0 or number == len(TEXTS):
            letter_choices.choose(david, "daily", 8, "UTC", True).digest_at = clock.now() - timedelta(minutes=5)
            outbox.request("send_digests", by=None)
            worker.work()


def test_hostile_words_stay_words_wherever_they_are_shown(app, cast, world):
    searches = [f"/search?q={question}" for question in ("evil", "%3Cx-evil%3E", "%22onevil%3D%221")]
    harm, broken, read = [], [], ""

    for name in ("susan", "mary", "david"):
        for address, answer in crawl(app, Visitor(app).signed_in(cast[name]), searches).items():
            harm += [(name, address, one) for one in harm_in(answer.mimetype, answer.text)]
            broken += [(name, address, answer.status)] * (answer.status_code >= 500)
            read += Markup(answer.text).text if answer.mimetype == "text/html" and name != "susan" else ""

    assert not harm, harm
    assert not broken, broken
    assert not [name for name, text in TEXTS.items() if texts.clean(text) not in read], (
        "others read it as it was written"
    )
    assert_letters_hold_text_alone()


def assert_letters_hold_text_alone():
    letters = db.session.scalars(db.select(Letter)).all()
    told = "".join(Markup(letter.html or "").text for letter in letters)
    assert not [name for name, text in TEXTS.items() if texts.clean(text) not in told]

    for letter in letters:
        assert not harm_in("text/html", letter.html or ""), letter.kind
        assert "\n" not in letter.subject and not [name for name in letter.headers if "evil" in name.lower()]
