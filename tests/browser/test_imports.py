"""A member brings posts in with a browser: the preview comes by itself, on a narrow screen, in light and in dark."""

import pytest

from tests.archives import POSTS, as_json
from tests.browser.conftest import sign_in
from tests.browser.soundness import assert_is_sound

pytestmark = pytest.mark.browser
TOO_LONG = {"body": "w" * 90 + "€" * 25_000, "timestamp": "2021-05-04T10:00:00Z"}
CONTENT = as_json(*POSTS, {"body": "w" * 90, "timestamp": "2021-05-04T10:00:00Z"}, TOO_LONG)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_an_import_from_the_file_to_the_undo(app, browser, live_server, susan, workers, look):
    workers.ours()
    # axe itself writes inline styles, which our pages forbid
    context = browser.new_context(
        base_url=live_server.url, bypass_csp=True, color_scheme=look, viewport={"width": 320, "height": 640}
    )
    sign_in(app, live_server, context, susan)
    page = context.new_page()
    page.goto("/imports")
    assert_is_sound(page)

    page.set_input_files("input[type=file]", {"name": "a.json", "mimeType": "application/json", "buffer": CONTENT})
    page.click("text=Upload and check")
    page.get_by_role("button", name="Import 4 posts").wait_for()
    assert_is_sound(page)

    page.get_by_role("button", name="Import 4 posts").click()
    page.get_by_role("button", name="Undo this import").wait_for()
    assert_is_sound(page)

    page.get_by_role("button", name="Undo this import").click()
    page.get_by_role("button", name="Import 4 posts").wait_for()
    context.close()
