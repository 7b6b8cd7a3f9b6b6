"""Tasks that start by the clock: due times in UTC by croniter, one row per (task, due time) whoever looks."""

from datetime import datetime

from croniter import croniter

from app.engine.registry import Task


def next_after(task: Task, moment: datetime) -> datetime | None:
    """When the task is due next, strictly after `moment`; None without a schedule."""
    if not task.schedule:
        return None
    due: datetime = croniter(task.schedule, moment).get_next(datetime)
    return due
