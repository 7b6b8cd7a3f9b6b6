"""Search: posts by their words, people by their names. The index follows every post that is written or changed,
and so do hashtags.

What is written in bulk past the session (an import, a seed) hands its posts to `put` itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, event, inspect, or_, select
from sqlalchemy.orm import Session, joinedload

from app.adapters import search as adapter
from app.extensions import begin_writing, db
from app.models import Post, User
from app.services import blocks, sight, tags

PAGE_SIZE = 25
PEOPLE = 8
MAX_QUESTION_LENGTH = 500
_AT_ONCE = 10_000
_WRITTEN = select(Post.id, Post.body, Post.created_at)
Written = tuple[int, str, datetime]  # what the index wants to know of a post: id, body, date


@dataclass(frozen=True)
class Found:
    """Posts with every word of the question, those that came last first; `before` reads on (None: these are all)."""

    items: Sequence[Post]
    before: int | None


def posts(question: str, viewer_id: int | None, before: int | None = None) -> Found:
    """A page of those the viewer may see. Any text is a question; one without a letter or picture finds nothing."""
    phrases = adapter.phrases(question[:MAX_QUESTION_LENGTH])
    if not phrases:
        return Found([], None)
    index = _index()
    # by id, as the index gives them: by date it would have to sort all that match, for each page
    asked = select(Post).join(index.source, index.post_id == Post.id)
    asked = asked.where(index.matches(phrases), sight.listed(viewer_id))
    if before is not None:
        asked = asked.where(index.post_id < before)
    asked = asked.order_by(index.post_id.desc()).limit(PAGE_SIZE + 1).options(joinedload(Post.author))
    rows = db.session.scalars(asked).all()
    return Found(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None)


def people(question: str, viewer_id: int) -> Sequence[User]:
    """A few members in whose name or words about themselves the question stands, names that begin with it first.

    Whom the viewer muted is found by name all the same: that is asked for, and their page can be opened.
    """
    asked = question.strip()[:MAX_QUESTION_LENGTH]
    if not asked:
        return []
    begins = or_(*(name.istartswith(asked, autoescape=True) for name in (User.username, User.name)))
    within = or_(*(said.icontains(asked, autoescape=True) for said in (User.username, User.name, User.about_me)))
    chosen = select(User).where(within, User.is_suspended.is_(False), blocks.sees(viewer_id, User.id))
    return db.session.scalars(chosen.order_by(begins.desc(), User.username).limit(PEOPLE)).all()


def put(posts: Sequence[Written], are_new: bool = True) -> None:
    """Take in posts that were written past the session, or are to be read again, in its transaction."""
    if posts:
        _put(db.session.connection(), posts, are_new)


def all_posts() -> Select[int]:
    """The ids of everything there is to index."""
    return select(Post.id)


def put_again(ids: Sequence[int]) -> None:
    """Index these posts as they are now; they are locked meanwhile, so that nobody changes one in between."""
    begin_writing(db.session.connection())
    rows = db.session.execute(_WRITTEN.where(Post.id.in_(ids)).with_for_update()).all()
    put([(row.id, row.body, row.created_at) for row in rows], are_new=False)


def put_beyond(last_id: int) -> Iterator[int]:
    """Index every post above an id, all new, a few thousand at a time; yields how many, for the caller to commit."""
    while rows := db.session.execute(_WRITTEN.where(Post.id > last_id).order_by(Post.id).limit(_AT_ONCE)).all():
        put([(row.id, row.body, row.created_at) for row in rows])
        last_id = rows[-1].id
        yield len(rows)


def _put(connection: Connection, posts: Sequence[Written], are_new: bool) -> None:
    _index().put(connection, [(post_id, body) for post_id, body, _ in posts])
    tags.put(connection, posts, are_new)


def _index() -> adapter.Index:
    return adapter.open_index(db.engine.dialect.name)


@event.listens_for(Session, "after_flush")
def _follow(session: Session, _context: Any) -> None:
    """Whoever writes a post through the session, a task of a student's too, need not think of the index."""
    written = [one for one in session.new if isinstance(one, Post)]
    changed = [one for one in session.dirty if isinstance(one, Post) and inspect(one).attrs.body.history.has_changes()]
    for found, are_new in ((written, True), (changed, False)):
        if found:
            _put(session.connection(), [(post.id, post.body, post.created_at) for post in found], are_new)
