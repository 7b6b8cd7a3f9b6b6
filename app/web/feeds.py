"""Feeds of members and hashtags, for everybody: a program that reads along signs in nowhere."""

import hashlib

from flask import Blueprint, Response, request

from app import links
from app.services import feeds, profiles, tags
from app.services.feeds import Feed

bp = Blueprint("feeds", __name__)

_WRITERS = {
    feeds.ATOM: (feeds.as_atom, "application/atom+xml; charset=utf-8"),
    feeds.JSON: (feeds.as_json, "application/feed+json"),
}


@bp.get("/user/<username>/feed.<any(atom,json):form>")
def member(username: str, form: str) -> Response:
    """A member's public posts."""
    found = profiles.find(username)
    return _answer(feeds.of_member(found), form, links.to("feeds.member", username=found.username, form=form))


@bp.get("/tag/<tag>/feed.<any(atom,json):form>")
def tag(tag: str, form: str) -> Response:
    """Public posts with a hashtag."""
    name = tags.named(tag)
    return _answer(feeds.of_tag(name), form, links.to("feeds.tag", tag=name, form=form))


def _answer(feed: Feed, form: str, address: str) -> Response:
    """Whole, or 304 to who has it already."""
    write, mimetype = _WRITERS[form]
    content = write(feed, address)
    response = Response(content, content_type=mimetype)
    response.set_etag(hashlib.sha256(content).hexdigest()[:32])
    # no Last-Modified: a feed that lost a post is new, and older than it was
    # anybody may keep it, and asks each time whether it is still so: a post may have been deleted
    response.cache_control.public = True
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response
