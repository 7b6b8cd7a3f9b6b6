"""Imported posts: which are here already, adding the new ones in bulk, and taking an import back. Nobody is told."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Select, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import db
from app.models import Post, User
from app.services.imports import microblog
from app.services.imports.rows import Row, key_of

_AT_ONCE = 500
_SECOND = timedelta(seconds=1)


def marked(author_id: int, rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows, each told whether its post is here already; looked up some hundred at a time."""
    rows = iter(rows)
    while some := list(islice(rows, _AT_ONCE)):
        _mark(author_id, [row for row in some if row.problem is None])
        yield from some


def add(author_id: int, import_run_id: str, rows: Sequence[Row]) -> int:
    """Write the rows as the author's posts, but for those that came in meanwhile; returns how many were written."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(Post.__table__).on_conflict_do_nothing().returning(Post.__table__.c.id)
    values = [
        {
            "author_id": author_id,
            "body": row.body,
            "created_at": row.created_at,
            "source": microblog.SOURCE,
            "source_id": row.source_id,
            "import_run_id": import_run_id,
        }
        for row in rows
    ]
    written = len(db.session.execute(statement, values).all())
    _count(author_id, written)
    return written


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
    removed = db.session.execute(gone.returning(Post.id).execution_options(synchronize_session=False)).all()
    _count(author_id, -len(removed))


def _mark(author_id: int, rows: list[Row]) -> None:
    """One statement: a post that is here already lies within the rows' own span of time (files are in its order)."""
    if not rows:
        return
    imported: set[str] = set()
    written: Counter[str] = Counter()
    for source_id, created_at, body in db.session.execute(_posts_between(author_id, rows)):
        if source_id is not None:
            imported.add(source_id)
        else:
            written[key_of(body, created_at)] += 1
    for row in rows:
        row.is_here = row.source_id in imported or written[row.key] > row.ordinal


def _posts_between(author_id: int, rows: list[Row]) -> Select[Any]:
    """Source id, date, and the words of those the author wrote here: what was exported need not come back."""
    first = min(row.created_at for row in rows).replace(microsecond=0)
    last = max(row.created_at for row in rows).replace(microsecond=0)
    words = case((Post.source.is_(None), Post.body))
    return select(Post.source_id, Post.created_at, words).where(
        Post.author_id == author_id,
        Post.created_at >= first,
        Post.created_at < last + _SECOND,
        or_(Post.source.is_(None), Post.source == microblog.SOURCE),
    )


def _count(author_id: int, change: int) -> None:
    if change:
        counted = update(User).where(User.id == author_id).values(post_count=User.post_count + change)
        db.session.execute(counted.execution_options(synchronize_session=False))
