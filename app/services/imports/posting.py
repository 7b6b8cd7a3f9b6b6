"""Imported posts: which are here already, adding the new ones in bulk, and taking an import back. Nobody is told."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import db
from app.models import Post, User
from app.services import search, sight
from app.services.imports import microblog
from app.services.imports.rows import Row, key_of

_AT_ONCE = 2000


def marked(author_id: int, rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows, each told whether its post was here already when the first was asked for."""
    imported, written = _here(author_id)
    for row in rows:
        if row.problem is None:
            row.is_here = hash(row.source_id) in imported or written.get(hash(row.key), 0) > row.ordinal
        yield row


def add(author_id: int, import_run_id: str, rows: Sequence[Row]) -> int:
    """Write the rows as the author's posts, but for those that came in meanwhile; returns how many were written."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    columns = Post.__table__.c
    added = insert(Post.__table__).on_conflict_do_nothing()
    statement = added.returning(columns.id, columns.body, columns.created_at)
    values = [
        {
            "author_id": author_id,
            "body": row.body,
            "created_at": row.created_at,
            "visibility": row.visibility,
            "source": microblog.SOURCE,
            "source_id": row.source_id,
            "import_run_id": import_run_id,
        }
        for row in rows
    ]
    written = db.session.execute(statement, values).all()
    search.put([(row.id, row.body, row.created_at) for row in written])
    _count(author_id, len(written))
    return len(written)


def summary(count: int) -> str:
    """What the member reads at the end."""
    if not count:
        return "Nothing new: every post that can come in is here already."
    return f"{count:,} {'post' if count == 1 else 'posts'} imported."


def of_import(author_id: int, import_run_id: str) -> Select[int]:
    """The ids of the posts that an import wrote and that are still there."""
    return select(Post.id).where(Post.author_id == author_id, Post.import_run_id == import_run_id)


def remove(author_id: int, import_run_id: str, ids: Sequence[int]) -> None:
    """Delete these posts of an import, as far as they are still there, and count them off."""
    gone: Any = delete(Post).where(Post.id.in_(ids), Post.author_id == author_id, Post.import_run_id == import_run_id)
    removed = db.session.execute(gone.returning(Post.deleted_at).execution_options(synchronize_session=False)).all()
    _count(author_id, -sum(post.deleted_at is None for post in removed))


def _here(author_id: int) -> tuple[set[int], dict[int, int]]:
    """The hashes of what was imported, and how often each key stands for a post written here: an own export may
    come back. Read once, in order: to ask for every row's key would take an index scan each, and guesses of a planner.
    """
    words = case((Post.source.is_(None), Post.body))
    found = select(Post.source_id, Post.created_at, words).where(
        Post.author_id == author_id,
        or_(Post.source.is_(None) & sight.IS_THERE, Post.source == microblog.SOURCE),
    )
    imported: set[int] = set()
    written: dict[int, int] = {}
    for source_id, created_at, body in db.session.execute(found.execution_options(yield_per=_AT_ONCE)):
        if source_id is not None:
            imported.add(hash(source_id))
        else:
            key = hash(key_of(body, created_at))
            written[key] = written.get(key, 0) + 1
    return imported, written


def _count(author_id: int, change: int) -> None:
    if change:
        counted = update(User).where(User.id == author_id).values(post_count=User.post_count + change)
        db.session.execute(counted.execution_options(synchronize_session=False))
