"""The tutorial's own way, as docs/first-task.md has it: a plain function, RQ's own worker, `flask shell`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import documents
from tests.browser.conftest import card

pytestmark = pytest.mark.browser
PAGE = "docs/first-task.md"


def test_a_plain_function_through_rqs_own_worker_is_shown(
    request: pytest.FixtureRequest, checkout: Path, environment: dict[str, str]
) -> None:
    path = "app/tasks/count_to_ten.py"
    (checkout / path).write_text(documents.files_in(PAGE)[path])
    environment["POLL_IDLE_MS"] = "1000"
    request.getfixturevalue("workers").stock()
    page = request.getfixturevalue("as_susan")
    page.goto("/")

    type_into_shell(documents.shell_lines(PAGE), checkout, environment)

    # any number on its way, and not a certain one: each stands there for a second
    status = page.locator("#task-status")
    expect(status).to_have_text(re.compile("Progress: [1-9]?0%"))
    expect(status).to_have_text("Progress: 100%")
    expect(card(page)).to_contain_text("of 10 steps")


def type_into_shell(lines: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "shell"],
        cwd=folder,
        env={**os.environ, **environment},
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
