"""Who somebody is, beside their name: for a mouse and for the keyboard, and gone when it is not wanted."""

import pytest
from playwright.sync_api import expect

from app.extensions import db
from app.services import partings, posts
from tests.browser.conftest import sign_in
from tests.browser.soundness import assert_is_sound

pytestmark = pytest.mark.browser
OPEN = "member-popover:popover-open"


@pytest.fixture
def post(john):
    john.about_me = "I fix kettles."
    post = posts.publish(john, "Mended another one")
    db.session.commit()
    return post


def test_mouse_opens_it_and_leaving_closes_it(as_susan, post):
    as_susan.goto("/explore")
    before = as_susan.locator(".post").first.bounding_box()

    as_susan.hover(".post__author")
    expect(as_susan.locator(OPEN)).to_contain_text("I fix kettles.")
    assert as_susan.locator(".post").first.bounding_box() == before, "nothing moves"
    as_susan.hover(f"{OPEN} .about-member__text")
    as_susan.wait_for_timeout(500)  # longer than it takes to close: it stays while the mouse is on it
    expect(as_susan.locator(OPEN)).to_be_visible()
    as_susan.mouse.move(5, 600)
    expect(as_susan.locator("member-popover")).to_have_count(0)

    as_susan.hover(".post .face")
    expect(as_susan.locator(OPEN)).to_be_visible()


def test_keyboard_opens_it_goes_into_it_and_escape_closes_it(app, browser, live_server, susan, post):
    context = browser.new_context(base_url=live_server.url, bypass_csp=True)  # axe writes inline styles
    sign_in(app, live_server, context, susan)
    page = context.new_page()
    page.goto("/explore")
    name = page.locator(".post__author")
    page.keyboard.press("Tab")
    while not name.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Tab")

    expect(page.locator(OPEN)).to_be_visible()
    expect(name).to_have_attribute("aria-expanded", "true")
    expect(name).to_have_attribute("aria-controls", "member-popover")
    assert_is_sound(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('member-popover') !== null")
    page.keyboard.press("Escape")
    expect(page.locator("member-popover")).to_have_count(0)
    expect(name).to_be_focused()
    assert name.get_attribute("aria-expanded") is None
    page.wait_for_timeout(600)  # longer than it takes to open: Escape meant it
    expect(page.locator("member-popover")).to_have_count(0)
    context.close()


def test_following_from_it_comes_back_to_the_list(as_susan, post):
    as_susan.goto("/explore?q=1")
    as_susan.hover(".post__author")
    as_susan.click(f"{OPEN} button")

    as_susan.wait_for_url("**/explore?q=1")
    expect(as_susan.locator(".flash")).to_contain_text("no longer follow john")


def test_nothing_opens_for_a_finger_or_for_whom_a_block_keeps_apart(
    app, browser, live_server, as_susan, susan, john, post
):
    as_susan.goto("/explore")
    partings.block(john, susan)
    db.session.commit()
    with as_susan.expect_response("**/user/john/popover") as answer:
        as_susan.hover(".post__author")
    assert answer.value.status == 404
    as_susan.wait_for_timeout(300)
    expect(as_susan.locator("member-popover")).to_have_count(0)

    context = browser.new_context(base_url=live_server.url, has_touch=True, is_mobile=True)
    sign_in(app, live_server, context, john)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: request.url.endswith("/popover") and asked.append(request.url))
    page.goto("/explore")
    page.touchscreen.tap(*(page.locator(".post__body").first.bounding_box()[side] + 5 for side in ("x", "y")))
    page.tap(".post__author")
    page.wait_for_url("**/user/john")
    assert asked == []
    page.goto("about:blank")  # a context whose page is still loading was seen not to close
    context.close()
