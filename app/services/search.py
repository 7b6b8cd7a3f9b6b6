"""Search: posts by their words, people by their names. The indexes follow every post and member written or changed,
and so do hashtags.

What is written in bulk past the session (an import, a seed) hands its posts to `put` and its members over itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, event, inspect, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from app.adapters import search as adapter
from app.extensions import begin_writing, db
from app.models import Post, User
from app.services import blocks, sight, tags

PAGE_SIZE = 25
PEOPLE = 8
MAX_QUESTION_LENGTH = 500
_AT_ONCE = 10_000
_WRITTEN = select(Post.id, Post.body, Post.created_at)
_SAID = (User.username, User.name, User.about_me)  # what a member is found by
_KNOWN_AS = select(User.id, *_SAID)
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
    index = _index(adapter.POSTS)
    # by id, as the index gives them: by date it would have to sort all that match, for each page
    asked = select(Post).join(index.source, index.id == Post.id)
    asked = asked.where(index.matches(phrases), sight.listed(viewer_id))
    if before is not None:
        asked = asked.where(index.id < before)
    asked = asked.order_by(index.id.desc()).limit(PAGE_SIZE + 1).options(joinedload(Post.author))
    rows = db.session.scalars(asked).all()
    return Found(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None)


def people(question: str, viewer_id: int) -> Sequence[User]:
    """A few members with every word of the question in their name or words about themselves; names that begin with it
    are first, however short it is.

    Whom the viewer muted is found by name all the same: that is asked for, and their page can be opened.
    """
    asked = question.strip().lstrip("@")[:MAX_QUESTION_LENGTH]
    if not asked:
        return []
    begins = or_(*(name.istartswith(asked, autoescape=True) for name in (User.username, User.name)))
    found = begins
    if phrases := adapter.phrases(asked):
        index = _index(adapter.MEMBERS)
        found = or_(begins, User.id.in_(select(index.id).select_from(index.source).where(index.matches(phrases))))
    chosen = select(User).where(found, User.is_suspended.is_(False), blocks.sees(viewer_id, User.id))
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


def all_members() -> Select[int]:
    """The ids of everybody there is to index."""
    return select(User.id)


def put_members_again(ids: Sequence[int]) -> None:
    """Index these members as they are now, like `put_again`."""
    begin_writing(db.session.connection())
    asked = _KNOWN_AS.where(User.id.in_(ids)).order_by(User.id)
    rows = db.session.execute(asked.with_for_update(key_share=True)).all()
    _put_members(db.session.connection(), [(row.id, row[1:]) for row in rows])


def put_members_beyond(last_id: int) -> None:
    """Index every member above an id."""
    rows = db.session.execute(_KNOWN_AS.where(User.id > last_id)).all()
    if rows:
        _put_members(db.session.connection(), [(row.id, row[1:]) for row in rows])


def put_beyond(last_id: int) -> Iterator[int]:
    """Index every post above an id, all new, a few thousand at a time; yields how many, for the caller to commit."""
    while rows := db.session.execute(_WRITTEN.where(Post.id > last_id).order_by(Post.id).limit(_AT_ONCE)).all():
        put([(row.id, row.body, row.created_at) for row in rows])
        last_id = rows[-1].id
        yield len(rows)


def _put(connection: Connection, posts: Sequence[Written], are_new: bool) -> None:
    _index(adapter.POSTS).put(connection, [(post_id, body) for post_id, body, _ in posts])
    tags.put(connection, posts, are_new)


def _put_members(connection: Connection, members: Sequence[tuple[int, Sequence[str]]]) -> None:
    _index(adapter.MEMBERS).put(connection, [(member_id, "\n".join(said)) for member_id, said in members])


def _index(name: str) -> adapter.Index:
    return adapter.open_index(db.engine.dialect.name, name)


@event.listens_for(Session, "after_flush")
def _follow(session: Session, _context: Any) -> None:
    """Whoever writes a post or a member through the session, a task of a student's too, need not think of the index."""
    written = [one for one in session.new if isinstance(one, Post)]
    changed = [one for one in session.dirty if isinstance(one, Post) and _has_changed(one, Post.body)]
    for found, are_new in ((written, True), (changed, False)):
        if found:
            _put(session.connection(), [(post.id, post.body, post.created_at) for post in found], are_new)
    members = [one for one in session.new if isinstance(one, User)]
    members += [one for one in session.dirty if isinstance(one, User) and _has_changed(one, *_SAID)]
    if members:
        said = [(one.id, (one.username, one.name, one.about_me)) for one in members]
        _put_members(session.connection(), said)


def _has_changed(row: Post | User, *columns: InstrumentedAttribute[str]) -> bool:
    return any(inspect(row).attrs[column.key].history.has_changes() for column in columns)
