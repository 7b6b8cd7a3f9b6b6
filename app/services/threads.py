"""Conversations: what a post answers, what answers it, and what a list shows of that.

Replies are counted when a page is read, from an index, and each viewer counts what they may see.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, literal, or_, select
from sqlalchemy.orm import aliased, joinedload

from app.extensions import db
from app.models import Post, User
from app.services import sight

PAGE_SIZE = 25
HEIGHT = 20
DELETED, UNSEEN = "a deleted post", "a post you cannot see"


@dataclass(frozen=True)
class Answered:
    """What a post is an answer to; without an `id` there is nothing to look at, and `name` says why."""

    name: str
    id: int | None = None


@dataclass(frozen=True)
class Shown:
    """What a list says of its posts: how many replies each has, and what each answers."""

    replies: dict[int, int]
    answered: dict[int, Answered]


@dataclass(frozen=True)
class Part:
    """Some posts of a conversation, oldest first; `after` reads on (None: these are all)."""

    items: Sequence[Post]
    after: int | None


@dataclass(frozen=True)
class Above:
    """The posts that lead to one, oldest first, as far as the viewer may see them; `missing` says what else is."""

    items: Sequence[Post]
    missing: str | None


def shown(viewer_id: int | None, posts: Iterable[Post]) -> Shown:
    """For a page of posts: one question for the replies, and one for what they answer, if any does."""
    found = list(posts)
    if not found:
        return Shown({}, {})
    counted = select(Post.reply_to_id, func.count()).where(Post.reply_to_id.in_([post.id for post in found]))
    rows = db.session.execute(counted.where(sight.posts(viewer_id)).group_by(Post.reply_to_id)).all()
    return Shown(
        {id: count for id, count in rows if id is not None},
        _answered(viewer_id, [post for post in found if post.thread_id]),
    )


def replies(post: Post, viewer_id: int | None, after: int | None = None) -> Part:
    """The direct replies."""
    return _part(select(Post).where(Post.reply_to_id == post.id), viewer_id, after)


def whole(post: Post, viewer_id: int | None, after: int | None = None) -> Part:
    """All of the conversation the post belongs to."""
    root = post.thread_id or post.id
    return _part(select(Post).where(or_(Post.id == root, Post.thread_id == root)), viewer_id, after)


def above(post: Post, viewer_id: int | None) -> Above:
    """What the post answers, what that answers, and so on, HEIGHT at the most."""
    if post.thread_id is None:
        return Above([], None)
    ids = _ids_above(post)
    asked = select(Post).where(Post.id.in_(ids), sight.posts(viewer_id)).options(joinedload(Post.author))
    items = db.session.scalars(asked.order_by(Post.id)).all()
    if len(ids) == HEIGHT:
        return Above(items, "more posts above")
    return Above(items, None if len(items) == len(ids) and post.thread_id in ids else "posts you cannot see any more")


def _part(question: Select[Post], viewer_id: int | None, after: int | None) -> Part:
    asked = question.where(sight.posts(viewer_id), Post.id > (after or 0)).options(joinedload(Post.author))
    rows = db.session.scalars(asked.order_by(Post.id).limit(PAGE_SIZE + 1)).all()
    return Part(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None)


def _ids_above(post: Post) -> Sequence[int]:
    parent = aliased(Post)
    chain = select(literal(post.reply_to_id).label("id"), literal(1).label("height")).cte(recursive=True)
    up = select(parent.reply_to_id, chain.c.height + 1).join(chain, parent.id == chain.c.id)
    chain = chain.union_all(up.where(parent.reply_to_id.is_not(None), chain.c.height < HEIGHT))
    return db.session.scalars(select(chain.c.id).where(chain.c.id.is_not(None))).all()


def _answered(viewer_id: int | None, found: Sequence[Post]) -> dict[int, Answered]:
    ids = {post.reply_to_id for post in found if post.reply_to_id is not None}
    names: dict[int, Answered] = {}
    if ids:
        parents = select(Post.id, User.username, sight.IS_THERE, sight.posts(viewer_id)).join(User)
        for id, name, is_there, is_seen in db.session.execute(parents.where(Post.id.in_(ids))):
            names[id] = Answered(name, id) if is_seen else Answered(UNSEEN if is_there else DELETED)
    return {post.id: names.get(post.reply_to_id or 0, Answered(DELETED)) for post in found}
