"""The two lists everybody reads: home and explore."""

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.orm import joinedload

from app.models import Post, User
from app.services import follows, paging, sight
from app.services.paging import Cursor, Page


def explore(viewer_id: int | None, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[Post]:
    """Everybody's posts, newest first."""
    return paging.read(select(Post).where(sight.listed(viewer_id)).options(joinedload(Post.author)), Post, at, size)


def home(member: User, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[Post]:
    """The member's own posts and those of whom they follow, newest first."""
    candidates = _candidates(member, at, size + 1)
    return paging.read(select(Post).where(Post.id.in_(candidates)).options(joinedload(Post.author)), Post, at, size)


def _candidates(member: User, at: Cursor | None, count: int) -> Select[int]:
    authors = union_all(follows.followed_ids(member), select(literal(member.id))).subquery()
    return (
        select(Post.id)
        .where(Post.author_id.in_(select(authors.c[0])), sight.at_home(member.id))
        .where(*paging.beyond(at, Post.created_at, Post.id))
        .order_by(*paging.order(at, Post.created_at, Post.id))
        .limit(count)
    )
