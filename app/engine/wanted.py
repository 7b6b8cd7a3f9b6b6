"""Tasks that the database itself asks for: `wanted` says that there is something to do, a sweep asks for the run.

So nothing waits for ever that was written just when the last run of its task came to an end.
"""

from app.engine import outbox, registry
from app.engine.registry import Task
from app.extensions import db


def ask() -> int:
    """Ask for a run of every task that is wanted and has none; returns how many. Any number of sweeps do no harm."""
    return sum(_ask_once(task) for task in registry.all_tasks() if task.wanted is not None)


def _ask_once(task: Task) -> bool:
    is_wanted = task.wanted is not None and task.wanted()
    is_new = is_wanted and outbox.is_new(outbox.request(task.name, by=None))
    if is_new:
        db.session.commit()
    else:
        db.session.rollback()
    return is_new
