import re

import pytest

from app.extensions import db
from app.services import posts
from tests.visitor import Visitor


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


def test_empty_home_says_what_to_do(as_susan):
    page = as_susan.get("/index").text

    assert "It is quiet here" in page and 'href="/explore"' in page and 'name="body"' in page


def test_pages_link_to_older_and_newer(as_susan, susan):
    for number in range(60):
        posts.publish(susan, f"post-{number}-")
    db.session.commit()

    first = as_susan.get("/").text
    second = as_susan.get(beside(first, "next")).text

    assert "post-59-" in first and "post-35-" in first and "post-34-" not in first and 'rel="prev"' not in first
    assert "post-34-" in second and "post-10-" in second
    assert as_susan.get(beside(second, "prev")).text.count('<article class="post"') == 25


def test_damaged_page_address_is_refused(as_susan):
    assert as_susan.get("/?at=nonsense").status_code == 422


def beside(page, which):
    return "/" + re.search(f'rel="{which}" href="([^"]+)"', page)[1]
