"""The bar, from the click to the outcome, in a real Chromium with a real worker."""

import re
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Request, Route, expect

from app import clock, models
from app.extensions import db
from tests import engine_fixtures
from tests.browser.conftest import Pace, card, percent, sign_in, start, wait_until, write_posts
from tests.processes import LiveServer, Workers

AN_HOUR_MS = "3600000"


def test_an_export_is_started_watched_to_its_end_and_downloaded(
    as_susan: Page, susan: models.User, workers: Workers
) -> None:
    page = as_susan
    write_posts(susan, 3000)
    workers.ours()

    start(page, "export_posts")

    assert page.url.endswith("/tasks"), "the bar appears without leaving the page"
    expect(page.locator("#history [data-row]")).to_have_count(1)
    expect(card(page, "succeeded")).to_be_visible()
    expect(card(page).locator("progress")).to_have_attribute("value", "100")
    with page.expect_download() as download:
        card(page).get_by_role("link", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert "Post number 2999" in archive.read("posts.txt").decode()


@pytest.fixture
def brisk(environment: dict[str, str]) -> None:
    """Asked for first: polls ten times as often, to see more of what happens."""
    environment["POLL_ACTIVE_MS"] = "100"


def test_the_bar_never_falls_and_ends_at_a_hundred(brisk: None, as_susan: Page, workers: Workers, pace: Pace) -> None:
    page = as_susan
    page.add_init_script(
        """window.seen = []
        const look = () => {
          const bar = document.querySelector("[data-run] progress")
          if (bar?.hasAttribute("value") && window.seen.at(-1) !== bar.value) window.seen.push(bar.value)
        }
        new MutationObserver(look).observe(document, {attributes: true, childList: true, subtree: true})"""
    )
    workers.ours()

    start(page, "paced")
    for steps in (2, 3, 7, 10):
        pace.let(steps)
        wait_until(page, lambda steps=steps: page.evaluate("window.seen.at(-1)") == steps * 10)
    expect(card(page, "succeeded")).to_be_visible()

    seen = page.evaluate("window.seen")
    assert seen == sorted(seen)
    assert {20, 30, 70, 100} <= set(seen)


def test_the_bar_survives_reload_and_navigation(as_susan: Page, workers: Workers, pace: Pace) -> None:
    page = as_susan
    workers.ours()
    start(page, "paced")
    pace.let(3)
    expect(card(page).locator("[data-percent]")).to_have_text("30%")

    page.reload()
    assert percent(page) == 30
    page.goto("/")
    assert percent(page) == 30

    pace.let(10)
    expect(card(page, "succeeded")).to_be_visible()


def test_an_outcome_stays_until_it_is_dismissed(as_susan: Page, workers: Workers) -> None:
    page = as_susan
    workers.ours()
    start(page, "export_posts")
    expect(card(page, "succeeded")).to_be_visible()

    page.goto("/explore")
    expect(card(page, "succeeded")).to_be_visible()
    card(page).get_by_role("button", name="Dismiss").click()

    expect(card(page)).to_have_count(0)
    page.reload()
    expect(card(page)).to_have_count(0)


def test_cancel_stops_it_and_it_can_be_run_again(as_susan: Page, workers: Workers, pace: Pace) -> None:
    page = as_susan
    workers.ours()
    start(page, "paced")
    expect(card(page, "running")).to_be_visible()

    card(page).get_by_role("button", name="Cancel").click()

    expect(card(page, "cancelled")).to_be_visible()
    assert (percent(page) or 0) < 100
    card(page).get_by_role("button", name="Run again").click()
    expect(card(page, "running")).to_be_visible()
    expect(card(page)).to_have_count(1)


def test_a_failure_looks_like_one_and_can_be_tried_again(
    as_susan: Page, susan: models.User, workers: Workers, environment: dict[str, str]
) -> None:
    page = as_susan
    write_posts(susan, 10)
    start(page, "export_posts")
    _give_no_more_attempts()
    broken = workers.ours(STORAGE_URL="file:/dev/null/nowhere")

    failed = card(page, "failed")
    expect(failed).to_be_visible()
    expect(failed.locator("[data-text]")).to_contain_text("reference")
    expect(failed.locator("[data-text]")).not_to_contain_text("Traceback")
    expect(failed).to_contain_text("Failed")
    assert (percent(page) or 0) < 100

    broken.stop()
    workers.ours()
    failed.get_by_role("button", name="Try again").click()
    expect(card(page, "succeeded")).to_be_visible()


def test_what_failed_in_part_is_listed_and_retried_alone(as_susan: Page, susan: models.User, workers: Workers) -> None:
    page = as_susan
    write_posts(susan, 8)
    bad = db.session.scalars(db.select(models.Post).limit(1)).one()
    bad.body = "bad"
    db.session.commit()
    workers.ours()
    start(page, "picky")

    partial = card(page, "partial")
    expect(partial).to_be_visible()
    expect(partial.locator("[data-text]")).to_contain_text("1 failed")
    assert percent(page) != 100
    with page.expect_download() as download:
        partial.get_by_role("link", name="Failures (CSV)").click()
    assert "This post is bad." in download.value.path().read_text()

    db.session.refresh(bad)
    bad.body = "good"
    db.session.commit()
    partial.get_by_role("button", name="Retry failed only").click()
    expect(card(page, "succeeded")).to_be_visible()
    expect(card(page)).to_have_count(1)


def test_without_a_worker_it_says_so_and_names_the_command(as_susan: Page, workers: Workers, pace: Pace) -> None:
    page = as_susan
    start(page, "paced")

    expect(card(page, "queued")).to_contain_text("Waiting: no worker is running")
    expect(card(page)).to_contain_text("rq worker microblog-tasks")

    workers.stock()
    expect(card(page, "running")).to_be_visible()
    expect(card(page)).not_to_contain_text("no worker is running")


def test_everything_works_without_javascript(
    app: Flask, browser: Browser, live_server: LiveServer, susan: models.User, workers: Workers, pace: Pace
) -> None:
    workers.ours()
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    sign_in(app, live_server, context, susan)
    page = context.new_page()

    page.goto("/tasks")
    page.click('form[data-task="paced"] button')
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]+$"))
    page.get_by_role("link", name="look every 10 seconds").click()
    assert page.locator('meta[http-equiv="refresh"]').get_attribute("content") == "10"

    page.get_by_role("button", name="Cancel").click()
    engine_fixtures.wait_for(page.url.partition("?")[0].rpartition("/")[2], lambda run: run.state == "cancelled")
    page.goto(page.url.partition("?")[0])
    expect(card(page, "cancelled")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)
    context.close()


def test_two_members_never_see_each_others_runs(
    app: Flask,
    as_susan: Page,
    browser: Browser,
    live_server: LiveServer,
    john: models.User,
    workers: Workers,
    pace: Pace,
) -> None:
    workers.ours()
    start(as_susan, "paced")
    run_id = card(as_susan).get_attribute("data-run")
    context = browser.new_context(base_url=live_server.url)
    sign_in(app, live_server, context, john)
    other = context.new_page()

    with other.expect_response("**/notifications?since=*") as poll:
        other.goto("/tasks")
    assert poll.value.json()["notifications"] == []
    assert card(other).count() == 0
    for path in (f"/runs/{run_id}", f"/runs/{run_id}/card", f"/runs/{run_id}/files/posts.zip"):
        answer = other.goto(path)
        assert answer is not None and answer.status == 404

    start(other, "paced")
    assert card(other).get_attribute("data-run") != run_id
    expect(card(as_susan)).to_have_count(1)
    context.close()


@pytest.fixture
def no_idle_polls(environment: dict[str, str]) -> None:
    """Asked for first: a page that knows of nothing active does not find anything out by itself."""
    environment["POLL_IDLE_MS"] = AN_HOUR_MS


def test_a_run_started_in_another_tab_appears_here(
    no_idle_polls: None, context: BrowserContext, as_susan: Page, workers: Workers, pace: Pace
) -> None:
    workers.ours()
    as_susan.goto("/explore")
    other = context.new_page()

    start(other, "paced")

    expect(card(as_susan, "running")).to_be_visible()


def test_a_card_that_comes_late_does_not_hide_the_outcome(
    no_idle_polls: None, as_susan: Page, susan: models.User, workers: Workers, pace: Pace
) -> None:
    page = as_susan
    engine_fixtures.start("paced", susan)
    page.goto("/explore")
    late = _hold_the_first(page, "**/runs/*/card")
    workers.ours()
    wait_until(page, lambda: late)
    pace.let(10)
    expect(card(page).locator("progress")).to_have_attribute("value", "100")

    _deliver(late)

    expect(card(page, "succeeded")).to_be_visible()


def test_a_history_that_comes_late_does_not_hide_the_outcome(
    as_susan: Page, susan: models.User, workers: Workers, pace: Pace
) -> None:
    page = as_susan
    row = page.locator("#history [data-row]")
    engine_fixtures.start("paced", susan)
    page.goto("/tasks")
    late = _hold_the_first(page, "**/tasks")
    workers.ours()
    wait_until(page, lambda: late)
    pace.let(10)
    expect(row).to_have_attribute("data-state", "succeeded")

    with page.expect_event("requestfinished", lambda request: request == late[0][0].request):
        _deliver(late)

    page.wait_for_timeout(300)  # to be drawn, if it were
    expect(row).to_have_attribute("data-state", "succeeded")


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_a_card_that_appears_moves_nothing_else(
    context: BrowserContext, as_susan: Page, susan: models.User, width: int
) -> None:
    shown = "[...document.querySelectorAll('.bar *, main *, .card-of *')]"
    boxes = f"{shown}.map(one => one.getBoundingClientRect().toJSON())"
    write_posts(susan, 5)
    as_susan.set_viewport_size({"width": width, "height": 700})
    as_susan.goto("/")
    before = as_susan.evaluate(boxes)

    start(context.new_page(), "example_long_task")
    expect(card(as_susan)).to_be_visible()

    assert len(before) > 50 and as_susan.evaluate(boxes) == before


def test_only_one_active_run_whoever_clicks_how_often(context: BrowserContext, as_susan: Page) -> None:
    other = context.new_page()
    for page in (as_susan, other):
        page.goto("/tasks")
    for page in (as_susan, other, as_susan):
        with page.expect_response("**/tasks/example_long_task") as answer:
            page.dblclick('form[data-task="example_long_task"] button')
        assert answer.value.status == 202
    as_susan.wait_for_load_state("networkidle")

    expect(card(as_susan)).to_have_count(1)
    assert db.session.query(models.Run).count() == 1


@pytest.mark.parametrize("has_locks", [True, False])
def test_five_tabs_poll_as_one(
    context: BrowserContext, as_susan: Page, susan: models.User, workers: Workers, pace: Pace, has_locks: bool
) -> None:
    workers.ours()
    if not has_locks:
        context.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
    engine_fixtures.start("paced", susan)
    tabs = [as_susan, *(context.new_page() for _ in range(4))]
    for tab in tabs:
        tab.goto("/")
        expect(card(tab, "running")).to_be_visible()
    leaders = tabs[-1:] if has_locks else tabs
    for tab in tabs:
        _wait_until_leading(tab, tab in leaders)
    polls = {tab: _polls_of(tab) for tab in tabs}

    pace.let(4)
    wait_until(as_susan, lambda: all(len(polls[tab]) > 3 for tab in leaders))

    assert [tab for tab in tabs if polls[tab]] == leaders
    for tab in leaders:
        asked_at = [
            poll.timing["startTime"] for poll in polls[tab][:3]
        ]  # the browser's own clock; the last is on its way
        pauses = [after - before for before, after in zip(asked_at, asked_at[1:], strict=False)]
        assert min(pauses) >= (990 if has_locks else 790)
    for tab in tabs:
        expect(card(tab).locator("[data-percent]")).to_have_text("40%")


def test_when_the_leading_tab_closes_another_goes_on(
    context: BrowserContext, as_susan: Page, workers: Workers, pace: Pace
) -> None:
    workers.ours()
    start(as_susan, "paced")
    leader = context.new_page()
    leader.goto("/")
    expect(card(leader, "running")).to_be_visible()
    _wait_until_leading(leader, True)
    _wait_until_leading(as_susan, False)

    leader.close()
    pace.let(10)

    expect(card(as_susan, "succeeded")).to_be_visible()


def test_a_leader_that_is_hidden_gives_way_to_a_tab_in_sight(
    context: BrowserContext, as_susan: Page, susan: models.User, workers: Workers, pace: Pace
) -> None:
    workers.ours()
    engine_fixtures.start("paced", susan)
    as_susan.goto("/tasks")
    leader = context.new_page()
    leader.goto("/")
    expect(card(leader, "running")).to_be_visible()
    _wait_until_leading(leader, True)
    _wait_until_leading(as_susan, False)

    _hide(leader, True)
    _wait_until_leading(as_susan, True)
    _wait_until_leading(leader, False)
    polls = {tab: _polls_of(tab) for tab in (as_susan, leader)}
    wait_until(as_susan, lambda: len(polls[as_susan]) > 2)

    assert polls[leader] == []


def test_going_back_finds_the_bar_alive(as_susan: Page, workers: Workers, pace: Pace) -> None:
    page = as_susan
    workers.ours()
    start(page, "paced")
    page.goto("/explore")
    page.go_back()
    pace.let(10)

    expect(card(page, "succeeded")).to_be_visible()


def test_offline_is_said_and_back_online_it_catches_up_at_once(
    context: BrowserContext, as_susan: Page, susan: models.User, workers: Workers, pace: Pace
) -> None:
    page = as_susan
    notice = page.locator("[data-notice]")
    page.add_init_script("Math.random = () => 1")  # the longest wait after a failure: a second and more
    page.clock.install()
    workers.ours()
    run = engine_fixtures.start("paced", susan)
    page.goto("/tasks")
    pace.let(2)
    expect(card(page).locator("[data-percent]")).to_have_text("20%")

    with page.expect_event("requestfailed", lambda request: "/notifications?" in request.url):
        context.set_offline(True)
    # from here on its time passes as we say, so that nothing but coming online can end the waiting
    page.clock.pause_at(clock.now() + timedelta(minutes=1))
    aged = re.compile(r"Offline: last update \d+ (s|min) ago")
    wait_until(page, lambda: page.clock.fast_forward(5000) or aged.search(notice.inner_text()))
    pace.let(5)
    engine_fixtures.wait_for(run, lambda run: run.done == 5)
    assert percent(page) == 20
    context.set_offline(False)

    for _ in range(500):  # half a second on its clock, as much time as it needs on ours
        page.clock.run_for(1)
        if notice.is_hidden():
            break
        page.wait_for_timeout(20)
    assert notice.is_hidden()
    assert percent(page) == 50


def test_a_signed_out_page_says_so_and_stops_asking(context: BrowserContext, as_susan: Page) -> None:
    page = as_susan
    start(page, "example_long_task")

    context.clear_cookies()

    expect(page.locator("[data-notice]")).to_contain_text("You were signed out")
    polls: list[Request] = []
    page.on("request", lambda request: "/notifications" in request.url and polls.append(request))
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_timeout(2000)
    assert polls == []


def test_a_hidden_tab_tells_in_its_title(as_susan: Page, workers: Workers, pace: Pace) -> None:
    page = as_susan
    workers.ours()
    start(page, "paced")
    pace.let(4)
    expect(card(page).locator("[data-percent]")).to_have_text("40%")

    _hide(page, True)
    assert page.title() == "(40%) Tasks · Microblog"
    _hide(page, False)
    assert page.title() == "Tasks · Microblog"


def test_it_can_be_used_by_keyboard_alone(as_susan: Page, workers: Workers, pace: Pace) -> None:
    page = as_susan
    workers.ours()
    page.goto("/tasks")
    page.locator('form[data-task="paced"] button').focus()
    page.keyboard.press("Enter")
    expect(card(page, "running")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('form')?.dataset.task") == "paced"

    card(page).get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")

    expect(card(page, "cancelled")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('article')?.dataset.state") == "cancelled"


def test_the_screen_reader_is_told_the_start_and_the_end(as_susan: Page, workers: Workers, pace: Pace) -> None:
    page = as_susan
    page.clock.install()
    workers.ours()
    start(page, "paced")
    voice = page.locator("microblog-tray [role=status]")

    expect(page.locator("[role=status]")).to_have_count(1)
    expect(voice).to_contain_text("Paced")
    pace.let(10)
    expect(card(page, "succeeded")).to_be_visible()
    page.clock.fast_forward(15_000)  # it speaks no more often
    expect(voice).to_have_text(re.compile("Paced: Done"))


def test_the_tutorials_plain_notification_is_shown(as_susan: Page, susan: models.User) -> None:
    page = as_susan
    susan.add_notification("task_progress", {"step": 3, "total": 10})
    db.session.commit()

    page.goto("/")

    expect(page.locator("#task-status")).to_have_text("Progress: 30%")


def test_the_page_of_a_run_follows_it(as_susan: Page, workers: Workers) -> None:
    page = as_susan
    workers.ours()
    start(page, "export_posts")
    expect(card(page, "succeeded")).to_be_visible()
    card(page).get_by_role("link", name="Export posts", exact=True).click()

    expect(card(page)).to_have_count(1)
    expect(page.locator("#story")).to_contain_text("queued")
    expect(page.locator("#story")).to_contain_text("succeeded")
    expect(page.get_by_role("link", name="posts.zip")).to_be_visible()


def test_start_task_is_the_tutorials_page(as_susan: Page, workers: Workers) -> None:
    page = as_susan
    page.goto("/start-task")
    page.locator("main").get_by_role("button").click()

    page.wait_for_url(re.compile(r"/(index)?$"))
    expect(card(page, "queued")).to_be_visible()


def _give_no_more_attempts() -> None:
    """The next error is the last one."""
    db.session.execute(db.update(models.Run).values(attempt=99))
    db.session.commit()


def _hide(page: Page, is_hidden: bool) -> None:
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", {value: hidden, configurable: true})
          document.dispatchEvent(new Event("visibilitychange"))
        }""",
        is_hidden,
    )


def _wait_until_leading(tab: Page, is_leading: bool) -> None:
    """The tab itself knows that it leads, or that it does not: what it asked before, it has asked."""
    leads = "document.querySelector('microblog-tray').leader.isLeading"
    wait_until(tab, lambda: tab.evaluate(leads) == is_leading)


def _polls_of(tab: Page) -> list[Request]:
    """The polls that the tab begins from now on."""
    polls: list[Request] = []
    tab.on("request", lambda request: "/notifications?" in request.url and polls.append(request))
    return polls


Late = list[tuple[Route, APIResponse]]


def _hold_the_first(page: Page, url: str) -> Late:
    """The first answer from there that has the run running: made in time, and kept back on its way."""
    late: Late = []

    def pass_on(route: Route) -> None:
        answer = route.fetch()
        if 'data-state="running"' in answer.text() and not late:
            late.append((route, answer))
        else:
            route.fulfill(response=answer)

    page.route(url, pass_on)
    return late


def _deliver(late: Late) -> None:
    route, answer = late[0]
    route.fulfill(response=answer)
