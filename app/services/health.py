"""Whether this process can serve and how the queues stand, for programs that watch. `doctor` tells people more."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.adapters import redis
from app.engine import monitor
from app.extensions import db
from app.models import Letter, Run, ScheduleDue, run_state
from app.models.letter import DEAD, IS_DEAD, IS_WAITING, WAITING
from app.services import schema

CANARY = "canary"
NO_DATABASE = "The database does not answer."


@dataclass(frozen=True)
class Canary:
    """The last canary that came back: how long ago, and how long after it was due."""

    age_seconds: float
    delay_seconds: float


@dataclass(frozen=True)
class QueueState:
    """Both queues as rows of plain values, whether Redis answers, and the last canary (None: none ever came back)."""

    is_redis_up: bool
    rows: list[dict[str, Any]]
    canary: Canary | None


def reasons_not_ready() -> list[str]:
    """Why no request should come here now, a sentence each; empty when all is well.

    Redis is not among them: without it pages work and runs wait.
    """
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            missing = schema.missing_migrations(connection)
    except SQLAlchemyError:
        return [NO_DATABASE]
    return [f"The database lacks {len(missing)} migrations: flask prepare."] if missing else []


def queues(redis_url: str) -> QueueState:
    """Each queue with what waits, what runs, who works and the longest wait in seconds (None: nothing waits)."""
    return QueueState(redis.answers(redis_url), [asdict(report) for report in monitor.queues()], canary(clock.now()))


def canary(moment: datetime) -> Canary | None:
    """The last canary that came back up to `moment`; None before the first did."""
    is_back = (Run.user_id.is_(None), Run.task == CANARY, Run.state == run_state.SUCCEEDED)
    query = select(Run.id, Run.created_at, Run.finished_at).where(*is_back).order_by(Run.created_at.desc()).limit(1)
    run = db.session.execute(query).first()
    if run is None:
        return None
    is_its_time = (ScheduleDue.task == CANARY, ScheduleDue.run_id == run.id, ScheduleDue.due_at <= run.created_at)
    due_at = db.session.scalar(select(func.max(ScheduleDue.due_at)).where(*is_its_time)) or run.created_at
    return Canary(
        age_seconds=(moment - run.finished_at).total_seconds(),
        delay_seconds=(run.finished_at - due_at).total_seconds(),
    )


def metrics(redis_url: str) -> str:
    """The queues, the runs, the letters and the canary in Prometheus' text format."""
    state = queues(redis_url)
    by_state = db.session.execute(select(Run.state, func.count()).group_by(Run.state)).all()
    lines = [
        *_family("microblog_redis_up", "1 if Redis answers.", [({}, float(state.is_redis_up))]),
        *_family("microblog_runs", "Runs kept, by state.", [({"state": name}, count) for name, count in by_state]),
    ]
    for field, explanation in (
        ("queued", "Runs that wait, by queue."),
        ("running", "Runs in a worker's hands, by queue."),
        ("workers", "Live workers that listen, by queue."),
        ("oldest_seconds", "The longest wait of a run, by queue."),
    ):
        values = [({"queue": row["name"]}, row[field] or 0) for row in state.rows]
        lines += _family(f"microblog_queue_{field}", explanation, values)
    counted = [
        ({"state": name}, float(db.session.scalar(select(func.count(Letter.id)).where(condition)) or 0))
        for name, condition in ((WAITING, IS_WAITING), (DEAD, IS_DEAD))
    ]
    lines += _family("microblog_letters", "Letters that wait, and those that were given up.", counted)
    written_at = db.session.scalar(select(func.min(Letter.created_at)).where(IS_WAITING))
    age = (clock.now() - written_at).total_seconds() if written_at is not None else 0.0
    lines += _family("microblog_letters_oldest_seconds", "Since the oldest letter that waits was written.", [({}, age)])
    if state.canary is not None:
        for name, explanation in (
            ("age_seconds", "Since the last canary came back: the whole way of a task, once a minute."),
            ("delay_seconds", "How long after its due time the last canary came back."),
        ):
            lines += _family(f"microblog_canary_{name}", explanation, [({}, getattr(state.canary, name))])
    return "\n".join(lines) + "\n"


def _family(name: str, explanation: str, values: Iterable[tuple[dict[str, str], float]]) -> list[str]:
    rows = []
    for labels, value in values:
        written = ",".join(f'{label}="{of}"' for label, of in labels.items())
        rows.append(f"{name}{{{written}}} {value:g}" if written else f"{name} {value:g}")
    return [f"# HELP {name} {explanation}", f"# TYPE {name} gauge", *rows]
