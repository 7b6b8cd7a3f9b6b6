"""A web server's process loads this by TASK_MODULES and dies, `os._exit`, when it is asked for a run.

DIE_BEFORE says when: `commit` is before the row is kept, `send` between the commit and the job.
"""

import os

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.engine import outbox, queues


def _die(*_arguments: object, **_options: object) -> None:
    os._exit(9)


@event.listens_for(Session, "before_commit")
def _die_with_what_was_asked_for(session: Session) -> None:
    if os.environ["DIE_BEFORE"] == "commit" and outbox._ASKED in session.info and not session.in_nested_transaction():
        _die()


if os.environ["DIE_BEFORE"] == "send":
    queues.send = _die
