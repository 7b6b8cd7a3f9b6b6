"""Feeds: what is public, for everybody; read by the rules of their formats."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from werkzeug.http import http_date

from app import clock
from app.extensions import db
from app.models import Post
from app.models.post import FOLLOWERS, ONLY_AUTHOR
from app.services import paging, posts
from tests.visitor import Visitor

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "]]> &amp; <script>alert(1)</script> \"' #garden"
FEEDS = ("/user/susan/feed.atom", "/user/susan/feed.json", "/tag/garden/feed.atom", "/tag/garden/feed.json")


@pytest.fixture
def stranger(app):
    return Visitor(app)


@pytest.fixture
def post(susan):
    post = posts.publish(susan, HOSTILE)
    db.session.commit()
    return post


@pytest.mark.parametrize("path", ["/user/Susan/feed.atom", "/tag/GARDEN/feed.atom"])
def test_atom_holds_what_the_standard_asks_for(stranger, post, path):
    answer = stranger.get(path)

    assert answer.content_type == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.data)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.find(f"{ATOM}content").text == entry.find(f"{ATOM}title").text == HOSTILE
    address = f"http://127.0.0.1:5000/posts/{post.id}"
    assert entry.find(f"{ATOM}id").text == entry.find(f"{ATOM}link").get("href") == address
    assert entry.find(f"{ATOM}author/{ATOM}name").text == "susan"
    assert entry.find(f"{ATOM}category").get("term") == "garden"
    assert feed.find(f"{ATOM}updated").text == entry.find(f"{ATOM}updated").text == clock.stamp(post.created_at)
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == "http://127.0.0.1:5000" + path.replace("Susan", "susan").replace("GARDEN", "garden")
    assert links["alternate"] == feed.find(f"{ATOM}id").text


def test_json_feed_holds_what_its_version_asks_for(stranger, post):
    answer = stranger.get("/user/susan/feed.json")

    assert answer.content_type == "application/feed+json"
    assert answer.json["version"] == "https://jsonfeed.org/version/1.1"
    assert answer.json["feed_url"] == "http://127.0.0.1:5000/user/susan/feed.json"
    (item,) = answer.json["items"]
    assert (item["content_text"], item["tags"]) == (HOSTILE, ["garden"])
    assert item["authors"] == [{"name": "susan", "url": "http://127.0.0.1:5000/user/susan"}]
    assert item["date_published"] == clock.stamp(post.created_at)


@pytest.mark.parametrize("path", FEEDS)
def test_what_is_not_public_stands_in_no_feed_whoever_asks(app, stranger, susan, path):
    for visibility in (FOLLOWERS, ONLY_AUTHOR):
        posts.publish(susan, "hidden #garden").visibility = visibility
    posts.withdraw(posts.publish(susan, "hidden #garden"))
    db.session.commit()

    for visitor in (stranger, Visitor(app).signed_in(susan)):
        answer = visitor.get(path)
        assert answer.status_code == 200 and "hidden" not in answer.text
    assert stranger.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", FEEDS)
def test_who_has_it_already_is_answered_304_until_it_changes(stranger, susan, post, path):
    first = stranger.get(path)
    has_it = {"If-None-Match": first.headers["ETag"]}
    assert first.headers["Cache-Control"] == "public, no-cache" and "Set-Cookie" not in first.headers
    again = stranger.get(path, headers=has_it)
    assert (again.status_code, again.data) == (304, b"")

    post.edited_at = clock.now() + timedelta(seconds=2)
    db.session.commit()
    changed = stranger.get(path, headers=has_it)

    assert changed.status_code == 200 and changed.headers["ETag"] != first.headers["ETag"]
    posts.withdraw(post)
    db.session.commit()
    assert stranger.get(path, headers={"If-None-Match": changed.headers["ETag"]}).status_code == 200
    since = {"If-Modified-Since": http_date(clock.now())}
    assert stranger.get(path, headers=since).status_code == 200, "without the post it is older than it was"


@pytest.mark.parametrize("path", FEEDS)
def test_what_anybody_may_keep_carries_nobody_s_cookie(app, stranger, susan, post, path):
    told = stranger.get(path)
    member = Visitor(app)
    member.signs_in("susan", remember_me="y")
    member.client.delete_cookie("session")

    answer = member.get(path)

    assert "Set-Cookie" not in answer.headers and "Vary" not in answer.headers
    assert answer.data == told.data


def test_a_feed_holds_the_newest_and_text_that_xml_cannot_write(stranger, susan):
    now = clock.now()
    db.session.add_all(
        Post(author_id=susan.id, body=f"{place} \x01\ufffe", created_at=now - timedelta(minutes=place))
        for place in range(paging.PAGE_SIZE + 2)
    )
    db.session.commit()

    feed = ElementTree.fromstring(stranger.get("/user/susan/feed.atom").data)

    words = [entry.find(f"{ATOM}content").text for entry in feed.findall(f"{ATOM}entry")]
    assert words == [f"{place} \ufffd\ufffd" for place in range(paging.PAGE_SIZE)]


@pytest.mark.parametrize("path", ["/user/nobody/feed.atom", "/tag/2021/feed.json", "/user/susan/feed.xml"])
def test_there_is_no_feed_of_what_is_not_there(stranger, susan, path):
    assert stranger.get(path).status_code == 404


@pytest.mark.parametrize("page", ["/user/susan", "/tag/garden"])
def test_a_page_tells_where_its_feeds_are(app, susan, page):
    text = Visitor(app).signed_in(susan).get(page).text

    for form, kind in (("atom", "application/atom+xml"), ("json", "application/feed+json")):
        assert f'<link rel="alternate" type="{kind}"' in text and f'href="{page}/feed.{form}"' in text
