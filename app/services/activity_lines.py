"""The lines of a member's notifications page: what is told together is one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.orm import aliased, joinedload

from app import clock
from app.engine import monitor
from app.extensions import db
from app.models import Activity, Post, Run, User
from app.services import activities, paging
from app.services.paging import Cursor

NAMED = 2  # of many who did the same


@dataclass(frozen=True)
class Line:
    """What is told together: `count` members did it, of whom the newest are `actors`; or `run` ended, as it says."""

    id: int
    kind: str
    at: datetime
    actors: list[User]
    count: int
    is_unread: bool
    post: Post | None
    run: Run | None
    run_text: str


@dataclass(frozen=True)
class Lines:
    """A page of them and the cursors beside it. `until` says up to when "all" is, None where all has been read."""

    lines: list[Line]
    newer: str | None
    older: str | None
    until: str | None


@dataclass(frozen=True)
class Gathered:
    """What the lines with one `about` have together."""

    count: int
    is_unread: bool
    actors: list[User]


def page(member: User, at: Cursor | None = None, size: int = paging.PAGE_SIZE) -> Lines:
    """What the member was told, newest first, a line for all that is told together."""
    now = clock.now()
    newer = aliased(Activity)
    is_newer = tuple_(newer.created_at, newer.id) > tuple_(Activity.created_at, Activity.id)
    together = (newer.user_id == Activity.user_id, newer.about == Activity.about, is_newer)
    is_newest = ~select(newer.id).where(*together, *activities.visible(member.id, newer)).exists()
    found = (
        activities.of_member(member.id).where(is_newest).options(joinedload(Activity.post), joinedload(Activity.run))
    )
    newest: paging.Page[Activity] = paging.read(found, Activity, at, size)
    gathered = _gather(member, [one.about for one in newest.items])
    # what is not there any more was taken back between the two questions
    lines = [_line(one, gathered[one.about]) for one in newest.items if one.about in gathered]
    is_unread = bool(db.session.scalar(select(activities.unread(member.id))))
    until = str(Cursor(now, 0)) if is_unread else None
    return Lines(lines, newest.newer, newest.older, until)


def _gather(member: User, abouts: Iterable[str]) -> dict[str, Gathered]:
    """Of what is told together: how many there are, how many are unread, and the newest who did it."""
    newest_first = (Activity.created_at.desc(), Activity.id.desc())
    counted = (
        activities.of_member(member.id)
        .where(Activity.about.in_(abouts))
        .with_only_columns(
            Activity.about,
            Activity.actor_id,
            func.row_number().over(partition_by=Activity.about, order_by=newest_first).label("place"),
            func.count().over(partition_by=Activity.about).label("in_all"),
            func.count(case((Activity.read_at.is_(None), 1))).over(partition_by=Activity.about).label("unread"),
        )
        .subquery()
    )
    shown = select(counted, User).outerjoin(User, User.id == counted.c.actor_id).where(counted.c.place <= NAMED)
    gathered: dict[str, Gathered] = {}
    for row in db.session.execute(shown.order_by(counted.c.place)):
        one = gathered.setdefault(row.about, Gathered(row.in_all, row.unread > 0, []))
        if row.User is not None:
            one.actors.append(row.User)
    return gathered


def _line(newest: Activity, gathered: Gathered) -> Line:
    return Line(
        id=newest.id,
        kind=newest.kind,
        at=newest.created_at,
        actors=gathered.actors,
        count=gathered.count,
        is_unread=gathered.is_unread,
        post=newest.post,
        run=newest.run,
        run_text=monitor.describe(newest.run)["text"] if newest.run else "",
    )
