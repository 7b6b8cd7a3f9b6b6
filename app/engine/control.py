"""What people may do to a run: cancel it, retry it, acknowledge its outcome. The caller commits."""

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app import clock
from app.engine import moves, notices, outbox, registry, steps
from app.errors import Conflict, NotAllowed
from app.extensions import db
from app.models import Run, User, run_state


def cancel(run: Run, by: User) -> Run:
    """Stop the run: at once if nobody has it, else at its next batch. Cancelling twice is cancelling once.

    Raises Conflict if it is over.
    """
    for _ in range(3):
        if run.state in (run_state.CANCELLING, run_state.CANCELLED):
            return run
        if run.state in run_state.FINISHED:
            raise Conflict("It is already over.")
        target = run_state.CANCELLING if run.state == run_state.RUNNING else run_state.CANCELLED
        if moves.move(run, target, why=f"Cancel, asked by {by.username}", cancel_asked_at=clock.now()):
            return run
        db.session.refresh(run)
    raise Conflict("It changed in this very moment; look again.")


def retry(run: Run, by: User) -> Run:
    """Go on with a failed run at its cursor; or a new run: of a partial one's failed items, of a cancelled one anew.

    One that failed because its steps changed is asked for anew too. Raises Conflict while it is active, after a
    success, while another run holds its unique key, or where the failed items' steps changed; NotAllowed after three
    crashes unless `by` is an admin.
    """
    task = registry.find(run.task)
    if task is not None and not task.is_open_to(by):
        raise NotAllowed("You may not start this task any more.")
    if run.state in (run_state.PARTIAL, run_state.CANCELLED) or run.reason == notices.STEPS_CHANGED:
        return _ask_again(run, by)
    if run.state != run_state.FAILED:
        raise Conflict("Only what failed, partly failed or was cancelled can be run again.")
    if run.reason == notices.CRASHED and not by.is_admin:
        raise NotAllowed("It crashed its worker three times: ask an admin to retry it.")
    if run.reason == notices.TASK_GONE:
        raise Conflict("The code of this task no longer exists.")
    holder = db.session.scalar(select(Run.id).where(Run.active_key == run.unique_key)) if run.unique_key else None
    if holder is not None:
        raise Conflict("The same task is active already; let it end first.")
    try:
        with db.session.begin_nested():
            moved = moves.move(
                run,
                run_state.QUEUED,
                why=f"Retry, asked by {by.username}",
                attempt=run.attempt + 1,
                strikes=0,
                sent_at=clock.now(),
            )
    except IntegrityError as error:
        raise Conflict("The same task is active already; let it end first.") from error
    if not moved:
        db.session.refresh(run)
        raise Conflict("It changed in this very moment; look again.")
    outbox.send_after_commit(run.id)
    return run


def acknowledge(run: Run) -> Run:
    """The member has seen how it ended. Idempotent. Raises Conflict while it is active."""
    if run.state not in run_state.FINISHED:
        raise Conflict("It is not over yet.")
    if run.seen_at is None:
        seen = (
            update(Run)
            .where(Run.id == run.id, Run.seen_at.is_(None), Run.state == run.state)
            .values(seen_at=clock.now())
            .returning(Run.seen_at)
        )
        if db.session.execute(seen.execution_options(synchronize_session=False)).first() is not None:
            db.session.refresh(run)
            notices.announce(run)
    return run


def _ask_again(run: Run, by: User) -> Run:
    owner = db.session.get(User, run.user_id) if run.user_id else None
    if owner is not None:
        outbox.lock_member(db.session.connection(), owner.id)
    known: Run | None = db.session.scalar(select(Run).where(Run.retry_of == run.id).order_by(Run.id.desc()).limit(1))
    if run.state == run_state.PARTIAL and known is not None:
        return known
    task = registry.find(run.task)
    if run.state == run_state.PARTIAL and task is not None and not steps.fit(run, task):
        raise Conflict("The steps of this task changed in a new version: start it anew.")
    again = outbox.request(
        run.task, by=owner, args=run.args, retry_of=run.id if run.state == run_state.PARTIAL else None
    )
    acknowledge(run)
    return again
