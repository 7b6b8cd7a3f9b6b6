"""Every state's card to look at: for people who see, who hear, who need contrast, on a small screen, in the dark."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
import uuid6
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app import clock, models
from app.extensions import db
from tests.browser.conftest import card, sign_in
from tests.processes import LiveServer, Workers

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()

HALF_WAY: dict[str, Any] = {"done": 412, "total": 980, "ok_count": 410, "failed_count": 2, "percent": 42}
STATES: dict[str, dict[str, Any]] = {
    "queued": {},
    "running": {**HALF_WAY, "eta_seconds": [4, 6]},
    "retrying": {**HALF_WAY, "error": "The disk is full", "error_reference": "a1b2c3", "attempt": 2},
    "cancelling": HALF_WAY,
    "succeeded": {"done": 980, "total": 980, "percent": 100, "result_url": "/runs/x/files/posts.zip"},
    "partial": {"done": 9800, "total": 9800, "ok_count": 9781, "failed_count": 19, "percent": 99},
    "failed": {**HALF_WAY, "error": "The archive could not be written", "error_reference": "a1b2c3"},
    "cancelled": HALF_WAY,
}


@pytest.fixture
def every_state(susan: models.User) -> dict[str, str]:
    """A run of susan's in each state: its id by state."""
    runs = {}
    for state, values in STATES.items():
        run = models.Run(
            id=str(uuid6.uuid7()),
            user_id=susan.id,
            task="export_posts",
            title="Export posts",
            unit="posts",
            queue="microblog-tasks",
            state=state,
            step_count=2,
            step_name="Writing",
            sent_at=clock.now(),
            sent_to="microblog-tasks",
            advanced_at=clock.now() - timedelta(minutes=7),
            lease_until=clock.now() + timedelta(hours=1),
            **values,
        )
        db.session.add(run)
        db.session.flush()
        db.session.add(models.RunEvent(run_id=run.id, kind="queued", text="Asked for"))
        runs[state] = run.id
    failure = models.RunFailure(run_id=runs["partial"], key="post 7", position=7, reason="A broken picture")
    db.session.add(failure)
    db.session.commit()
    return runs


@pytest.mark.parametrize("look", ["light", "dark"])
def test_no_page_of_a_run_has_a_barrier(
    app: Flask, browser: Browser, live_server: LiveServer, susan: models.User, every_state: dict[str, str], look: str
) -> None:
    # axe itself writes inline styles, which our pages forbid
    context = browser.new_context(base_url=live_server.url, bypass_csp=True, color_scheme=look, reduced_motion="reduce")
    sign_in(app, live_server, context, susan)
    page = context.new_page()

    for path in ("/tasks", "/start-task", *(f"/runs/{run_id}" for run_id in every_state.values())):
        page.goto(path)
        page.evaluate(AXE)
        found = page.evaluate("axe.run()")["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], path
    context.close()


def test_a_small_screen_is_wide_enough(as_susan: Page, every_state: dict[str, str]) -> None:
    page = as_susan
    page.set_viewport_size({"width": 320, "height": 640})

    for path in ("/tasks", *(f"/runs/{run_id}" for run_id in every_state.values())):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


@pytest.mark.parametrize("state", ["succeeded", "cancelled", "failed", "partial"])
def test_on_a_small_screen_an_outcome_takes_little_room_in_the_tray(
    as_susan: Page, every_state: dict[str, str], state: str
) -> None:
    db.session.execute(db.delete(models.Run).where(models.Run.state != state))
    db.session.commit()
    page = as_susan
    page.set_viewport_size({"width": 320, "height": 568})

    page.goto("/explore")

    box = page.locator(".tray .run").bounding_box()
    assert box is not None and box["height"] < {"succeeded": 48, "cancelled": 48, "failed": 70, "partial": 120}[state]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="Dismiss").click()
    expect(card(page)).to_have_count(0)


def test_on_a_small_screen_admins_tables_break_no_word(
    app: Flask, browser: Browser, live_server: LiveServer, david: models.User, workers: Workers
) -> None:
    workers.ours()
    context = browser.new_context(base_url=live_server.url, viewport={"width": 320, "height": 640})
    sign_in(app, live_server, context, david)
    page = context.new_page()

    page.goto("/admin/tasks")

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    heights = page.evaluate("[...document.querySelectorAll('th')].map(cell => cell.clientHeight)")
    assert len(heights) >= 13 and set(heights[:5]) == {heights[0]}, "every head is one line high"
    widths = "[...document.querySelectorAll('td, th')].filter(cell => getComputedStyle(cell).overflowWrap !== 'normal')"
    assert page.evaluate(f"{widths}.length") == 0
    context.close()


def test_only_success_looks_like_success(as_susan: Page, every_state: dict[str, str]) -> None:
    page = as_susan
    looks = {}
    for state, run_id in every_state.items():
        page.goto(f"/runs/{run_id}")
        looks[state] = page.evaluate(
            """() => {
              const card = document.querySelector("main [data-run]")
              const word = card.querySelector(".run__word")
              const icon = card.querySelector(".run__icon path")
              return [icon.getAttribute("d"), word.textContent, getComputedStyle(word).color]
            }"""
        )
    for place in range(3):
        others = [look[place] for state, look in looks.items() if state != "succeeded"]
        assert looks["succeeded"][place] not in others


def test_in_forced_colours_the_words_and_patterns_remain(
    context: BrowserContext, as_susan: Page, every_state: dict[str, str]
) -> None:
    page = as_susan
    page.emulate_media(forced_colors="active")
    for state in ("partial", "failed", "succeeded"):
        page.goto(f"/runs/{every_state[state]}")
        main = page.locator("main [data-run]")
        expect(main.locator(".run__word")).to_be_visible()
        expect(main.locator(".run__icon")).to_be_visible()
        border = main.evaluate("card => getComputedStyle(card).borderTopStyle")
        assert border == ("solid" if state == "succeeded" else "double")


def test_nothing_moves_for_those_who_asked_for_that(as_susan: Page, every_state: dict[str, str]) -> None:
    page = as_susan
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"/runs/{every_state['queued']}")

    expect(page.locator("main progress")).to_have_css("animation-duration", "1e-05s")  # of the card that stands there
    moving = page.evaluate("document.getAnimations().filter(each => each.playState === 'running').length")
    assert moving == 0


def test_a_stalled_run_says_how_long(as_susan: Page, every_state: dict[str, str]) -> None:
    as_susan.goto(f"/runs/{every_state['running']}")

    expect(card(as_susan, "running").first).to_contain_text("No progress for 7 min: still trying.")
