"""What happened that concerns a member: told in the transaction that causes it, read on their notifications page.

How much of it is unread is a notification, so the badge of every open page follows.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app import clock
from app.errors import NotFound
from app.extensions import db
from app.models import Activity, Notification, Post, Run, User, notification, run_state
from app.models.activity import FOLLOW, LIKE, MESSAGE, RUN
from app.services import activity_choices, activity_letters, blocks, sight
from app.services.paging import Cursor

UNREAD = "unread_activity_count"
COUNTED = 100  # a badge says "99+" of more
KEPT = timedelta(days=90)
TOLD_AGAIN = (MESSAGE, RUN)  # one line each, which the newest message or end makes new
TOLD_RUNS = (run_state.SUCCEEDED, run_state.PARTIAL, run_state.FAILED)
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def tell(
    user_id: int, kind: str, *, actor_id: int | None = None, post_id: int | None = None, run_id: str | None = None
) -> None:
    """Tell the member, once for the same thing, where they want to be told.

    Nobody is told of their own doing, or of whom they turned away from. A letter goes out when nothing else of the kind
    (of messages: by the same member) waits to be read; where nothing is told on the page, once a day for the same.
    """
    if actor_id is not None and (actor_id == user_id or not blocks.is_heard(actor_id, by_id=user_id)):
        return
    choice = activity_choices.for_kind(user_id, kind)
    now = clock.now()
    key = _key(kind, actor_id, post_id, run_id)
    is_first = choice.by_letter and not _is_waiting(user_id, kind, key)
    is_news = not choice.on_page or _write(user_id, kind, key, now, actor_id, post_id, run_id)
    if is_first and is_news:
        # who is followed, unfollowed and followed hears of it once a day; the next message is another one
        moment = clock.stamp(now) if kind == MESSAGE and choice.on_page else f"{now:%Y-%m-%d}"
        activity_letters.write(user_id, kind, f"{key}:{moment}", actor_id, post_id)


def _is_waiting(user_id: int, kind: str, key: str) -> bool:
    same = Activity.key == key if kind == MESSAGE else Activity.kind == kind
    unread = select(Activity.id).where(Activity.user_id == user_id, Activity.read_at.is_(None), same)
    return db.session.scalar(unread.limit(1)) is not None


def _write(
    user_id: int, kind: str, key: str, now: datetime, actor_id: int | None, post_id: int | None, run_id: str | None
) -> bool:
    """A line of the page; False where it stood there already."""
    row = {"user_id": user_id, "kind": kind, "key": key, "about": _about(kind, key, post_id, now), "created_at": now}
    insert = _INSERT[db.engine.dialect.name](Activity.__table__)
    insert = insert.values(**row, actor_id=actor_id, post_id=post_id, run_id=run_id)
    if kind in TOLD_AGAIN:
        renewed = {"created_at": now, "read_at": None}
        insert = insert.on_conflict_do_update(index_elements=["user_id", "key"], set_=renewed)
    else:
        insert = insert.on_conflict_do_nothing(index_elements=["user_id", "key"])
    db.session.flush()
    if db.session.execute(insert.returning(Activity.id)).first() is None:
        return False
    count_again(user_id)
    return True


def take_back(
    kind: str, *, actor_id: int | None = None, post_id: int | None = None, user_id: int | None = None
) -> None:
    """It is no longer so: forget it, whoever was told. Give what it was told with; `user_id` where it has no post."""
    given = {Activity.kind: kind, Activity.actor_id: actor_id, Activity.post_id: post_id, Activity.user_id: user_id}
    which = [column == value for column, value in given.items() if value is not None]
    forgotten = delete(Activity).where(*which).returning(Activity.user_id)
    for told in set(db.session.scalars(forgotten.execution_options(synchronize_session=False))):
        count_again(told)


def recount_of(post_id: int) -> None:
    """The post can be seen by others than before, or no longer: badges of who was told of it are counted again."""
    for told in set(db.session.scalars(select(Activity.user_id).where(Activity.post_id == post_id))):
        count_again(told)


def tell_of_run(run: Run) -> None:
    """Tell its owner that a run has ended, unless they cancelled it themselves."""
    if run.user_id is not None and run.state in TOLD_RUNS:
        tell(run.user_id, RUN, run_id=run.id)


def forget_run(run_id: str) -> None:
    """The run is about to be removed, and what was told of it with it."""
    forgotten = delete(Activity).where(Activity.run_id == run_id).returning(Activity.user_id)
    for told in db.session.scalars(forgotten.execution_options(synchronize_session=False)).all():
        count_again(told)


def over() -> Select[int]:
    """The ids of lines that nobody looks for any more, read or not."""
    return select(Activity.id).where(Activity.created_at < clock.now() - KEPT)


def remove(activity_id: int) -> int:
    """Remove such a line, unless it has just been made new; how many that were."""
    gone = delete(Activity).where(Activity.id.in_(over().where(Activity.id == activity_id)))
    told = gone.returning(Activity.user_id, Activity.read_at).execution_options(synchronize_session=False)
    rows = db.session.execute(told).all()
    for row in rows:
        if row.read_at is None:
            count_again(row.user_id)
    return len(rows)


def see_run(run: Run) -> None:
    """The owner has acknowledged how the run ended."""
    if run.user_id is not None:
        _read(run.user_id, Activity.key == _key(RUN, None, None, run.id))


def read(member: User, activity_id: int) -> None:
    """The member has read that line. Raises NotFound."""
    about = db.session.scalar(of_member(member.id).with_only_columns(Activity.about).where(Activity.id == activity_id))
    if about is None:
        raise NotFound("There is no such notification.")
    _read(member.id, Activity.about == about)


def read_all(member: User, until: Cursor | None) -> None:
    """The member has read everything, or everything up to that moment."""
    _read(member.id, *(() if until is None else (Activity.created_at <= until.moment,)))


def mend(member: User) -> bool:
    """Set a badge right that is wrong since others hid something, or left; False where it is right."""
    stored = db.session.scalar(
        select(Notification.payload_json).where(Notification.user_id == member.id, Notification.key == UNREAD)
    )
    is_wrong = int(stored or 0) != db.session.scalar(select(unread(member.id)))
    if is_wrong:
        count_again(member.id)
    return is_wrong


def see_messages(user_id: int, sender_id: int) -> None:
    """The member has read what the other wrote to them."""
    _read(user_id, Activity.key == _key(MESSAGE, sender_id))


def count_again(user_id: int) -> None:
    """Set the member's badge when the transaction commits."""

    def count(connection: Connection) -> int:
        return connection.scalar(select(unread(user_id))) or 0

    notification.collect_count(user_id, UNREAD, count)


def of_member(user_id: int) -> Select[Activity]:
    """What the member was told and may still see; any order."""
    return select(Activity).where(Activity.user_id == user_id, *visible(user_id, Activity))


def visible(user_id: int, told: type[Activity]) -> tuple[ColumnElement[bool], ...]:
    """The conditions that hold for what the member may still see: of those who are heard, about posts they see."""
    is_seen = select(Post.id).where(Post.id == told.post_id, sight.posts(user_id)).exists()
    is_heard = or_(told.actor_id.is_(None), blocks.hears(user_id, told.actor_id))
    return or_(told.post_id.is_(None), is_seen), is_heard


def unread(user_id: int) -> ScalarSelect[int]:
    """How much the member has not read, COUNTED at the most."""
    found = of_member(user_id).with_only_columns(Activity.id).where(Activity.read_at.is_(None)).limit(COUNTED)
    return select(func.count()).select_from(found.subquery()).scalar_subquery()


def _read(user_id: int, *which: ColumnElement[bool]) -> None:
    read = update(Activity).where(Activity.user_id == user_id, Activity.read_at.is_(None), *which)
    found: Any = db.session.execute(read.values(read_at=clock.now()).execution_options(synchronize_session=False))
    if found.rowcount:
        count_again(user_id)


def _key(*parts: str | int | None) -> str:
    return ":".join(str(part) for part in parts if part is not None)


def _about(kind: str, key: str, post_id: int | None, now: datetime) -> str:
    """What stands together in one line: the likes of a post, the new followers of a day; all else by itself."""
    if kind == LIKE:
        return f"{LIKE}:{post_id}"
    return f"{FOLLOW}:{now.astimezone(UTC):%Y-%m-%d}" if kind == FOLLOW else key
