"""What a page says elsewhere of the runs that it shows changes with them."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import card, start


def test_what_is_left_is_counted_with_each_start(as_susan: Page) -> None:
    page = as_susan

    start(page, "export_posts")

    expect(page.locator("#allowance")).to_contain_text("1 of at most 200 wait or run now")
    expect(page.locator("#quota-export_posts")).to_have_text("10 an hour, 9 left")
    card(page).get_by_role("button", name="Cancel").click()
    expect(page.locator("#allowance")).to_contain_text("0 of at most 200")
