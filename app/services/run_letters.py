"""A word to who waits for a long run: how it ended, and where its result is."""

from datetime import timedelta

from app import clock
from app.engine import monitor
from app.extensions import db
from app.models import Run, User, run_state
from app.services import letter_choices, letters

LONG = timedelta(minutes=2)  # who waited for so long has probably turned to something else
TOLD = (run_state.SUCCEEDED, run_state.PARTIAL, run_state.FAILED)


def write_of(run: Run) -> None:
    """Write to the owner of a run that has just ended, if it took long and they want to hear of it."""
    if run.user_id is None or run.state not in TOLD or clock.now() - run.created_at < LONG:
        return
    member = db.session.get(User, run.user_id)
    if member is None or member.is_suspended or member.email_confirmed_at is None:
        return
    if not letter_choices.of(member).tells_of_runs:
        return
    now = monitor.describe(run)
    facts = {name: now[name] for name in ("run_id", "title", "state", "text", "result_url")}
    letters.post([letters.draft("run_ended", member, f"run_ended:{run.id}:{run.claim}", **facts)])
