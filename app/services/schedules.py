"""What starts by the clock, for those who run the site: starting it by hand. When it is due is the engine's to know."""

from app.engine import monitor, notices, outbox
from app.errors import NotFound
from app.extensions import db
from app.models import Run, User


def start(name: str, by: User) -> Run:
    """Ask for a run of the house's own now, beside the clock's; one that is active already is returned instead.

    Raises NotFound for a task without a schedule.
    """
    task = monitor.find_task(name)
    if task is None or not task.schedule:
        raise NotFound("No task of that name starts by the clock.")
    run = outbox.request(name, by=None)
    notices.record(run, "asked", f"By hand, by {by.username}")
    db.session.flush()
    return run
