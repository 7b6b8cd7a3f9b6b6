"""Hashtags: which posts have one. services/search.py keeps them, as it keeps words: they follow every post."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import joinedload

from app.errors import NotFound
from app.models import Post, PostTag
from app.services import paging, references, sight
from app.services.paging import Cursor, Page

_NEWEST = (PostTag.created_at, PostTag.post_id)


def named(tag: str) -> str:
    """The hashtag as it is kept. Raises NotFound for what can be none."""
    folded = references.fold(tag)
    if folded is None or references.tags(f"#{folded}") != {folded}:
        raise NotFound("That is no hashtag: one is made of letters and digits, without blanks.")
    return folded


def posts(tag: str, viewer_id: int | None, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[Post]:
    """The posts with the hashtag that the viewer may see, newest first."""
    asked = select(Post).join(PostTag, PostTag.post_id == Post.id).where(PostTag.tag == tag, sight.listed(viewer_id))
    return paging.read(asked.options(joinedload(Post.author)), Post, at, size, columns=_NEWEST)


def put(connection: Connection, written: Sequence[tuple[int, str, datetime]], are_new: bool) -> None:
    """Keep the hashtags of posts (id, body, date) in the caller's transaction, in place of those they had."""
    if not are_new:
        connection.execute(delete(PostTag).where(PostTag.post_id.in_([post_id for post_id, _, _ in written])))
    rows = [
        {"post_id": post_id, "tag": tag, "created_at": created_at}
        for post_id, body, created_at in written
        for tag in references.tags(body)
    ]
    if rows:
        connection.execute(insert(PostTag), rows)
