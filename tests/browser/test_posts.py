"""Writing, answering and deleting posts with a browser, on a narrow screen, in light and in dark."""

import re

import pytest
from playwright.sync_api import expect

from app.extensions import db
from app.services import posts
from tests.browser.conftest import sign_in
from tests.browser.soundness import assert_is_sound

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_conversation_from_the_first_letter_to_the_undo(app, browser, live_server, susan, john, look):
    first = posts.publish(john, "Who comes along to the #Kanal, @susan?")
    db.session.commit()
    # axe itself writes inline styles, which our pages forbid
    context = browser.new_context(
        base_url=live_server.url, bypass_csp=True, color_scheme=look, viewport={"width": 320, "height": 640}
    )
    sign_in(app, live_server, context, susan)
    page = context.new_page()
    page.goto(f"/posts/{first.id}")
    counter = page.locator("char-count")
    expect(counter).to_have_text("Up to 500 characters")

    page.get_by_role("textbox").fill("🇩🇪" * 501)
    expect(counter).to_have_text("1 character too many")
    expect(counter).to_have_attribute("aria-live", "polite")
    assert_is_sound(page, "too many characters")
    page.get_by_role("textbox").fill("I do 🚲")
    expect(counter).to_have_text("494 characters left")
    page.get_by_label("Who may see it").select_option("followers")
    page.get_by_role("button", name="Reply", exact=True).click()
    page.get_by_text("I do 🚲").wait_for()
    assert_is_sound(page, "a post with a reply")
    page.get_by_role("link", name="#Kanal").click()
    assert_is_sound(page, "a hashtag")
    page.goto(f"/posts/{first.id}/thread")
    assert_is_sound(page, "a conversation")

    page.clock.install()
    page.get_by_role("button", name=re.compile("^Delete")).click()
    page.get_by_text("Your post is deleted.").wait_for()
    page.get_by_role("button", name="Undo").click()  # at once: the server, too, gives it ten seconds
    page.get_by_text("Your post is back.").wait_for()
    page.get_by_role("button", name=re.compile("^Delete")).click()
    undo = page.get_by_role("button", name="Undo")
    undo.focus()
    assert_is_sound(page, "a deleted post")
    page.clock.fast_forward(11_000)
    expect(undo).to_have_count(0)
    expect(page.get_by_text("Your post is deleted.")).to_be_focused()
    context.close()


def test_on_a_phone_the_button_stands_beside_who_may_see_it(as_susan, john):
    post = posts.publish(john, "Who comes along?")
    db.session.commit()
    as_susan.set_viewport_size({"width": 320, "height": 640})
    foot = "[...document.querySelector('.composer__foot').children].slice(-2).map(one => one.getBoundingClientRect())"

    for path in ("/", f"/posts/{post.id}"):
        as_susan.goto(path)
        choice, button = as_susan.evaluate(foot)
        assert choice["right"] < button["left"]
        assert choice["top"] < button["bottom"] and button["top"] < choice["bottom"], "on one line"


def test_posts_are_liked_kept_and_deleted_without_javascript(app, browser, live_server, susan, john):
    posts.publish(susan, "Mine")
    first = posts.publish(john, "His")
    db.session.commit()
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    sign_in(app, live_server, context, susan)
    page = context.new_page()
    page.goto("/explore?at=")
    his = page.locator(f"#post-{first.id}")

    for name in ("Like", "Bookmark"):
        his.get_by_role("button", name=name).click()
        expect(his.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        assert "/explore" in page.url
    his.get_by_role("button", name="Like").press("Enter")
    expect(his.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name=re.compile("^Delete")).click()
    page.get_by_text("Your post is deleted.").wait_for()
    expect(page.get_by_text("Mine", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Mine", exact=True)).to_have_count(1)
    context.close()
