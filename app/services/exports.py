"""What an export is made of: a member's posts as lines of text and of JSON."""

import json
from datetime import datetime

from sqlalchemy import Select, select

from app import clock
from app.models import Post, User

JSON_OPENING = '{"posts": [\n'
JSON_CLOSING = "\n]}\n"
_encode = json.JSONEncoder(ensure_ascii=False).encode


def posts_of(author: User) -> Select[int, str, datetime]:
    """Id, body and time of all the author's posts; the engine goes through them by id, oldest first."""
    return select(Post.id, Post.body, Post.created_at).where(Post.author_id == author.id)


def as_text(body: str, created_at: datetime) -> str:
    """A post for people: its time, then its words, then an empty line."""
    return f"{created_at.isoformat(' ', 'minutes')[:16]} UTC\n{body}\n\n"


def as_json(body: str, created_at: datetime) -> str:
    """A post for programs, in the tutorial's own shape: `body` and `timestamp`."""
    return _encode({"body": body, "timestamp": clock.stamp(created_at)})


def summary(count: int) -> str:
    """What the member reads when the archive is ready."""
    if not count:
        return "Done: there was nothing to export yet, so the archive is empty."
    return f"Done: {count:,} {'post' if count == 1 else 'posts'} exported."
