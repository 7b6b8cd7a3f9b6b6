"""Likes and bookmarks: setting one, taking it back, and what a list of posts shows of them.

Likes are counted when a page is read, from an index: a counter on the post would have everybody who likes a popular
post wait for the same row.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, case, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Mark, Post, User, activity
from app.models.mark import BOOKMARK, LIKE
from app.services import activities, paging, sight
from app.services.paging import Cursor, Page


@dataclass(frozen=True)
class Shown:
    """What a member sees on some posts: how many likes each has, and which they liked or bookmarked themselves."""

    likes: dict[int, int]
    liked: frozenset[int]
    bookmarked: frozenset[int]


def put(member: User, post: Post, kind: str) -> None:
    """Like or bookmark; doing it twice changes nothing."""
    if db.session.get(Mark, (member.id, kind, post.id)) is not None:
        return
    try:
        with db.session.begin_nested():
            db.session.add(Mark(user_id=member.id, kind=kind, post_id=post.id))
    except IntegrityError:
        return  # another tab was quicker
    if kind == LIKE:
        activities.tell(post.author_id, activity.LIKE, actor_id=member.id, post_id=post.id)


def take_back(member: User, post: Post, kind: str) -> None:
    """Unlike, or forget a bookmark; doing it twice changes nothing."""
    db.session.execute(delete(Mark).where(Mark.user_id == member.id, Mark.kind == kind, Mark.post_id == post.id))
    if kind == LIKE:
        activities.take_back(activity.LIKE, actor_id=member.id, post_id=post.id)


def shown(member: User, posts: Iterable[Post]) -> Shown:
    """The marks of a page of posts, in one question."""
    ids = [post.id for post in posts]
    if not ids:
        return Shown({}, frozenset(), frozenset())
    is_mine = func.max(case((Mark.user_id == member.id, 1), else_=0))
    counted = select(Mark.post_id, Mark.kind, func.count(), is_mine).where(Mark.post_id.in_(ids))
    rows = db.session.execute(counted.group_by(Mark.post_id, Mark.kind)).all()
    mine = {kind: frozenset(row[0] for row in rows if row[1] == kind and row[3]) for kind in (LIKE, BOOKMARK)}
    return Shown({row[0]: row[2] for row in rows if row[1] == LIKE}, mine[LIKE], mine[BOOKMARK])


def bookmarked(member: User, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Page[Post]:
    """The member's bookmarked posts, the newest posts first."""
    return paging.read(_bookmarked_by(member).options(joinedload(Post.author)), Post, at, size)


def _bookmarked_by(member: User) -> Select[Post]:
    mine = (Mark.post_id == Post.id) & (Mark.user_id == member.id) & (Mark.kind == BOOKMARK)
    return select(Post).join(Mark, mine).where(sight.posts(member.id))
