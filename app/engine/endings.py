"""Who wants to hear that a run has ended. They hear of it inside the transaction that ends it, and cannot keep it from
ending."""

import logging
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.models import Run

log = logging.getLogger(__name__)

Listener = Callable[[Run], object]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Have the function called with each run that ends; twice is once."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(row: Run) -> None:
    """The run has ended. What a listener writes is part of the end; if it breaks, the run ends all the same.

    Raises DBAPIError where the connection broke: then nothing of this end can be written.
    """
    for listener in _listeners:
        try:
            with db.session.begin_nested():
                listener(row)
        except Exception as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            log.exception("run %s: who was told of its end stumbled", row.id)
