"""What starts by the clock: starting it by hand, and pausing it. When it is due is the engine's to know."""

from app import clock
from app.engine import monitor, notices, outbox
from app.errors import NotFound
from app.extensions import db
from app.models import Run, SchedulePause, User


def start(name: str, by: User) -> Run:
    """Ask for a run of the house's own now, beside the clock's; one that is active already is returned instead.

    Raises NotFound for a task without a schedule.
    """
    _check(name)
    run = outbox.request(name, by=None)
    notices.record(run, "asked", f"By hand, by {by.username}")
    db.session.flush()
    return run


def pause(name: str, by: User) -> None:
    """Pass over the task's due times until `resume`; pausing twice is pausing once. Raises NotFound."""
    _check(name)
    if db.session.get(SchedulePause, name) is None:
        db.session.merge(SchedulePause(task=name, paused_at=clock.now(), paused_by=by.username))
        db.session.flush()


def resume(name: str) -> None:
    """Go on with the task's next due time; what passed meanwhile is not caught up. Raises NotFound."""
    _check(name)
    found = db.session.get(SchedulePause, name)
    if found is not None:
        db.session.delete(found)
        db.session.flush()


def _check(name: str) -> None:
    task = monitor.find_task(name)
    if task is None or not task.schedule:
        raise NotFound("No task of that name starts by the clock.")
