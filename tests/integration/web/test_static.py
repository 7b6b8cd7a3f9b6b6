import gzip
import re
from urllib.parse import urljoin

import pytest

from tests.visitor import Visitor


@pytest.fixture
def as_susan(app, susan):
    return Visitor(app).signed_in(susan)


@pytest.fixture
def stylesheet(as_susan):
    return re.search(r'href="(/static/[0-9a-f]{12}/css/app.css)"', as_susan.get("/").text)[1]


def test_file_under_the_fingerprint_is_kept_for_ever(as_susan, stylesheet):
    response = as_susan.get(stylesheet)

    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in response.headers.get("Vary", "") and "Set-Cookie" not in response.headers
    assert as_susan.get(stylesheet, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/static/css/app.css", "/static/0123456789ab/css/app.css"])
def test_file_without_the_fingerprint_is_kept_briefly(as_susan, path):
    assert as_susan.get(path).headers["Cache-Control"] == "public, max-age=60"


def test_text_is_compressed_for_who_accepts_it(as_susan, stylesheet):
    plain = as_susan.get(stylesheet)
    small = as_susan.get(stylesheet, headers={"Accept-Encoding": "gzip, br"})

    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip" and small.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(small.data) == plain.data
    assert small.headers["ETag"] != plain.headers["ETag"]


def test_bootstrap_is_served_from_here(as_susan, stylesheet):
    folder = stylesheet.removesuffix("css/app.css")

    assert b"Bootstrap" in as_susan.get(f"{folder}vendor/bootstrap.min.css").data[:200]


def test_every_sheet_that_the_first_one_names_is_there(as_susan, stylesheet):
    names = re.findall(r'@import url\("([^"]+)"\)', as_susan.get(stylesheet).text)

    assert names
    for name in names:
        assert as_susan.get(urljoin(stylesheet, name)).status_code == 200, name


@pytest.mark.parametrize("path", ["nothing.css", "../config.py", "css/", "%2e%2e/config.py", "css/../../config.py"])
def test_nothing_else_is_served(as_susan, path):
    assert as_susan.get(f"/static/{path}").status_code in (404, 308)


def test_no_address_is_made_of_a_none(app):
    assert not [rule.rule for rule in app.url_map.iter_rules() if "None" in rule.rule]
