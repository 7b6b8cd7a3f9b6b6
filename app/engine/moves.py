"""Every change of a run's state: a compare-and-set on (id, claim, state), a line in the time-line, a notification."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from app import clock
from app.engine import endings, notices, registry
from app.extensions import db
from app.models import Run, run_state
from app.models.run import new_number

KEEP_DAYS_OF_UNKNOWN_TASK = 30


def move(row: Run, target: str, *, why: str, reason: str | None = None, **changes: Any) -> bool:
    """Bring the run into `target`, within the caller's transaction; False if another was first.

    `row` is what the caller believes (its id, claim and state are compared); on success it shows the new values.
    `why` is the time-line's sentence, `reason` the machine's word.
    """
    if row.state not in run_state.sources(target):
        return False
    values: dict[str, Any] = {"state": target, "reason": reason, **_consequences(row, target), **changes}
    done = db.session.execute(
        update(Run)
        .where(Run.id == row.id, Run.claim == row.claim, Run.state == row.state)
        .values(values)
        .returning(Run.id)
        .execution_options(synchronize_session=False)
    ).first()
    if done is None:
        return False
    if row in db.session:
        db.session.refresh(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    notices.record(row, target, why)
    notices.announce(row)
    if target in run_state.FINISHED:
        endings.tell(row)
    return True


def _consequences(row: Run, target: str) -> dict[str, Any]:
    """What a state brings with it, whoever moves the run there."""
    if target == run_state.QUEUED:
        return {"sent_at": None, "sent_to": None, "due_at": None, "lease_until": None, "worker": None} | _revived(row)
    if target == run_state.RETRYING:
        return {"lease_until": None, "worker": None, "eta_seconds": None}
    if target not in run_state.FINISHED:
        return {}
    found = registry.find(row.task)
    keep_days = found.keep_days if found else KEEP_DAYS_OF_UNKNOWN_TASK
    now = clock.now()
    return {
        "finished_at": now,
        "expires_at": now + timedelta(days=keep_days),
        "active_key": None,
        "lease_until": None,
        "worker": None,
        "eta_seconds": None,
        "percent": 100 if target == run_state.SUCCEEDED else row.percent,
    }


def _revived(row: Run) -> dict[str, Any]:
    """A failed run that is retried is active again, unseen, and the last in the line."""
    if row.state != run_state.FAILED:
        return {}
    return {
        "active_key": row.unique_key,
        "finished_at": None,
        "expires_at": None,
        "seen_at": None,
        "cancel_asked_at": None,
        "error": None,
        "error_reference": None,
        "error_trace": None,
        "created_at": row.created_at,
        "line": new_number(),
    }
