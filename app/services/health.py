"""Whether this process can serve and how the queues stand, for programs that watch. `doctor` tells people more."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.adapters import redis
from app.engine import monitor
from app.extensions import db
from app.models import Run
from app.services import schema

NO_DATABASE = "The database does not answer."


@dataclass(frozen=True)
class QueueState:
    """Both queues as rows of plain values, and whether Redis answers."""

    is_redis_up: bool
    rows: list[dict[str, Any]]


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
    return QueueState(redis.answers(redis_url), [asdict(report) for report in monitor.queues()])


def metrics(redis_url: str) -> str:
    """The queues and the runs in Prometheus' text format."""
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
    return "\n".join(lines) + "\n"


def _family(name: str, explanation: str, values: Iterable[tuple[dict[str, str], float]]) -> list[str]:
    rows = []
    for labels, value in values:
        written = ",".join(f'{label}="{of}"' for label, of in labels.items())
        rows.append(f"{name}{{{written}}} {value:g}" if written else f"{name} {value:g}")
    return [f"# HELP {name} {explanation}", f"# TYPE {name} gauge", *rows]
