"""Synthetic members, follows and posts in bulk: what benchmarks read, the same for the same seed."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import func, insert, select, text, update

from app.errors import Conflict
from app.extensions import db
from app.models import Follow, Post, User
from app.models.base import UtcDateTime
from app.security import passwords
from app.services import phrases, search

PASSWORD = "microblog"
# fixed, so that the same seed gives the same rows on any day
FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=5 * 365)
_BATCH = 50_000
_DIFFERENT_PHRASES = 2_000

Row = dict[str, Any]
PostRow = tuple[int, str, datetime]  # author's id, body, date
Written = tuple[str, int]


def plant(user_count: int, post_count: int, follow_count: int, seed: int, is_open: bool) -> Iterator[Written]:
    """Write members, each of whom follows `follow_count` others, and `post_count` posts among them.

    `is_open` lets them sign in with the demo's password; otherwise nobody can. Yields (what, how many) after each
    batch, for the caller to commit. Raises Conflict when the seed was planted before.
    """
    if db.session.scalar(select(User.id).where(User.username == _name(seed, 0))) is not None:
        raise Conflict(f"Seed {seed} was planted before: give another --seed.")
    _make_room()
    last_id = db.session.scalar(select(func.max(User.id))) or 0
    yield from _written(User, "members", _members(user_count, seed, is_open))
    search.put_members_beyond(last_id)
    ids = db.session.scalars(select(User.id).where(User.id > last_id).order_by(User.id)).all()
    dice = Random(seed)
    yield from _written(Follow, "follows", _follows(ids, min(follow_count, len(ids) - 1), dice))
    last_post_id = db.session.scalar(select(func.max(Post.id))) or 0
    yield from _written_posts(_posts(ids, post_count, dice))
    yield from (("posts in the index", count) for count in search.put_beyond(last_post_id))
    _count(last_id)
    yield "counters", len(ids)


def _make_room() -> None:
    """SQLite's own 2 MB of cache spill at inserts all over an index; 128 MB make them half as fast again."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("PRAGMA cache_size = -131072"))


def _written(model: Any, what: str, rows: Iterator[Row]) -> Iterator[Written]:
    count = 0
    while batch := list(islice(rows, _BATCH)):
        db.session.execute(insert(model.__table__), batch)
        count += len(batch)
        yield what, count


def _written_posts(rows: Iterator[PostRow]) -> Iterator[Written]:
    """Past the compiler, which takes as long for a row as the database; a post's other columns have the table's own
    defaults.
    """
    dialect, count = db.session.connection().dialect, 0
    statement = "INSERT INTO post (author_id, body, created_at) VALUES (%s, %s, %s)"
    if dialect.paramstyle == "qmark":
        statement = statement.replace("%s", "?")
    as_kept: Any = UtcDateTime().bind_processor(dialect)
    while batch := [(author_id, body, as_kept(at)) for author_id, body, at in islice(rows, _BATCH)]:
        db.session.connection().exec_driver_sql(statement, batch)
        count += len(batch)
        yield "posts", count


def _name(seed: int, place: int) -> str:
    return f"member_{seed}_{place}"


def _members(count: int, seed: int, is_open: bool) -> Iterator[Row]:
    password_hash = passwords.hashed(PASSWORD) if is_open else "!"
    for place in range(count):
        name = _name(seed, place)
        yield {
            "username": name,
            "email": f"{name}@example.com",
            "password_hash": password_hash,
            "created_at": FIRST_DAY,
        }


def _follows(ids: Sequence[int], count: int, dice: Random) -> Iterator[Row]:
    for follower_id in ids:
        others = (member_id for member_id in dice.sample(ids, count + 1) if member_id != follower_id)
        for followed_id in islice(others, count):
            yield {"follower_id": follower_id, "followed_id": followed_id, "created_at": FIRST_DAY}


def _posts(ids: Sequence[int], count: int, dice: Random) -> Iterator[PostRow]:
    """Oldest first, one every so often; as in life, few members write much and many write little."""
    words = [phrases.phrase(dice) for _ in range(_DIFFERENT_PHRASES)]
    step = _SPAN / max(count, 1)
    for place in range(count):
        author_id = ids[int(len(ids) * dice.random() ** 2)]
        yield author_id, words[int(len(words) * dice.random())], FIRST_DAY + (place + dice.random()) * step


def _count(last_id: int) -> None:
    def counted(column: Any) -> Any:
        return select(func.count()).where(column == User.id).correlate(User).scalar_subquery()

    counts = update(User).where(User.id > last_id)
    counts = counts.values(
        post_count=counted(Post.author_id),
        follower_count=counted(Follow.followed_id),
        following_count=counted(Follow.follower_id),
    )
    db.session.execute(counts.execution_options(synchronize_session=False))
