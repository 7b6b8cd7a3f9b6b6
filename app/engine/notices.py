"""What a watcher of a run sees: the object in the notification, written with every change of the run."""

from typing import Any

from app import clock
from app.engine import progress, words
from app.extensions import db
from app.models import Run, RunEvent, notification, run_state

NAME = "task_progress"
# A run that crashed its worker three times is an admin's to retry; one whose code is gone is nobody's.
CRASHED, TASK_GONE = "crashed_three_times", "task_gone"
# The cursor of one whose steps changed fits no more: it can only be asked for anew.
STEPS_CHANGED = "steps_changed"
# It lost its worker in the middle, by no fault of its own (progress.py tells the member).
WORKER_LOST, DEPLOY = "worker_lost", "deploy"
# It met an error, and waited: now it is to try again.
BACK_OFF_OVER = "back_off_over"
_NOT_FOR_MEMBERS = {CRASHED, TASK_GONE}


def key_of(run_id: str) -> str:
    """The notification's key."""
    return f"{NAME}:{run_id}"


def announce(row: Run) -> None:
    """Set the owner's notification to the row's state, when the transaction commits."""
    if row.user_id is not None:
        notification.collect(row.user_id, key_of(row.id), NAME, describe(row), _status(row))


def record(row: Run, kind: str, text: str) -> None:
    """Add a line to the run's time-line."""
    db.session.add(RunEvent(run_id=row.id, claim=row.claim, kind=kind, text=words.printable(text)))


def describe(row: Run) -> dict[str, Any]:
    """The run as a notification's `data` and as the answer of `POST /tasks/<name>`."""
    return {
        "run_id": row.id,
        "task": row.task,
        "title": row.title,
        "state": row.state,
        "attempt": row.attempt,
        "seen": row.seen_at is not None,
        "step": row.done,
        "total": row.total,
        "percent": shown_percent(row),
        "unit": row.unit,
        "phase": {"index": row.step_index + 1, "count": row.step_count, "name": row.step_name},
        "counts": {"ok": row.ok_count, "failed": row.failed_count, "skipped": row.skipped_count},
        "eta_seconds": row.eta_seconds if row.state == run_state.RUNNING else None,
        "message": row.message,
        "text": text_of(row),
        "can": allowed(row),
        "result_url": row.result_url,
        "error": _error(row),
        "created_at": clock.stamp(row.created_at),
        "finished_at": clock.stamp(row.finished_at) if row.finished_at else None,
    }


def shown_percent(row: Run) -> int | None:
    """The bar's integer; None while nothing is measurable or a run that started over is below its old mark."""
    if row.state == run_state.SUCCEEDED:
        return 100
    return None if row.is_restarted and row.is_active else row.percent


def text_of(row: Run) -> str:
    """The run's sentence."""
    return progress.sentence(standing_of(row))


def standing_of(row: Run) -> progress.Standing:
    """What the sentence is made of."""
    return progress.Standing(
        state=row.state,
        unit=row.unit,
        done=row.done,
        total=row.total,
        failed=row.failed_count,
        skipped=row.skipped_count,
        step_index=row.step_index,
        step_count=row.step_count,
        step_name=row.step_name,
        eta_seconds=row.eta_seconds,
        percent=row.percent,
        reason=row.reason,
        error=_error(row),
        result=row.result_text,
        is_restarted=row.is_restarted,
        attempt=row.attempt,
    )


def allowed(row: Run) -> list[str]:
    """What its owner may do with the run now."""
    if row.state in (run_state.QUEUED, run_state.RUNNING, run_state.RETRYING):
        return ["cancel"]
    if row.state == run_state.CANCELLING:
        return []
    actions = ["retry"] if row.state != run_state.SUCCEEDED and row.reason not in _NOT_FOR_MEMBERS else []
    return actions if row.seen_at else [*actions, "seen"]


def _error(row: Run) -> str | None:
    if not row.error:
        return None
    return f"{row.error} (reference {row.error_reference})" if row.error_reference else row.error


def _status(row: Run) -> str:
    if row.is_active:
        return notification.ACTIVE
    return notification.SEEN if row.seen_at else notification.OUTCOME
