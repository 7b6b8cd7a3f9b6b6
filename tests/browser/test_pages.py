"""Every page of the site that has an address of its own: on a phone and on a desk, in light and in dark."""

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Letter
from app.models.block import MUTE
from app.models.mark import LIKE
from app.services import blocks, follows, letters, marks, messages, posts
from tests.browser.conftest import sign_in
from tests.browser.soundness import assert_is_sound

pytestmark = pytest.mark.browser
LONG = "Fünfhundert-Zeichen-in-einem-Wort-" * 12


def addresses(app):
    """What can be opened without knowing an id: the pages, as the routes name them."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]
    return sorted(rule.rule for rule in rules if not rule.rule.startswith(("/health", "/metrics", "/api")))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("look", "widths"), [("light", (320, 768)), ("dark", (320, 768, 1280))])
def test_every_page_is_sound(app, browser, live_server, david, john, mary, look, widths):
    """Each is opened once in a look, and looked at in every width."""
    david.about_me, david.name, david.place = "w" * 140, "W" * 50, "w" * 50
    david.link = "https://example.com/" + "w" * 180
    follows.follow(john, david)
    blocks.put(david, mary, MUTE)
    own = posts.publish(david, LONG)
    posts.publish(john, f"#garden {LONG}", reply_to=own)
    posts.publish(john, "a " + "https://example.com/" + "x" * 200)
    marks.put(john, own, LIKE)
    for one, other in ((john, david), (david, john)):
        messages.send(one, other, LONG)
    letters.post(
        [letters.draft("trial", david, "long") | {"subject": LONG[:250], "address": f"{'w' * 200}@example.com"}]
    )
    db.session.commit()
    # axe itself writes inline styles, which our pages forbid
    context = browser.new_context(base_url=live_server.url, bypass_csp=True, color_scheme=look)
    sign_in(app, live_server, context, david)
    page = context.new_page()
    seen = 0
    people = [f"/user/{name}" for name in ("david", "john", "mary", "david/followers", "john/following", "john/block")]
    talk = [f"/posts/{own.id}", f"/posts/{own.id}/edit", f"/posts/{own.id}/thread", "/tag/garden", "/messages/john"]
    sent = [f"/admin/outbox/{db.session.scalar(select(Letter.id))}", "/admin/letters/digest?language=de"]
    for path in [*addresses(app), *people, *talk, *sent, "/search?q=david", "/search?q=zebra"]:
        page.set_viewport_size({"width": widths[0], "height": 700})
        answer = page.goto(path)
        if answer is None or "text/html" not in (answer.header_value("content-type") or ""):
            continue
        assert answer.status == 200, path
        for width in widths:
            page.set_viewport_size({"width": width, "height": 700})
            assert_is_sound(page, f"{path} at {width}")
        seen += 1
    context.close()
    assert seen >= 20
