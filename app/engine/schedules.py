"""Tasks that start by the clock: due times in UTC by croniter, one row per (task, due time) whoever looks.

What passed while nothing ran is caught up once, by the newest due time, or passed over, as the task declares. UTC has
no daylight saving, so no due time comes twice or never.
"""

import logging
from datetime import datetime, timedelta

from croniter import croniter
from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.engine import outbox, registry
from app.engine.registry import Task
from app.extensions import db
from app.models import ScheduleDue, SchedulePause

log = logging.getLogger(__name__)

ON_TIME_SECONDS = 300.0


def scheduled() -> list[tuple[Task, str]]:
    """The tasks that start by the clock, by title, each with its cron line."""
    return [(task, task.schedule) for task in registry.all_tasks() if task.schedule]


def next_after(line: str, moment: datetime) -> datetime:
    """When the cron line is due next, strictly after `moment`."""
    due: datetime = croniter(line, moment).get_next(datetime)
    return due


def newest_up_to(line: str, moment: datetime) -> datetime:
    """When the cron line was due last, `moment` itself included."""
    second_after = moment.replace(microsecond=0) + timedelta(seconds=1)  # get_prev looks strictly before
    due: datetime = croniter(line, second_after).get_prev(datetime)
    return due


def ask_for_due(moment: datetime) -> int:
    """Ask for a run of every task that came due up to `moment` and was not asked for; returns how many.

    Any number of processes may call it at once: the row's key lets one of them through. A task that the database
    hears of for the first time begins with its next due time.
    """
    dues = [(task, newest_up_to(line, moment)) for task, line in scheduled()]
    known = _known(dues)
    return sum(_try(task, due, moment) for task, due in dues if (task.name, due) not in known)


def _known(dues: list[tuple[Task, datetime]]) -> set[tuple[str, datetime]]:
    """Those that are dealt with already: one statement over the key, for this is asked with every sweep."""
    if not dues:
        return set()
    asked = or_(*(and_(ScheduleDue.task == task.name, ScheduleDue.due_at == due) for task, due in dues))
    rows = db.session.execute(select(ScheduleDue.task, ScheduleDue.due_at).where(asked)).all()
    db.session.rollback()
    return {(name, due) for name, due in rows}


def _try(task: Task, due: datetime, moment: datetime) -> bool:
    """One task in trouble does not keep the others from their time."""
    try:
        return _ask_once(task, due, moment)
    except IntegrityError:
        db.session.rollback()  # another process was first
        return False
    except SQLAlchemyError:
        raise
    except Exception:
        db.session.rollback()
        log.exception("%s: due at %s, and could not be asked for", task.name, due)
        return False


def _ask_once(task: Task, due: datetime, moment: datetime) -> bool:
    newest = db.session.scalar(select(func.max(ScheduleDue.due_at)).where(ScheduleDue.task == task.name))
    is_paused = db.session.get(SchedulePause, task.name) is not None
    db.session.rollback()
    if newest is not None and newest >= due:
        return False  # the clock went back
    is_skipped = task.missed == "skip" and moment - due > timedelta(seconds=ON_TIME_SECONDS)
    row = ScheduleDue(task=task.name, due_at=due)
    db.session.add(row)
    db.session.flush()
    if newest is not None and not is_paused and not is_skipped:
        row.run_id = outbox.request(task.name, by=None).id
    db.session.commit()
    return row.run_id is not None
