"""What a page says elsewhere of the runs that it shows changes with them."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Pace, card, start
from tests.processes import Workers


def test_what_is_left_is_counted_with_each_start(as_susan: Page) -> None:
    page = as_susan

    start(page, "export_posts")

    expect(page.locator("#allowance")).to_contain_text("1 of at most 200 wait or run now")
    expect(page.locator("#quota-export_posts")).to_have_text("10 an hour, 9 left")
    card(page).get_by_role("button", name="Cancel").click()
    expect(page.locator("#allowance")).to_contain_text("0 of at most 200")


def test_a_run_that_waits_for_the_members_others_says_so_only_while_it_does(
    as_susan: Page, workers: Workers, pace: Pace
) -> None:
    page = as_susan
    workers.ours()
    page.goto("/tasks")
    for count, task in enumerate(("paced", "example_long_task", "export_posts"), 1):
        page.click(f'form[data-task="{task}"] button')
        expect(card(page)).to_have_count(count)
    held = card(page).filter(has_text="Export posts")
    expect(held).to_contain_text("Waits for your other runs")

    card(page).filter(has_text="Example long task").get_by_role("button", name="Cancel").click()

    expect(held).to_contain_text("You are next.")
