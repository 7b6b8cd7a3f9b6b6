"""A worker's process loads this by TASK_MODULES and dies, `os._exit`, at every commit and every send it comes to.

Each process dies at the first point nobody died at before; the points are kept in the file CRASH_FILE.
"""

import os
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.engine import housekeeping, queues

_PARENT = os.getpid()
_file = Path(os.environ["CRASH_FILE"])
_kinds = os.environ["CRASH_AT"].split(",")
_counts: dict[str, int] = {}


def die_at(kind: str) -> None:
    """Die here unless a process already did at this kind's number."""
    if os.getpid() == _PARENT or kind not in _kinds:
        return
    _counts[kind] = _counts.get(kind, 0) + 1
    point = f"{kind} {_counts[kind]}"
    if point not in _file.read_text().splitlines():
        with _file.open("a") as file:
            file.write(point + "\n")
        os._exit(9)


@event.listens_for(Session, "before_commit")
def _before(session: Session) -> None:
    if not session.in_nested_transaction():
        die_at("before commit")


@event.listens_for(Session, "after_commit")
def _after(session: Session) -> None:
    if not session.in_nested_transaction():
        die_at("after commit")


# Dying so often before the first batch would be three strikes; here that is meant.
housekeeping.MAX_STRIKES = 1000

_send = queues.send


def _dying_send(*arguments: object, **options: object) -> None:
    die_at("before send")
    _send(*arguments, **options)  # type: ignore[arg-type]  # passed through as it came
    die_at("after send")


queues.send = _dying_send
