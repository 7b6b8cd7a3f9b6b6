"""What every page must be: nothing that axe finds fault with, and nothing to scroll sideways for."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def assert_is_sound(page: Page, name: str = "") -> None:
    """The page as it is now; its context must be made with `bypass_csp`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = [(each["id"], each["nodes"][0]["html"]) for each in page.evaluate("axe.run()")["violations"]]
    assert found == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
