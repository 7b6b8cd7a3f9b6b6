"""Feeds for programs that read along, as Atom (RFC 4287) and JSON Feed 1.1: what is public, and nothing else."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from app import clock, links
from app.models import Post, User
from app.services import paging, posts, references, tags

ATOM, JSON = "atom", "json"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_NOBODY_YET = datetime(1970, 1, 1, tzinfo=UTC)
_TITLE_CHARACTERS = 80
# XML has no way to write these
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Feed:
    """Newest first. `home` is the page that shows the same, `since` what counts as its last change without posts."""

    title: str
    home: str
    posts: Sequence[Post]
    since: datetime

    @property
    def updated_at(self) -> datetime:
        """When the newest of its posts was written or edited."""
        return max(map(_updated_at, self.posts), default=self.since)


def of_member(member: User) -> Feed:
    """The newest public posts of a member."""
    page = paging.read(posts.written_by(member, None), Post, None)
    home = links.to("profiles.show", username=member.username)
    return Feed(f"{member.username} on Microblog", home, page.items, member.created_at)


def of_tag(tag: str) -> Feed:
    """The newest public posts with a hashtag."""
    page = tags.posts(tag, None)
    return Feed(f"#{tag} on Microblog", links.to("tags.show", tag=tag), page.items, _NOBODY_YET)


def as_atom(feed: Feed, address: str) -> bytes:
    """`address` is where this document is found."""
    root = Element("feed", xmlns=_NAMESPACE)
    _tell(root, title=feed.title, id=feed.home, updated=clock.stamp(feed.updated_at))
    SubElement(root, "link", rel="self", type="application/atom+xml", href=address)
    SubElement(root, "link", rel="alternate", type="text/html", href=feed.home)
    for post in feed.posts:
        _add_entry(root, post)
    written: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + written


def as_json(feed: Feed, address: str) -> bytes:
    """`address` is where this document is found."""
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": address,
        "items": [_item(post) for post in feed.posts],
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _add_entry(root: Element, post: Post) -> None:
    entry = SubElement(root, "entry")
    address = links.to("posts.show", id=post.id)
    _tell(entry, title=_title(post.body), id=address, published=clock.stamp(post.created_at))
    _tell(entry, updated=clock.stamp(_updated_at(post)))
    SubElement(entry, "link", rel="alternate", type="text/html", href=address)
    author = SubElement(entry, "author")
    _tell(author, name=post.author.username, uri=links.to("profiles.show", username=post.author.username))
    for tag in sorted(references.tags(post.body)):
        SubElement(entry, "category", term=tag)
    _tell(entry, content=post.body)


def _tell(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = _NOT_IN_XML.sub("\ufffd", text)


def _item(post: Post) -> dict[str, object]:
    address = links.to("posts.show", id=post.id)
    author = {"name": post.author.username, "url": links.to("profiles.show", username=post.author.username)}
    return {
        "id": address,
        "url": address,
        "content_text": post.body,
        "date_published": clock.stamp(post.created_at),
        "date_modified": clock.stamp(_updated_at(post)),
        "authors": [author],
        "tags": sorted(references.tags(post.body)),
    }


def _title(body: str) -> str:
    line = " ".join(body.split())
    return line if len(line) <= _TITLE_CHARACTERS else line[: _TITLE_CHARACTERS - 1].rstrip() + "…"


def _updated_at(post: Post) -> datetime:
    return max(post.created_at, post.edited_at or post.created_at)
