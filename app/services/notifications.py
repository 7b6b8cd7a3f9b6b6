"""A member's notifications, as the poll reads them: session, member, counter, runs and rows in one statement.

This is the hottest read of all (every open page, every second): one text given to the driver itself (through the ORM's
layers it took ten times as long), and an answer put together from stored JSON, never decoded to be encoded again.
"""

import json
import re
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import PoolProxiedConnection, select

from app import clock
from app.engine import monitor
from app.errors import TooMany
from app.extensions import db
from app.models import Notification, User

PAGE = 100
PLAIN = "task_progress"
COUNTS = ("unread_activity_count", "unread_message_count")
PLAIN_FRESH, PLAIN_OVER = timedelta(seconds=10), timedelta(seconds=60)
POLLS_PER_SECOND, POLL_BURST = 20.0, 300.0

_POLL = """
    SELECT 'member' AS kind, COALESCE(c.seq, 0) AS seq, u.session_epoch AS number, u.is_suspended AS flag,
           NULL AS key, NULL AS name, NULL AS payload,
           (SELECT p.written_at FROM notification p WHERE p.user_id = u.id AND p.key = 'task_progress') AS at,
           NULL AS other_at,
           (SELECT COUNT(*) FROM notification o WHERE o.user_id = u.id AND o.status = 'outcome') AS total
      FROM "user" u LEFT JOIN notification_counter c ON c.user_id = u.id WHERE u.id = :user_id
    UNION ALL
    SELECT 'run', NULL, NULL, NULL, r.id, r.state, r.task || ' ' || r.queue || ' ' || COALESCE(r.sent_to, '-'),
           r.advanced_at, r.created_at,
           CASE WHEN r.state = 'queued' THEN
             (SELECT COUNT(*) FROM run b WHERE b.state = 'queued' AND b.queue = r.queue AND b.line < r.line) END
      FROM run r
     WHERE r.user_id = :user_id AND r.state IN ('queued', 'running', 'retrying', 'cancelling')
    UNION ALL
    SELECT * FROM (
      SELECT 'row', n.seq, 0 AS number, FALSE AS flag, n.key, n.name, n.payload_json, n.written_at,
             n.written_at AS other_at, 0 AS total
        FROM notification n
       WHERE n.user_id = :user_id AND n.seq > :since AND (:since > 0 OR n.status <> 'seen')
       ORDER BY n.seq LIMIT :page) AS newest
    """
_POLL_OF = {"sqlite": _POLL, "postgresql": re.sub(r":(\w+)", r"%(\1)s", _POLL)}


@dataclass(frozen=True)
class Poll:
    """An answer to a poll: the JSON body and its validator. `is_signed_in` is False when the sign-in is over."""

    is_signed_in: bool
    body: str = ""
    etag: str = ""


class _Bucket:
    """A member's allowance of polls: `POLL_BURST` at once, `POLLS_PER_SECOND` in the long run."""

    __slots__ = ("at", "left")

    def __init__(self, at: float) -> None:
        self.at, self.left = at, POLL_BURST


_buckets: dict[int, _Bucket] = {}


def check_pace(user_id: int) -> None:
    """Raises TooMany when a member polls more than 20 times a second for long."""
    now = time.monotonic()
    bucket = _buckets.get(user_id)
    if bucket is None:
        if len(_buckets) > 10_000:
            _buckets.clear()
        bucket = _buckets[user_id] = _Bucket(now)
    bucket.left = min(POLL_BURST, bucket.left + (now - bucket.at) * POLLS_PER_SECOND)
    bucket.at = now
    if bucket.left < 1:
        raise TooMany("You ask too often: at most 20 times a second.", 1)
    bucket.left -= 1


def poll(user_id: int, session_epoch: int, since: int, active_ms: int, idle_ms: int) -> Poll:
    """What the member must know that is newer than `since` (0: all that is current). Writes nothing."""
    lines = _read(user_id, since)
    member = lines[0] if lines and lines[0].kind == "member" else None
    if member is None or member.flag or member.number != session_epoch:
        return Poll(is_signed_in=False)
    if since > member.seq:
        lines = _read(user_id, 0)
    return _answer(lines[0], lines[1:], since, active_ms, idle_ms)


@dataclass(frozen=True)
class News:
    """What every page of a member's shows of their notifications, as it stands when the page is made."""

    plain: str
    unread: dict[str, int]


def news(user: User) -> News:
    """The plain progress' sentence and the numbers of what is unread, in one question."""
    asked = select(Notification.key, Notification.payload_json, Notification.written_at)
    mine = asked.where(Notification.user_id == user.id, Notification.key.in_((PLAIN, *COUNTS)))
    rows = {row.key: row for row in db.session.execute(mine)}
    plain = rows.pop(PLAIN, None)
    counts = {key: json.loads(rows[key].payload_json) if key in rows else 0 for key in COUNTS}
    return News(
        plain=plain_text(json.loads(plain.payload_json), plain.written_at) if plain else "",
        # the tutorial's reader may have written anything under such a name
        unread={key: count if isinstance(count, int) else 0 for key, count in counts.items()},
    )


def plain_text(data: Any, written_at: datetime) -> str:
    """The tutorial's own notification, `task_progress` without a run, as the tray says it: "Progress: 30%", or nothing.

    As static/js/lib/bar.js has it: one that has ended is told for a minute.
    """
    percent = _percent(data)
    if percent is None or (percent >= 100 and clock.now() - written_at > PLAIN_OVER):
        return ""
    return f"Progress: {percent:g}%"


def _percent(data: Any) -> float | None:
    """What a plain notification says of itself; it may be anything, for anybody may write one."""
    match data:
        case {"progress": int() | float() as percent}:
            return percent
        case {"step": int() | float() as step, "total": int() | float() as total} if total > 0:
            return 100 * step // total
    return None


def _read(user_id: int, since: int) -> list["_Line"]:
    """A connection that is lost in this very moment is no reason to refuse: nothing is written, so another asks."""
    connection = db.engine.raw_connection()
    try:
        return _ask(connection, user_id, since)
    except db.engine.dialect.loaded_dbapi.Error as error:
        if not db.engine.dialect.is_disconnect(error, connection.driver_connection, None):
            raise
        connection.invalidate(error)
    finally:
        connection.close()
    another = db.engine.raw_connection()
    try:
        return _ask(another, user_id, since)
    finally:
        another.close()


def _ask(connection: PoolProxiedConnection, user_id: int, since: int) -> list["_Line"]:
    cursor = connection.cursor()
    cursor.execute(_POLL_OF[db.engine.dialect.name], {"user_id": user_id, "since": since, "page": PAGE + 1})
    return sorted(map(_Line._make, cursor.fetchall()), key=lambda line: line.kind)


class _Line(NamedTuple):
    """A row of the poll: the member, one of their active runs, or a notification ("row")."""

    kind: str
    seq: int
    number: int
    flag: bool
    key: str
    name: str
    payload: str
    at: Any
    other_at: Any
    total: int


def _answer(member: _Line, rows: Sequence[_Line], since: int, active_ms: int, idle_ms: int) -> Poll:
    is_reset = since > member.seq
    notices = sorted((row for row in rows if row.kind == "row"), key=lambda row: row.seq)
    runs = [row for row in rows if row.kind == "run"]
    has_more = len(notices) > PAGE
    notices = notices[:PAGE]
    cursor = notices[-1].seq if has_more else member.seq
    live = json.dumps({row.key: _health(row) for row in runs}, separators=(",", ":")) if runs else "{}"
    has_plain = member.at is not None and clock.now() - _moment(member.at) < PLAIN_FRESH
    etag = f'W/"{cursor}.{zlib.crc32(live.encode()):08x}"' if runs or has_plain else f'W/"{cursor}"'
    next_ms = _pace(runs, has_plain, active_ms, idle_ms)
    body = (
        f'{{"cursor":{cursor},"reset":{_bool(is_reset)},"more":{_bool(has_more)},"now":"{clock.stamp(clock.now())}",'
        f'"poll":{{"next_ms":{next_ms}}},"unread":{member.total},"active":{len(runs)},'
        f'"live":{live},"notifications":[{",".join(map(_notification, notices))}]}}'
    )
    return Poll(is_signed_in=True, body=body, etag=etag)


def _notification(row: _Line) -> str:
    return (
        f'{{"seq":{row.seq},"key":{json.dumps(row.key)},"name":{json.dumps(row.name)},'
        f'"timestamp":"{clock.stamp(_moment(row.at))}","data":{row.payload}}}'
    )


def _health(row: _Line) -> dict[str, Any]:
    task, queue, sent_to = row.payload.split(" ")
    return monitor.health(
        state=row.name,
        task=task,
        queue=queue,
        sent_to=None if sent_to == "-" else sent_to,
        advanced_at=_moment(row.at) if row.at else None,
        created_at=_moment(row.other_at),
        ahead=row.total or 0,
    )


def _pace(runs: Sequence[_Line], has_plain: bool, active_ms: int, idle_ms: int) -> int:
    """Fast while something runs, a third of that while it only waits, slow when there is nothing."""
    if has_plain or any(row.name in ("running", "cancelling") for row in runs):
        return active_ms
    return 3 * active_ms if runs else idle_ms


def _moment(value: datetime | str) -> datetime:
    """A raw column of either database (SQLite gives the text it keeps) as an aware UTC time."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bool(value: bool) -> str:
    return "true" if value else "false"
