"""What an export is made of: a member's posts as lines of text and of JSON.

Who may see a post is said as Mastodon says it, by whom it is addressed to: imports read that, theirs and ours.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, select

from app import clock, links
from app.models import Post, User
from app.models.post import FOLLOWERS, ONLY_AUTHOR, PUBLIC
from app.services import sight

JSON_OPENING = '{"posts": [\n'
JSON_CLOSING = "\n]}\n"
_NOTHING: Mapping[str, list[str]] = {}
_TOLD = {PUBLIC: "", FOLLOWERS: " (followers only)", ONLY_AUTHOR: " (only me)"}
_encode = json.JSONEncoder(ensure_ascii=False).encode


def posts_of(author: User) -> Select[int, str, datetime, str]:
    """Id, body, time and visibility of all the author's posts; the engine goes through them by id, oldest first."""
    return select(Post.id, Post.body, Post.created_at, Post.visibility).where(
        Post.author_id == author.id, sight.IS_THERE
    )


def addressed(author: User) -> dict[str, dict[str, list[str]]]:
    """What the JSON of the author's posts says besides, by visibility; nothing of a public one."""
    followers = links.to("profiles.show", username=author.username) + "/followers"
    return {PUBLIC: {}, FOLLOWERS: {"to": [followers]}, ONLY_AUTHOR: {"to": []}}


def as_text(body: str, created_at: datetime, visibility: str = PUBLIC) -> str:
    """A post for people: its time, then its words, then an empty line."""
    return f"{created_at.isoformat(' ', 'minutes')[:16]} UTC{_TOLD[visibility]}\n{body}\n\n"


def as_json(body: str, created_at: datetime, more: Mapping[str, list[str]] = _NOTHING) -> str:
    """A post for programs, in the tutorial's own shape: `body` and `timestamp`, and what is to be said `more`."""
    return _encode({"body": body, "timestamp": clock.stamp(created_at), **more})


def summary(count: int) -> str:
    """What the member reads when the archive is ready."""
    if not count:
        return "Done: there was nothing to export yet, so the archive is empty."
    return f"Done: {count:,} {'post' if count == 1 else 'posts'} exported."
