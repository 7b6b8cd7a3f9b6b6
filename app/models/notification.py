"""A member's notifications: state under a key, not events, ordered by a counter of the member's own.

`collect` only remembers; one hook before the outer commit draws the counters, in ascending member id, and writes
the rows. Drawn earlier, two writers would deadlock; drawn from a clock or an id, a poll would miss rows.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, ForeignKey, Index, Insert, String, Text, bindparam, event, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime

PLAIN, ACTIVE, OUTCOME, SEEN = "plain", "active", "outcome", "seen"
_WAITING = "notifications_waiting"
_MARKS = "notifications_marks"


class NotificationCounter(db.Model):
    """The last `seq` a member's notifications were given."""

    __tablename__ = "notification_counter"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(default=0)


class Notification(db.Model):
    """The newest value of one key. `status`: plain, or a run's active, outcome (not yet acknowledged), seen."""

    __tablename__ = "notification"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    seq: Mapped[int]
    status: Mapped[str] = mapped_column(String(8), default=PLAIN)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    payload_json: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_notification_user_seq", "user_id", "seq"),
        Index(
            "ix_notification_outcomes",
            "user_id",
            sqlite_where=text("status = 'outcome'"),
            postgresql_where=text("status = 'outcome'"),
        ),
    )

    @property
    def data(self) -> Any:
        """The payload as plain values."""
        return json.loads(self.payload_json)


@dataclass(frozen=True)
class Waiting:
    """A notification collected but not yet written. `count` gives its data once the counter is drawn."""

    user_id: int
    key: str
    name: str
    payload_json: str
    status: str
    count: Callable[[Connection], int] | None = None


def collect(user_id: int, key: str, name: str, data: Any, status: str = PLAIN) -> None:
    """Remember to set `key` to `data` for the member when this session's outer transaction commits."""
    _remember(Waiting(user_id, key, name, _encoded(data), status))


def collect_count(user_id: int, name: str, count: Callable[[Connection], int]) -> None:
    """As `collect`, for a number that several writers change at once: counted when the member's counter is drawn.

    Whoever draws second waits for the first to commit, and so counts what the first wrote too. None at all is no news
    to a page that has just been opened.
    """
    _remember(Waiting(user_id, name, name, "", PLAIN, count))


def waiting_count(session: Session) -> int:
    """How many notifications this session has collected and not yet written."""
    return len(session.info.get(_WAITING, ()))


def forget_after(session: Session, count: int) -> None:
    """Drop what was collected after the first `count`."""
    del session.info.get(_WAITING, [])[count:]


def _remember(waiting: Waiting) -> None:
    db.session().info.setdefault(_WAITING, []).append(waiting)


def _encoded(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_WAITING):
        return
    session.flush()
    waiting: list[Waiting] = session.info.pop(_WAITING)
    newest = {(item.user_id, item.key): item for item in waiting}
    by_user: dict[int, list[Waiting]] = {}
    for item in newest.values():
        by_user.setdefault(item.user_id, []).append(item)
    drawn = {user_id: _draw(session, user_id, len(by_user[user_id])) for user_id in sorted(by_user)}
    written_at = clock.now()
    for user_id in sorted(by_user):
        if drawn[user_id] is not None:
            _upsert(session, by_user[user_id], drawn[user_id] or 0, written_at)


def _draw(session: Session, user_id: int, count: int) -> int | None:
    """The member's counter after it rose by `count`; None when the member is gone."""
    connection, values = session.connection(), {"member": user_id, "count": count}
    seq: int | None = connection.scalar(_RAISE, values)
    if seq is None and connection.scalar(text('SELECT 1 FROM "user" WHERE id = :member'), values):
        connection.execute(_begin_counting(connection.dialect.name), {"user_id": user_id, "seq": 0})
        seq = connection.scalar(_RAISE, values)
    return seq


def _upsert(session: Session, items: list[Waiting], last_seq: int, written_at: datetime) -> None:
    connection = session.connection()
    rows = []
    for seq, item in enumerate(items, start=last_seq - len(items) + 1):
        payload, status = item.payload_json, item.status
        if item.count is not None:
            count = item.count(connection)
            payload, status = _encoded(count), PLAIN if count else SEEN
        rows.append(
            {
                "user_id": item.user_id,
                "key": item.key,
                "name": item.name,
                "seq": seq,
                "status": status,
                "written_at": written_at,
                "payload_json": payload,
            }
        )
    connection.execute(_set_state(connection.dialect.name), rows)


# Built once: these run with every batch of every task, and building them took longer than running them.
_COUNTERS, _NOTIFICATIONS = NotificationCounter.__table__, Notification.__table__
_RAISE = (
    update(_COUNTERS)
    .where(_COUNTERS.c.user_id == bindparam("member"))
    .values(seq=_COUNTERS.c.seq + bindparam("count"))
    .returning(_COUNTERS.c.seq)
)


@cache
def _begin_counting(dialect: str) -> Insert:
    return _INSERT[dialect](_COUNTERS).on_conflict_do_nothing()


@cache
def _set_state(dialect: str) -> Insert:
    statement = _INSERT[dialect](_NOTIFICATIONS)
    changed = {name: statement.excluded[name] for name in ("name", "seq", "status", "written_at", "payload_json")}
    return statement.on_conflict_do_update(index_elements=["user_id", "key"], set_=changed)


_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(_MARKS, WeakKeyDictionary())[transaction] = waiting_count(session)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What a rolled-back SAVEPOINT or transaction collected is forgotten with it."""
    kept = session.info.get(_MARKS, {}).get(transaction, 0) if transaction.nested else 0
    forget_after(session, kept)
