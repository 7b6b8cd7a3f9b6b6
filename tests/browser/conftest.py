"""What the stories in a browser share: members with posts, and pages that are already signed in."""

import time
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Locator, Page

from app import models
from app.extensions import db
from tests import trials
from tests.chromium import PATIENCE_MS
from tests.processes import LiveServer

SignedIn = Callable[..., Page]


def write_posts(author: models.User, count: int) -> None:
    rows = [{"author_id": author.id, "body": f"Post number {number}"} for number in range(count)]
    db.session.execute(db.insert(models.Post), rows)
    author.post_count += count
    db.session.commit()


def sign_in(app: Flask, server: LiveServer, context: BrowserContext, member: models.User) -> None:
    """Give the browser the member's session, without the form and its slow hash."""
    signer = app.session_interface.get_signing_serializer(app)
    assert signer is not None
    value = signer.dumps({"_user_id": member.get_id(), "_fresh": True})
    context.add_cookies([{"name": "session", "value": str(value), "url": server.url}])


@pytest.fixture
def as_susan(app: Flask, live_server: LiveServer, context: BrowserContext, susan: models.User, page: Page) -> Page:
    """Susan's page."""
    sign_in(app, live_server, context, susan)
    return page


class Pace:
    """How far the trial task `paced` may go; no step before the first `let`."""

    def __init__(self) -> None:
        self.file = trials.pace_file()

    def let(self, steps: int) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(str(steps))


@pytest.fixture
def pace(app: Flask) -> Pace:
    return Pace()


def wait_until(page: Page, is_so: Callable[[], object]) -> None:
    """Let the browser go on until `is_so()`."""
    until = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < until, "it never came"
        page.wait_for_timeout(20)


def card(page: Page, state: str | None = None) -> Locator:
    """The card on the page, in that state if one is named."""
    return page.locator(f'article[data-run][data-state="{state}"]' if state else "article[data-run]")


def start(page: Page, task: str) -> None:
    page.goto("/tasks")
    page.click(f'form[data-task="{task}"] button')
    card(page).first.wait_for()


def percent(page: Page) -> int | None:
    value = card(page).first.locator("progress").get_attribute("value")
    return None if value is None else int(value)
