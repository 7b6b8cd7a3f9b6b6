"""Tasks that start by the clock: due times in UTC by croniter, one row per (task, due time) whoever looks.

Times missed while nothing ran are caught up once, by the newest of them.
"""

from datetime import datetime, timedelta

from croniter import croniter
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.engine import outbox, registry
from app.engine.registry import Task
from app.extensions import db
from app.models import ScheduleDue


def next_after(task: Task, moment: datetime) -> datetime | None:
    """When the task is due next, strictly after `moment`; None without a schedule."""
    if not task.schedule:
        return None
    due: datetime = croniter(task.schedule, moment).get_next(datetime)
    return due


def ask_for_due(moment: datetime) -> int:
    """Ask for a run of every task that came due up to `moment` and was not asked for; returns how many.

    Any number of processes may call it at once: the row's key lets one of them through.
    """
    return sum(_ask_once(task, task.schedule, moment) for task in registry.all_tasks() if task.schedule)


def _ask_once(task: Task, schedule: str, moment: datetime) -> bool:
    second_after = moment.replace(microsecond=0) + timedelta(seconds=1)  # get_prev looks strictly before
    due: datetime = croniter(schedule, second_after).get_prev(datetime)
    newest = db.session.scalar(select(func.max(ScheduleDue.due_at)).where(ScheduleDue.task == task.name))
    db.session.rollback()
    if newest is not None and newest >= due:
        return False
    row = ScheduleDue(task=task.name, due_at=due)
    try:
        db.session.add(row)
        db.session.flush()
        if newest is not None:
            row.run_id = outbox.request(task.name, by=None).id
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return False
    return newest is not None
